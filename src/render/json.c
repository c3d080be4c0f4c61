// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "render/render.h"

static struct json_object *convert(const struct iou_doc *doc);

/*
 * A string that is not valid UTF-8 would make the whole document invalid. Lines stay lines, though:
 * JSON has a way of its own to write where they end.
 */
static struct json_object *convert_string(const char *text)
{
	size_t size = 4 * strlen(text) + 1, at = 0;
	IOU_FREE char *escaped = calloc(1, size), *copy = strdup(text);
	char *piece = copy;

	if (!escaped || !copy)
		return NULL;
	for (;;) {
		size_t length = strcspn(piece, "\n\t");
		char end = piece[length];

		piece[length] = '\0';
		iou_text_escape(escaped + at, size - at, piece);
		at += strlen(escaped + at);
		if (!end)
			return json_object_new_string(escaped);
		escaped[at++] = end;
		piece += length + 1;
	}
}

/* Put @value (taken, even on failure) into @in. */
static int put(struct json_object *in, const char *key, struct json_object *value)
{
	int ret = json_object_is_type(in, json_type_array) ? json_object_array_add(in, value)
							   : json_object_object_add(in, key, value);

	if (ret)
		json_object_put(value);
	return ret ? -ENOMEM : 0;
}

static struct json_object *convert_container(const struct iou_doc *doc)
{
	bool array = doc->type == IOU_DOC_ARRAY;
	struct json_object *json = array ? json_object_new_array() : json_object_new_object();

	if (!json)
		return NULL;
	for (const struct iou_doc *field = doc->first; field; field = field->next) {
		struct json_object *value;

		if (!array && !field->key)
			continue;
		value = convert(field);
		if ((!value && field->type != IOU_DOC_NULL) || put(json, field->key, value)) {
			json_object_put(json);
			return NULL;
		}
	}
	return json;
}

static struct json_object *convert_double(double value)
{
	char text[32];

	snprintf(text, sizeof(text), "%.6g", value);
	return json_object_new_double_s(value, text);
}

static struct json_object *convert(const struct iou_doc *doc)
{
	switch (doc->type) {
	case IOU_DOC_BOOL:
		return json_object_new_boolean(doc->value.boolean);
	case IOU_DOC_U64:
		return json_object_new_uint64(doc->value.u);
	case IOU_DOC_DOUBLE:
		return convert_double(doc->value.d);
	case IOU_DOC_S64:
		return json_object_new_int64(doc->value.s);
	case IOU_DOC_STRING:
		return convert_string(doc->value.string);
	case IOU_DOC_NULL:
		return NULL;
	default:
		return convert_container(doc);
	}
}

int iou_render_json(FILE *out, const struct iou_doc *doc, bool pretty)
{
	int flags = JSON_C_TO_STRING_NOSLASHESCAPE;
	struct json_object *json = convert(doc);
	const char *text;
	int ret;

	if (!json)
		return -ENOMEM;
	if (pretty)
		flags |= JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED;
	text = json_object_to_json_string_ext(json, flags);
	if (!text)
		ret = -ENOMEM;
	else
		ret = fprintf(out, "%s\n", text) < 0 ? -errno : 0;
	json_object_put(json);
	return ret;
}
