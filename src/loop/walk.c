// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loop/walk.h"

#include <bpf/btf.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/parse.h"

/* Structs in structs without a name, and members looked at: far more than people write. */
#define ANONYMOUS_DEPTH_MAX 16
#define MEMBERS_MAX 65536

const struct btf_type *iou_btf_skip(const struct btf *btf, uint32_t id)
{
	const struct btf_type *t = btf__type_by_id(btf, id);

	/* As deep as libbpf goes; an object's BTF may go round in circles. */
	for (int depth = 0; depth < 32; depth++) {
		if (!t || !(btf_is_mod(t) || btf_is_typedef(t)))
			return t;
		t = btf__type_by_id(btf, t->type);
	}
	return NULL;
}

/* ---- Fields, those of anonymous members among them ---- */

struct field {
	const char *name;
	uint32_t type_id;
	size_t bit_offset;
	bool is_bitfield;
};

struct fields {
	const struct btf *btf;
	bool (*each)(const struct field *field, void *data); /* true: that is enough */
	void *data;
	unsigned int members_left;
};

static bool visit(struct fields *fields, uint32_t type_id, size_t bit_offset, int depth)
{
	const struct btf_type *t = iou_btf_skip(fields->btf, type_id);
	const struct btf_member *m;

	if (!t || !btf_is_composite(t) || depth > ANONYMOUS_DEPTH_MAX)
		return false;
	m = btf_members(t);
	for (uint32_t i = 0; i < btf_vlen(t) && fields->members_left; i++, m++) {
		struct field field = {
			.name = btf__name_by_offset(fields->btf, m->name_off),
			.type_id = m->type,
			.bit_offset = bit_offset + btf_member_bit_offset(t, i),
		};

		fields->members_left--;
		field.is_bitfield = btf_member_bitfield_size(t, i) || field.bit_offset % 8;
		if (field.name && field.name[0]
			    ? fields->each(&field, fields->data)
			    : visit(fields, m->type, field.bit_offset, depth + 1))
			return true;
	}
	return false;
}

static void for_each_field(const struct btf *btf, uint32_t type_id,
			   bool (*each)(const struct field *field, void *data), void *data)
{
	struct fields fields = {btf, each, data, MEMBERS_MAX};

	visit(&fields, type_id, 0, 0);
}

struct list {
	const char **names;
	size_t nr, max;
};

static bool add_name(const struct field *field, void *data)
{
	struct list *list = data;

	if (list->nr < list->max)
		list->names[list->nr++] = field->name;
	return list->nr == list->max;
}

size_t iou_btf_fields(const struct btf *btf, uint32_t type_id, const char **names, size_t max)
{
	struct list list = {.names = names, .max = max};

	for_each_field(btf, type_id, add_name, &list);
	return list.nr;
}

struct search {
	const char *name; /* of @length characters */
	size_t length;
	struct field found;
};

static bool match(const struct field *field, void *data)
{
	struct search *search = data;

	if (strncmp(field->name, search->name, search->length) != 0 || field->name[search->length])
		return false;
	search->found = *field;
	return true;
}

/* ---- The walk ---- */

static int enter(const struct btf *btf, uint32_t type_id, size_t offset, struct iou_place *place)
{
	int64_t size = btf__resolve_size(btf, type_id);

	if (size < 0)
		return -EBADMSG;
	*place = (struct iou_place){type_id, place->offset + offset, (size_t)size};
	return 0;
}

static int to_field(const struct btf *btf, const char *name, size_t length, struct iou_place *place)
{
	struct search search = {.name = name, .length = length};

	if (!length)
		return -EINVAL;
	for_each_field(btf, place->type_id, match, &search);
	if (!search.found.name)
		return -ENOENT;
	if (search.found.is_bitfield)
		return -EOPNOTSUPP;
	return enter(btf, search.found.type_id, search.found.bit_offset / 8, place);
}

static int to_element(const struct btf *btf, const char *digits, size_t length,
		      struct iou_place *place)
{
	const struct btf_type *t = iou_btf_skip(btf, place->type_id);
	struct iou_place element = *place;
	uint64_t index;
	char text[32];
	int ret;

	if (length >= sizeof(text))
		return -EINVAL;
	memcpy(text, digits, length);
	text[length] = '\0';
	ret = iou_parse_u64(text, &index);
	if (ret)
		return ret;
	if (!t || !btf_is_array(t))
		return -ENOTDIR;
	if (index >= btf_array(t)->nelems)
		return -ERANGE;
	ret = enter(btf, btf_array(t)->type, 0, &element);
	if (ret)
		return ret;
	/* Below 2^63: both factors are 32 bits, and a size has no sign. */
	element.offset += index * element.size;
	*place = element;
	return 0;
}

int iou_btf_walk(const struct btf *btf, const char *path, struct iou_place *place,
		 const char **stop)
{
	struct iou_place at = *place;
	int ret = 0;

	while (*path && !ret) {
		bool is_field = *path == '.';
		size_t length = strcspn(path + 1, is_field ? ".[" : "]");
		const char *next = path + 1 + length;

		*stop = path;
		if (is_field)
			ret = to_field(btf, path + 1, length, &at);
		else if (*path == '[' && *next++ == ']')
			ret = to_element(btf, path + 1, length, &at);
		else
			ret = -EINVAL;
		path = next;
	}
	if (!ret)
		*place = at;
	return ret;
}
