// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "dump/globals.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "loop/globals.h"
#include "loop/walk.h"

/* ---- All of them, one after the other ---- */

struct cursor {
	const struct iou_loop *loop;
	const struct btf *btf;
	__u32 section; /* type id */
	__u32 next;    /* in the section */
	const char *name;
	struct iou_var var;
};

static struct cursor first(const struct iou_loop *loop)
{
	return (struct cursor){.loop = loop, .btf = iou_loop_btf(loop)};
}

/* ".data" and ".data.x" are of the family ".data". */
static bool next_section(struct cursor *c)
{
	for (c->next = 0; ++c->section < btf__type_cnt(c->btf);) {
		const struct btf_type *t = btf__type_by_id(c->btf, c->section);
		const char *name = btf__name_by_offset(c->btf, t->name_off);

		if (!btf_is_datasec(t) || !iou_section_holds_globals(name))
			continue;
		c->var.map = bpf_object__find_map_by_name(iou_loop_object(c->loop), name);
		if (c->var.map && bpf_map__is_internal(c->var.map))
			return true;
	}
	return false;
}

/* The next variable that lies in its section's map as a whole. */
static bool next(struct cursor *c)
{
	for (;;) {
		const struct btf_type *section = btf__type_by_id(c->btf, c->section), *t;
		const struct btf_var_secinfo *info;
		size_t size;

		if (!c->section || c->next == btf_vlen(section)) {
			if (!next_section(c))
				return false;
			continue;
		}
		info = btf_var_secinfos(section) + c->next++;
		t = btf__type_by_id(c->btf, info->type);
		size = bpf_map__value_size(c->var.map);
		if (!t || !btf_is_var(t) || info->offset > size || info->size > size - info->offset)
			continue;
		c->name = btf__name_by_offset(c->btf, t->name_off);
		c->var.offset = info->offset;
		c->var.size = info->size;
		c->var.type_id = t->type;
		if (c->name && c->name[0])
			return true;
	}
}

static bool is_declared(const struct iou_loop *loop, const char *name)
{
	const struct iou_decls *decls = iou_loop_decls(loop);

	for (size_t i = 0; i < decls->nr; i++)
		if (strcmp(decls->list[i].variable, name) == 0)
			return true;
	return false;
}

/* ---- Values ---- */

static struct iou_doc *add(struct iou_dump *dump, struct iou_doc *globals,
			   const struct iou_loop *loop, const char *key, const struct iou_var *var)
{
	const void *data = iou_loop_var_data(loop, var);

	if (!data)
		return iou_doc_null(globals, key, NULL);
	return iou_dump_value(dump, globals, key, var->type_id, data, var->size);
}

void iou_dump_globals(struct iou_dump *dump, struct iou_doc *globals, const struct iou_loop *loop,
		      bool labelled)
{
	struct cursor c = first(loop);
	struct iou_doc *field;

	while (dump->left && next(&c)) {
		if (strncmp(c.name, "iou_", 4) == 0 || is_declared(loop, c.name))
			continue;
		field = add(dump, globals, loop, c.name, &c.var);
		if (labelled)
			iou_doc_label(field, c.name);
	}
}

/* The name of a variable inside a function has a dot of its own, "step.count". */
static int find(const struct iou_loop *loop, const char *path, struct iou_var *var)
{
	struct cursor c = first(loop);
	int ret = iou_loop_var(loop, path, var);

	while (ret && next(&c)) {
		if (strcmp(c.name, path) != 0)
			continue;
		*var = c.var;
		return 0;
	}
	return ret;
}

void iou_dump_global(struct iou_dump *dump, struct iou_doc *globals, const struct iou_loop *loop,
		     const char *path)
{
	struct iou_var var;

	if (!find(loop, path, &var))
		iou_doc_label(add(dump, globals, loop, path, &var), path);
}

/* ---- What is not there ---- */

/* How much of @path iou_loop_var() knows, in whole components, and what that is. */
static size_t known_part(const struct iou_loop *loop, const char *path, struct iou_var *var)
{
	IOU_FREE char *prefix = strdup(path);
	size_t known = 0;

	for (char *dot = prefix ? strchr(prefix, '.') : NULL; dot; dot = strchr(dot + 1, '.')) {
		*dot = '\0';
		if (iou_loop_var(loop, prefix, var))
			break;
		known = strlen(prefix) + 1;
		*dot = '.';
	}
	return known;
}

/* What @path may begin or go on with; the names are the BTF's. NULL where memory is short. */
static const char **candidates(const struct iou_loop *loop, const struct btf_type *of)
{
	struct cursor c = first(loop);
	const char **names = NULL, *name;
	size_t nr = 0;

	if (!of)
		while (next(&c))
			nr++;
	names = calloc((of ? btf_vlen(of) : nr) + 1, sizeof(*names));
	if (!names)
		return NULL;
	nr = 0;
	for (c = first(loop); !of && next(&c);)
		names[nr++] = c.name;
	for (int i = 0; of && i < btf_vlen(of); i++) {
		name = btf__name_by_offset(iou_loop_btf(loop), btf_members(of)[i].name_off);
		if (name && name[0])
			names[nr++] = name;
	}
	return names;
}

static void hint(const struct iou_loop *loop, const char *path, struct iou_err *err)
{
	struct iou_var var = {};
	size_t known = known_part(loop, path, &var);
	const struct btf_type *of = known ? iou_btf_skip(iou_loop_btf(loop), var.type_id) : NULL;
	IOU_FREE const char **names = NULL;
	IOU_FREE char *word = NULL;
	const char *nearest = NULL;

	if (known && (!of || !btf_is_composite(of))) {
		iou_err_hint(err, "'%.*s' has no fields", (int)known - 1, path);
		return;
	}
	names = candidates(loop, of);
	word = strndup(path + known, strcspn(path + known, ".["));
	if (names && word)
		nearest = iou_text_nearest(word, names);
	if (nearest && strcmp(nearest, word) == 0 && known)
		iou_err_hint(err, "ask for '%.*s', which has it", (int)known - 1, path);
	else if (nearest && strcmp(nearest, word) != 0)
		iou_err_hint(err, "did you mean '%.*s%s'?", (int)known, path, nearest);
	else
		iou_err_hint(err, "--json prints all variables there are");
}

int iou_dump_global_check(const struct iou_loop *loop, const char *path, struct iou_err *err)
{
	struct iou_var var;
	int ret = find(loop, path, &var);

	if (!ret && bpf_map__is_internal(var.map))
		return 0;
	ret = iou_err_set(err, IOU_CAUSE_USAGE, "usage", 0, "'%s' has no variable '%s'",
			  iou_loop_name(loop), path);
	hint(loop, path, err);
	return ret;
}
