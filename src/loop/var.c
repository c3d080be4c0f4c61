// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The variables of an object, found by its BTF. */
#include <errno.h>
#include <string.h>

#include "loop/internal.h"

bool iou_variable_locate(const struct iou_loop *loop, struct iou_variable *global)
{
	bool is_ops = strcmp(global->section, ".struct_ops") == 0 ||
		      strcmp(global->section, ".struct_ops.link") == 0;

	/* A loop is a map of its own. */
	global->var.map = bpf_object__find_map_by_name(loop->object,
						       is_ops ? global->name : global->section);
	if (is_ops)
		global->var.offset = 0;
	return global->var.map;
}

/* libbpf has those it found a place for look like the object's own. */
static bool is_extern(const struct btf_type *var, const char *section)
{
	return btf_var(var)->linkage == BTF_VAR_GLOBAL_EXTERN || strcmp(section, ".kconfig") == 0 ||
	       strcmp(section, ".ksyms") == 0;
}

void iou_loop_each_variable(const struct iou_loop *loop,
			    bool (*each)(const struct iou_variable *global, void *data), void *data)
{
	for (__u32 id = 1; id < btf__type_cnt(loop->btf); id++) {
		const struct btf_type *sec = btf__type_by_id(loop->btf, id);
		const struct btf_var_secinfo *info;

		if (!btf_is_datasec(sec))
			continue;
		info = btf_var_secinfos(sec);
		for (int i = 0; i < btf_vlen(sec); i++, info++) {
			const struct btf_type *t = btf__type_by_id(loop->btf, info->type);
			struct iou_variable global = {
				.section = btf__name_by_offset(loop->btf, sec->name_off) ?: "",
			};

			if (!t || !btf_is_var(t))
				continue;
			global.name = btf__name_by_offset(loop->btf, t->name_off) ?: "";
			global.is_extern = is_extern(t, global.section);
			global.var = (struct iou_var){NULL, info->offset, info->size, t->type};
			if (each(&global, data))
				return;
		}
	}
}

struct search {
	const struct iou_loop *loop;
	const char *path;
	struct iou_variable found;
	size_t length; /* of its name, 0: none was found */
};

/*
 * The longest name that the path begins with, since there may be dots in a name: clang calls a
 * static variable of a function "function.variable". Of two the first one that has data.
 */
static bool match(const struct iou_variable *global, void *data)
{
	struct search *search = data;
	struct iou_variable candidate = *global;
	size_t length = strlen(global->name);
	bool is_longer = length > search->length;

	if (length < search->length || strncmp(global->name, search->path, length) != 0)
		return false;
	/* Also found: the NUL, where the path is a name alone. */
	if (!strchr(".[", search->path[length]) || (!is_longer && search->found.var.map))
		return false;
	if (iou_variable_locate(search->loop, &candidate) || is_longer) {
		search->found = candidate;
		search->length = length;
	}
	return false;
}

int iou_loop_variable(const struct iou_loop *loop, const char *path, struct iou_variable *global,
		      const char **rest)
{
	struct search search = {.loop = loop, .path = path};

	iou_loop_each_variable(loop, match, &search);
	if (!search.length)
		return -ENOENT;
	*global = search.found;
	*rest = path + search.length;
	return 0;
}

int iou_loop_var_part(const struct iou_loop *loop, const struct iou_var *whole, const char *path,
		      struct iou_var *part, const char **stop)
{
	struct iou_place place = {.type_id = whole->type_id, .size = whole->size};
	size_t value_size = 0;
	int ret = iou_btf_walk(loop->btf, path, &place, stop);

	if (ret)
		return ret;
	place.offset += whole->offset;
	/* The BTF is the object's own word: the value's size is what counts. */
	bpf_map__initial_value(whole->map, &value_size);
	if (place.offset > value_size || place.size > value_size - place.offset)
		return -EBADMSG;
	*part = (struct iou_var){whole->map, place.offset, place.size, place.type_id};
	return 0;
}

int iou_loop_var(const struct iou_loop *loop, const char *path, struct iou_var *var)
{
	struct iou_variable global;
	const char *rest;

	if (iou_loop_variable(loop, path, &global, &rest) || !global.var.map ||
	    iou_loop_var_part(loop, &global.var, rest, var, &rest))
		return -ENOENT;
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

void iou_loop_var_text(const struct iou_loop *loop, const char *path, char *text, size_t size)
{
	struct iou_var var;
	const char *data = iou_loop_var(loop, path, &var) ? NULL : iou_loop_var_data(loop, &var);
	size_t most = data ? var.size : 0, length = 0;

	/* One access each: the program may be writing it. */
	while (length < most && length + 1 < size) {
		text[length] = __atomic_load_n(data + length, __ATOMIC_RELAXED);
		if (!text[length])
			return;
		length++;
	}
	text[length] = '\0';
}

int iou_loop_var_get(const struct iou_loop *loop, const char *path, uint64_t *value)
{
	struct iou_var var;

	return iou_loop_var(loop, path, &var) ?: read_integer(loop, &var, value);
}
