// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "object/choice.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

enum depth {
	ABSENT,
	SHALLOW, /* behind a pointer */
	FULL,
};

/* ---- What types are made of ---- */

/* Each is put on the list of ids twice at most: first as shallow, then in full. */
static int want(struct iou_choice *choice, uint32_t id, enum depth depth)
{
	if (id == 0)
		return 0;
	if (id > choice->nr)
		return -EINVAL;
	if (choice->depth[id - 1] >= depth)
		return 0;
	if (choice->ids_nr == choice->ids_room) {
		uint32_t room = choice->ids_room * 2 + 256;
		uint32_t *ids = realloc(choice->ids, room * sizeof(*ids));

		if (!ids)
			return -ENOMEM;
		choice->ids = ids;
		choice->ids_room = room;
	}
	choice->depth[id - 1] = (uint8_t)depth;
	choice->ids[choice->ids_nr++] = id;
	return 0;
}

static int want_members(struct iou_choice *choice, const struct btf_type *type, enum depth depth)
{
	const struct btf_member *member = (const void *)(type + 1);
	uint32_t nr = depth == FULL ? IOU_RAWBTF_VLEN(type) : 0;
	int ret = 0;

	for (; nr && !ret; nr--)
		ret = want(choice, member++->type, FULL);
	return ret;
}

/* libbpf asks no more of them than of what kind they are. */
static int want_params(struct iou_choice *choice, const struct btf_type *type)
{
	const struct btf_param *param = (const void *)(type + 1);
	int ret = want(choice, type->type, SHALLOW);

	for (uint32_t nr = IOU_RAWBTF_VLEN(type); nr && !ret; nr--)
		ret = want(choice, param++->type, SHALLOW);
	return ret;
}

static int want_parts(struct iou_choice *choice, uint32_t id)
{
	const struct btf_type *type = iou_rawbtf_type(&choice->btf, choice->at[id - 1]);
	const struct btf_array *array = (const void *)(type + 1);
	enum depth depth = choice->depth[id - 1];

	/* Bits that older libraries know nothing of: they would read it as something else. */
	if (type->info & 0x60ff0000)
		return -ENOTSUP;
	switch (IOU_RAWBTF_KIND(type)) {
	case BTF_KIND_INT:
	case BTF_KIND_FLOAT:
	case BTF_KIND_FWD:
	case BTF_KIND_ENUM:
	case BTF_KIND_ENUM64:
		return 0;
	case BTF_KIND_PTR:
		return want(choice, type->type, SHALLOW);
	case BTF_KIND_TYPEDEF:
	case BTF_KIND_VOLATILE:
	case BTF_KIND_CONST:
	case BTF_KIND_RESTRICT:
	case BTF_KIND_TYPE_TAG:
	case BTF_KIND_FUNC:
	case BTF_KIND_VAR:
		return want(choice, type->type, depth);
	case BTF_KIND_ARRAY:
		return want(choice, array->type, depth) ?: want(choice, array->index_type, SHALLOW);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return want_members(choice, type, depth);
	case BTF_KIND_FUNC_PROTO:
		return want_params(choice, type);
	default:
		return -ENOTSUP;
	}
}

/* ---- What is looked for by its name ---- */

/* Most types are told apart from those by the first bytes of their names, up to 8. */
#define FILTER_BITS 12

struct filter {
	uint64_t mask;
	uint8_t bits[1 << FILTER_BITS];
};

static uint32_t filter_bit(uint64_t bytes)
{
	return (uint32_t)(bytes * 0x9e3779b97f4a7c15 >> (64 - FILTER_BITS));
}

static void make_filter(struct filter *filter, const struct iou_needs *needs)
{
	size_t shortest = sizeof(filter->mask);

	for (size_t i = 0; i < needs->nr; i++)
		if (needs->list[i].length < shortest)
			shortest = needs->list[i].length;
	memset(&filter->mask, 0xff, shortest);
	for (size_t i = 0; i < needs->nr; i++) {
		uint64_t bytes = 0;

		memcpy(&bytes, needs->list[i].name, shortest);
		filter->bits[filter_bit(bytes)] = 1;
	}
}

/* At the end of the strings there are fewer bytes than are looked at. */
static inline bool passes(const struct filter *filter, const struct iou_rawbtf *btf, uint32_t name)
{
	uint64_t bytes;

	if (!name)
		return false;
	if ((uint64_t)name + sizeof(bytes) > btf->strings_size)
		return true;
	memcpy(&bytes, btf->strings + name, sizeof(bytes));
	return filter->bits[filter_bit(bytes & filter->mask)];
}

