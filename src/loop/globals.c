// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loop/globals.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "loop/internal.h"

/* ---- Types ---- */

/* What stands before the name of a type, where something does. */
static const char *keyword(const struct btf_type *t)
{
	if (btf_is_struct(t))
		return "struct ";
	if (btf_is_union(t))
		return "union ";
	return btf_is_any_enum(t) ? "enum " : "";
}

/*
 * The type as C writes it, without qualifiers; for what a pointer to a function or to an array
 * leads to, only that it is a pointer. As deep as libbpf goes: BTF may go round in circles.
 */
static void type_text(const struct btf *btf, __u32 id, char *text, size_t size)
{
	char sizes[40] = "", stars[8] = "";
	const struct btf_type *t = NULL;
	const char *name = NULL;
	size_t nr = 0, at = 0;

	for (int depth = 0; depth < 32; depth++) {
		t = btf__type_by_id(btf, id);
		if (!t)
			break;
		if (btf_is_array(t)) {
			if (!nr && at < sizeof(sizes))
				at += (size_t)snprintf(sizes + at, sizeof(sizes) - at, "[%u]",
						       btf_array(t)->nelems);
			id = btf_array(t)->type;
		} else if (btf_is_ptr(t)) {
			if (nr + 1 < sizeof(stars))
				stars[nr++] = '*';
			id = t->type;
		} else if (btf_is_mod(t)) {
			id = t->type;
		} else {
			break;
		}
	}
	if (t)
		name = btf__name_by_offset(btf, t->name_off);
	if (!name || !name[0])
		name = !t || !btf_is_composite(t) ? "void" : "{…}";
	snprintf(text, size, "%s%.48s%s%s%s", t ? keyword(t) : "", name, nr ? " " : "", stars,
		 sizes);
}

/* ---- Variables ---- */

bool iou_section_holds_globals(const char *section)
{
	static const char *const names[] = {".rodata", ".data", ".bss"};

	for (size_t i = 0; section && i < ARRAY_SIZE(names); i++) {
		size_t length = strlen(names[i]);

		if (strncmp(section, names[i], length) == 0 &&
		    (!section[length] || section[length] == '.'))
			return true;
	}
	return false;
}

static int add_section(struct iou_globals *globals, const struct iou_loop *loop,
		       const struct btf_type *sec)
{
	const char *section = btf__name_by_offset(loop->btf, sec->name_off);
	const struct btf_var_secinfo *info = btf_var_secinfos(sec);
	size_t nr = btf_vlen(sec), value_size = 0;
	struct iou_global *list;
	struct bpf_map *map;

	map = iou_section_holds_globals(section)
		      ? bpf_object__find_map_by_name(loop->object, section)
		      : NULL;
	if (!map || !bpf_map__initial_value(map, &value_size))
		return 0;
	list = reallocarray(globals->list, globals->nr + nr + 1, sizeof(*list));
	if (!list)
		return -ENOMEM;
	globals->list = list;
	for (; nr--; info++) {
		const struct btf_type *var = btf__type_by_id(loop->btf, info->type);
		struct iou_global *global = &list[globals->nr];

		if (!var || !btf_is_var(var) || info->offset > value_size ||
		    info->size > value_size - info->offset)
			continue;
		*global = (struct iou_global){
			.name = btf__name_by_offset(loop->btf, var->name_off) ?: "",
			.section = section,
			.size = info->size,
		};
		type_text(loop->btf, var->type, global->type, sizeof(global->type));
		globals->nr++;
	}
	return 0;
}

int iou_globals_read(struct iou_globals *globals, const struct iou_loop *loop)
{
	struct iou_globals read = {};

	for (__u32 id = 1; id < btf__type_cnt(loop->btf); id++) {
		const struct btf_type *sec = btf__type_by_id(loop->btf, id);
		int ret = btf_is_datasec(sec) ? add_section(&read, loop, sec) : 0;

		if (ret) {
			iou_globals_release(&read);
			return ret;
		}
	}
	*globals = read;
	return 0;
}

void iou_globals_release(struct iou_globals *globals)
{
	free(globals->list);
	*globals = (struct iou_globals){};
}
