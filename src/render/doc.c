// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "render/doc.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

static char *copy(struct iou_doc *root, const char *text)
{
	char *copied = text ? strdup(text) : NULL;

	if (text && !copied)
		root->failed = true;
	return copied;
}

/* Names are escaped here, for all who print them. */
static char *copy_name(struct iou_doc *root, const char *name)
{
	size_t size = name ? 4 * strlen(name) + 1 : 0;
	char *copied = name ? malloc(size) : NULL;

	if (name && !copied)
		root->failed = true;
	return copied ? iou_text_escape(copied, size, name) : NULL;
}

static struct iou_doc *add(struct iou_doc *in, enum iou_doc_type type, const char *key,
			   const char *label)
{
	struct iou_doc *doc;

	if (!in)
		return NULL;
	doc = calloc(1, sizeof(*doc));
	if (!doc) {
		in->root->failed = true;
		return NULL;
	}
	doc->type = type;
	doc->root = in->root;
	doc->key = copy_name(in->root, key);
	doc->label = copy_name(in->root, label);
	if (in->last)
		in->last->next = doc;
	else
		in->first = doc;
	in->last = doc;
	return doc;
}

struct iou_doc *iou_doc_new(const char *schema)
{
	struct iou_doc *doc = calloc(1, sizeof(*doc));

	if (!doc)
		return NULL;
	doc->root = doc;
	doc->type = IOU_DOC_OBJECT;
	iou_doc_string(doc, "schema", NULL, schema);
	return doc;
}

void iou_doc_free(struct iou_doc *doc)
{
	while (doc) {
		struct iou_doc *next = doc->next;

		iou_doc_free(doc->first);
		free(doc->key);
		free(doc->label);
		free(doc->text);
		if (doc->type == IOU_DOC_STRING)
			free(doc->value.string);
		free(doc);
		doc = next;
	}
}

struct iou_doc *iou_doc_object(struct iou_doc *in, const char *key)
{
	return add(in, IOU_DOC_OBJECT, key, NULL);
}

struct iou_doc *iou_doc_array(struct iou_doc *in, const char *key)
{
	return add(in, IOU_DOC_ARRAY, key, NULL);
}

struct iou_doc *iou_doc_table(struct iou_doc *in, const char *key)
{
	struct iou_doc *doc = iou_doc_array(in, key);

	if (doc)
		doc->table = true;
	return doc;
}

struct iou_doc *iou_doc_table_apart(struct iou_doc *in, const char *key)
{
	struct iou_doc *doc = iou_doc_table(in, key);

	if (doc)
		doc->apart = true;
	return doc;
}

struct iou_doc *iou_doc_null(struct iou_doc *in, const char *key, const char *label)
{
	return add(in, IOU_DOC_NULL, key, label);
}

struct iou_doc *iou_doc_bool(struct iou_doc *in, const char *key, const char *label, bool value)
{
	struct iou_doc *doc = add(in, IOU_DOC_BOOL, key, label);

	if (doc)
		doc->value.boolean = value;
	return doc;
}

struct iou_doc *iou_doc_u64(struct iou_doc *in, const char *key, const char *label, uint64_t value)
{
	struct iou_doc *doc = add(in, IOU_DOC_U64, key, label);

	if (doc)
		doc->value.u = value;
	return doc;
}

struct iou_doc *iou_doc_s64(struct iou_doc *in, const char *key, const char *label, int64_t value)
{
	struct iou_doc *doc = add(in, IOU_DOC_S64, key, label);

	if (doc)
		doc->value.s = value;
	return doc;
}

struct iou_doc *iou_doc_double(struct iou_doc *in, const char *key, const char *label, double value)
{
	struct iou_doc *doc = add(in, IOU_DOC_DOUBLE, key, label);

	if (doc)
		doc->value.d = value;
	return doc;
}

struct iou_doc *iou_doc_string(struct iou_doc *in, const char *key, const char *label,
			       const char *value)
{
	struct iou_doc *doc = add(in, value ? IOU_DOC_STRING : IOU_DOC_NULL, key, label);

	if (doc && value)
		doc->value.string = copy(in->root, value);
	return doc;
}

void iou_doc_label(struct iou_doc *field, const char *label)
{
	if (!field)
		return;
	free(field->label);
	field->label = copy_name(field->root, label);
}

void iou_doc_text(struct iou_doc *field, const char *fmt, ...)
{
	va_list ap;
	char *text;
	int ret;

	if (!field)
		return;
	va_start(ap, fmt);
	ret = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (ret < 0) {
		field->root->failed = true;
		return;
	}
	free(field->text);
	field->text = text;
}
