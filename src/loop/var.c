// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The variables of an object, found by its BTF. */
#include <errno.h>
#include <string.h>

#include "loop/internal.h"

const struct btf_type *iou_btf_skip(const struct btf *btf, __u32 id)
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

/* The variable @name of @length characters, in whichever data section it is. */
static int find_variable(const struct iou_loop *loop, const char *name, size_t length,
			 struct iou_var *var, __u32 *type_id)
{
	for (__u32 id = 1; id < btf__type_cnt(loop->btf); id++) {
		const struct btf_type *sec = btf__type_by_id(loop->btf, id);
		const struct btf_var_secinfo *info;
		const char *sec_name;

		if (!btf_is_datasec(sec))
			continue;
		info = btf_var_secinfos(sec);
		for (int i = 0; i < btf_vlen(sec); i++, info++) {
			const struct btf_type *t = btf__type_by_id(loop->btf, info->type);
			const char *found = t ? btf__name_by_offset(loop->btf, t->name_off) : NULL;

			if (!found || !btf_is_var(t) || strncmp(found, name, length) != 0 ||
			    found[length])
				continue;
			sec_name = btf__name_by_offset(loop->btf, sec->name_off);
			var->map = strcmp(sec_name, ".struct_ops") == 0 ||
						   strcmp(sec_name, ".struct_ops.link") == 0
					   ? bpf_object__find_map_by_name(loop->object, found)
					   : bpf_object__find_map_by_name(loop->object, sec_name);
			if (!var->map)
				continue;
			var->offset = strncmp(sec_name, ".struct_ops", 11) == 0 ? 0 : info->offset;
			var->size = info->size;
			*type_id = t->type;
			return 0;
		}
	}
	return -ENOENT;
}

/* Step from a struct into its member @name of @length characters. */
static int find_member(const struct iou_loop *loop, const char *name, size_t length,
		       struct iou_var *var, __u32 *type_id)
{
	const struct btf_type *t = iou_btf_skip(loop->btf, *type_id);
	const struct btf_member *m;

	/* A member without a name is not one to ask for. */
	if (!t || !btf_is_composite(t) || !length)
		return -ENOENT;
	m = btf_members(t);
	for (int i = 0; i < btf_vlen(t); i++, m++) {
		const char *found = btf__name_by_offset(loop->btf, m->name_off);
		__s64 size;

		if (!found || strncmp(found, name, length) != 0 || found[length])
			continue;
		size = btf__resolve_size(loop->btf, m->type);
		if (size < 0 || btf_member_bitfield_size(t, (__u32)i) ||
		    btf_member_bit_offset(t, (__u32)i) % 8)
			return -ENOENT;
		var->offset += btf_member_bit_offset(t, (__u32)i) / 8;
		var->size = (size_t)size;
		*type_id = m->type;
		return 0;
	}
	return -ENOENT;
}

int iou_loop_var(const struct iou_loop *loop, const char *path, struct iou_var *var)
{
	struct iou_var found = {};
	__u32 type_id = 0;
	size_t length = strcspn(path, ".");
	size_t value_size = 0;
	int ret = find_variable(loop, path, length, &found, &type_id);

	while (!ret && path[length]) {
		path += length + 1;
		length = strcspn(path, ".");
		ret = find_member(loop, path, length, &found, &type_id);
	}
	if (ret)
		return ret;
	/* The BTF is the object's own word: the value's size is what counts. */
	bpf_map__initial_value(found.map, &value_size);
	if (found.offset > value_size || found.size > value_size - found.offset)
		return -ENOENT;
	found.type_id = type_id;
	*var = found;
	return 0;
}

void *iou_loop_var_data(const struct iou_loop *loop, const struct iou_var *var)
{
	size_t size;
	char *data = NULL;

	if (!loop->loaded) {
		data = bpf_map__initial_value(var->map, &size);
		return data ? data + var->offset : NULL;
	}
	for (size_t i = 0; i < loop->mappings_nr; i++)
		if (loop->mappings[i].map == var->map)
			data = (char *)loop->mappings[i].data + var->offset;
	return data;
}

void *iou_loop_var_shared(const struct iou_loop *loop, const char *path, size_t size)
{
	struct iou_var var;
	char *data;

	if (iou_loop_var(loop, path, &var) || var.size != size)
		return NULL;
	for (size_t i = 0; i < loop->mappings_nr; i++) {
		data = (char *)loop->mappings[i].data + var.offset;
		if (loop->mappings[i].map == var.map && loop->mappings[i].writable &&
		    (uintptr_t)data % size == 0)
			return data;
	}
	return NULL;
}

int iou_loop_var_set(struct iou_loop *loop, const char *path, uint64_t value)
{
	struct iou_var var;
	void *data;
	int ret = iou_loop_var(loop, path, &var);

	if (ret)
		return ret;
	data = iou_loop_var_data(loop, &var);
	if (!data || loop->loaded)
		return -EINVAL;
	switch (var.size) {
	case 1:
		*(uint8_t *)data = (uint8_t)value;
		return 0;
	case 2:
		memcpy(data, &(uint16_t){(uint16_t)value}, sizeof(uint16_t));
		return 0;
	case 4:
		memcpy(data, &(uint32_t){(uint32_t)value}, sizeof(uint32_t));
		return 0;
	case 8:
		memcpy(data, &value, sizeof(value));
		return 0;
	default:
		return -EINVAL;
	}
}

static int read_integer(const struct iou_loop *loop, const struct iou_var *var, uint64_t *value)
{
	const void *data = iou_loop_var_data(loop, var);

	if (!data || (uintptr_t)data % (var->size ?: 1))
		return -EINVAL;
	/* One access each: the program may be writing it. */
	switch (var->size) {
	case 1:
		*value = __atomic_load_n((const uint8_t *)data, __ATOMIC_RELAXED);
		return 0;
	case 2:
		*value = __atomic_load_n((const uint16_t *)data, __ATOMIC_RELAXED);
		return 0;
	case 4:
		*value = __atomic_load_n((const uint32_t *)data, __ATOMIC_RELAXED);
		return 0;
	case 8:
		*value = __atomic_load_n((const uint64_t *)data, __ATOMIC_RELAXED);
		return 0;
	default:
		return -EINVAL;
	}
}

int iou_loop_var_get(const struct iou_loop *loop, const char *path, uint64_t *value)
{
	struct iou_var var;

	return iou_loop_var(loop, path, &var) ?: read_integer(loop, &var, value);
}