static bool is_called(const struct iou_need *need, const char *name)
{
	if (strncmp(name, need->name, need->length) != 0)
		return false;
	name += need->length;
	return !*name || (need->flavours && strncmp(name, "___", 3) == 0);
}

static bool is_of_kind(const struct iou_need *need, uint32_t kind)
{
	return need->kind == kind || (need->kind == BTF_KIND_ENUM && kind == BTF_KIND_ENUM64);
}

/* Of several types of one name and kind libbpf may want any. */
static int want_named(struct iou_choice *choice, struct iou_needs *needs, uint32_t id)
{
	const struct btf_type *type = iou_rawbtf_type(&choice->btf, choice->at[id - 1]);
	const char *name = iou_rawbtf_string(&choice->btf, type->name_off);
	int ret = 0;

	if (!name)
		return -EINVAL;
	for (size_t i = 0; i < needs->nr && !ret; i++) {
		struct iou_need *need = &needs->list[i];

		if (!is_of_kind(need, IOU_RAWBTF_KIND(type)) || !is_called(need, name))
			continue;
		need->found = true;
		ret = want(choice, id, FULL);
	}
	return ret;
}

/* It is nowhere said how many types there are. All that does not change is kept at hand: this goes
 * through all of the kernel's types. */
static int find_named(struct iou_choice *choice, struct iou_needs *needs)
{
	const struct iou_rawbtf btf = choice->btf;
	struct filter filter = {};
	uint32_t *at = choice->at, size;
	int ret = 0;

	make_filter(&filter, needs);
	for (uint32_t next = 0; next < btf.types_size && !ret; next += size) {
		size = iou_rawbtf_type_size(&btf, next);
		if (!size)
			return -EINVAL;
		*at++ = next;
		if (!passes(&filter, &btf, iou_rawbtf_type(&btf, next)->name_off))
			continue;
		choice->nr = (uint32_t)(at - choice->at);
		ret = want_named(choice, needs, choice->nr);
	}
	choice->nr = (uint32_t)(at - choice->at);
	return ret;
}

/* ---- All ---- */

static int ascending(const void *one, const void *other)
{
	uint32_t a = *(const uint32_t *)one, b = *(const uint32_t *)other;

	return a < b ? -1 : a > b;
}

static void sort(struct iou_choice *choice)
{
	uint32_t nr = 0;

	if (choice->ids_nr)
		qsort(choice->ids, choice->ids_nr, sizeof(*choice->ids), ascending);
	for (uint32_t i = 0; i < choice->ids_nr; i++)
		if (!nr || choice->ids[i] != choice->ids[nr - 1])
			choice->ids[nr++] = choice->ids[i];
	choice->ids_nr = nr;
}

int iou_choice_make(struct iou_choice *choice, struct iou_needs *needs)
{
	size_t room = choice->btf.types_size / sizeof(struct btf_type) + 1;
	int ret;

	choice->at = malloc(room * sizeof(*choice->at));
	choice->depth = calloc(room, 1);
	if (!choice->at || !choice->depth)
		return -ENOMEM;
	for (size_t i = 0; i < needs->nr; i++)
		needs->list[i].found = false;
	ret = find_named(choice, needs);
	for (size_t i = 0; i < needs->nr && !ret; i++)
		if (!needs->list[i].found && !needs->list[i].optional)
			ret = -ENOENT;
	for (uint32_t i = 0; i < choice->ids_nr && !ret; i++)
		ret = want_parts(choice, choice->ids[i]);
	if (!ret)
		sort(choice);
	return ret;
}

bool iou_choice_is_head(const struct iou_choice *choice, uint32_t id)
{
	uint32_t kind = IOU_RAWBTF_KIND(iou_rawbtf_type(&choice->btf, choice->at[id - 1]));

	return choice->depth[id - 1] == SHALLOW &&
	       (kind == BTF_KIND_STRUCT || kind == BTF_KIND_UNION || kind == BTF_KIND_ENUM ||
		kind == BTF_KIND_ENUM64);
}

void iou_choice_release(struct iou_choice *choice)
{
	free(choice->at);
	free(choice->depth);
	free(choice->ids);
}
