// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "object/excerpt.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "object/choice.h"

/* ---- What is made: bytes that grow ---- */

struct buffer {
	char *bytes;
	size_t size, room;
};

/* Room for @size bytes more, which are the caller's to fill, or NULL. */
static void *more(struct buffer *buffer, size_t size)
{
	if (size > buffer->room - buffer->size) {
		size_t room = buffer->room * 2 + size + 4096;
		char *bytes = realloc(buffer->bytes, room);

		if (!bytes)
			return NULL;
		buffer->bytes = bytes;
		buffer->room = room;
	}
	buffer->size += size;
	return buffer->bytes + buffer->size - size;
}

/* Put the name at *@offset with the others, and its place there in *@offset. */
static int copy_name(struct buffer *strings, const struct iou_rawbtf *btf, uint32_t *offset)
{
	const char *text = iou_rawbtf_string(btf, *offset);
	size_t size = text ? strlen(text) + 1 : 0;
	char *copy;

	if (!size)
		return -EINVAL;
	*offset = 0;
	if (size == 1)
		return 0;
	copy = more(strings, size);
	if (!copy)
		return -ENOMEM;
	memcpy(copy, text, size);
	*offset = (uint32_t)(strings->size - size);
	return 0;
}

/* ---- One type ---- */

/* The excerpt's number for the kernel's *@id. */
static void renumber(const struct iou_excerpt *excerpt, uint32_t *id)
{
	uint32_t low = 0, high = excerpt->nr;

	if (!*id)
		return;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (excerpt->ids[middle] < *id)
			low = middle + 1;
		else
			high = middle;
	}
	*id = low + 1;
}

/* What a struct, a union or a function has: a name and a type each, in steps of @step bytes. */
static int copy_parts(const struct iou_excerpt *excerpt, const struct iou_rawbtf *btf,
		      struct buffer *strings, struct btf_type *type, size_t step, size_t id_at)
{
	char *part = (char *)(type + 1);
	int ret = 0;

	for (uint32_t nr = IOU_RAWBTF_VLEN(type); nr && !ret; nr--, part += step) {
		ret = copy_name(strings, btf, (uint32_t *)(void *)part);
		if (id_at)
			renumber(excerpt, (uint32_t *)(void *)(part + id_at));
	}
	return ret;
}

/* @type is a copy: give it the excerpt's names and numbers. */
static int adapt(const struct iou_excerpt *excerpt, const struct iou_rawbtf *btf,
		 struct buffer *strings, struct btf_type *type)
{
	struct btf_array *array = (void *)(type + 1);
	int ret = copy_name(strings, btf, &type->name_off);

	if (ret)
		return ret;
	switch (IOU_RAWBTF_KIND(type)) {
	case BTF_KIND_ENUM:
		return copy_parts(excerpt, btf, strings, type, sizeof(struct btf_enum), 0);
	case BTF_KIND_ENUM64:
		return copy_parts(excerpt, btf, strings, type, sizeof(struct btf_enum64), 0);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return copy_parts(excerpt, btf, strings, type, sizeof(struct btf_member),
				  offsetof(struct btf_member, type));
	case BTF_KIND_FUNC_PROTO:
		renumber(excerpt, &type->type);
		return copy_parts(excerpt, btf, strings, type, sizeof(struct btf_param),
				  offsetof(struct btf_param, type));
	case BTF_KIND_ARRAY:
		renumber(excerpt, &array->type);
		renumber(excerpt, &array->index_type);
		return 0;
	case BTF_KIND_INT:
	case BTF_KIND_FLOAT:
	case BTF_KIND_FWD:
		return 0;
	default:
		renumber(excerpt, &type->type);
		return 0;
	}
}

/* ---- All ---- */

static int copy_types(const struct iou_excerpt *excerpt, const struct iou_choice *choice,
		      struct buffer *types, struct buffer *strings)
{
	int ret = 0;

	for (uint32_t i = 0; i < excerpt->nr && !ret; i++) {
		uint32_t id = excerpt->ids[i];
		bool head = iou_choice_is_head(choice, id);
		uint32_t at = choice->at[id - 1];
		uint32_t size = head ? (uint32_t)sizeof(struct btf_type)
				     : iou_rawbtf_type_size(&choice->btf, at);
		struct btf_type *type = more(types, size);

		if (!type)
			return -ENOMEM;
		memcpy(type, iou_rawbtf_type(&choice->btf, at), size);
		/* It has no parts then. */
		if (head)
			type->info &= 0x7f000000;
		ret = adapt(excerpt, &choice->btf, strings, type);
	}
	return ret;
}

static int join(struct iou_excerpt *excerpt, struct buffer *types, struct buffer *strings)
{
	struct btf_header header = {
		.magic = BTF_MAGIC,
		.version = BTF_VERSION,
		.hdr_len = sizeof(header),
		.type_len = (uint32_t)types->size,
		.str_off = (uint32_t)types->size,
		.str_len = (uint32_t)strings->size,
	};

	excerpt->size = sizeof(header) + types->size + strings->size;
	excerpt->btf = malloc(excerpt->size);
	if (!excerpt->btf)
		return -ENOMEM;
	memcpy(excerpt->btf, &header, sizeof(header));
	if (types->size)
		memcpy((char *)excerpt->btf + sizeof(header), types->bytes, types->size);
	memcpy((char *)excerpt->btf + sizeof(header) + types->size, strings->bytes, strings->size);
	return 0;
}

int iou_excerpt_make(struct iou_excerpt *excerpt, struct iou_needs *needs, const void *data,
		     size_t size)
{
	struct buffer types = {}, strings = {};
	struct iou_excerpt made = {};
	struct iou_choice choice = {};
	char *first;
	int ret = iou_rawbtf_init(&choice.btf, data, size);

	if (!ret)
		ret = iou_choice_make(&choice, needs);
	if (!ret) {
		made.ids = TAKE_PTR(choice.ids);
		made.nr = choice.ids_nr;
		first = more(&strings, 1);
		ret = first ? 0 : -ENOMEM;
	}
	if (!ret) {
		*first = '\0';
		ret = copy_types(&made, &choice, &types, &strings);
	}
	if (!ret)
		ret = join(&made, &types, &strings);
	free(types.bytes);
	free(strings.bytes);
	iou_choice_release(&choice);
	if (ret)
		iou_excerpt_release(&made);
	else
		*excerpt = made;
	return ret;
}

void iou_excerpt_release(struct iou_excerpt *excerpt)
{
	free(excerpt->btf);
	free(excerpt->ids);
	*excerpt = (struct iou_excerpt){};
}

uint32_t iou_excerpt_kernel_id(const struct iou_excerpt *excerpt, uint32_t id)
{
	return id && id <= excerpt->nr ? excerpt->ids[id - 1] : id;
}
