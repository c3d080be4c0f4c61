// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loop/set.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "loop/encode.h"
#include "loop/internal.h"

/* Names that a misspelt one is compared with. */
#define NAMES_MAX 4096

static bool is_own(const struct iou_variable *global)
{
	return strncmp(global->name, "iou_", 4) == 0;
}

static bool is_loop(const struct iou_variable *global)
{
	return strncmp(global->section, ".struct_ops", 11) == 0;
}

static const struct iou_decl *param_of(const struct iou_loop *loop, const char *variable)
{
	for (size_t i = 0; i < loop->decls.nr; i++)
		if (loop->decls.list[i].what == IOU_DECL_PARAM &&
		    strcmp(loop->decls.list[i].variable, variable) == 0)
			return &loop->decls.list[i];
	return NULL;
}

/* Why the whole of a variable is not for the user to set, or 0. */
static int refuse(const struct iou_loop *loop, const struct iou_variable *global, const char *text,
		  struct iou_err *err)
{
	const struct iou_decl *param = param_of(loop, global->name);
	const char *name = global->name;

	if (param) {
		iou_err_set(err, IOU_CAUSE_USAGE, "usage", 0, "'%s' is a parameter of '%s'", name,
			    iou_loop_name(loop));
		iou_err_hint(err, "give it as %s=%s, without --set", param->name, text);
		return -EINVAL;
	}
	if (is_own(global))
		return iou_err_set(err, IOU_CAUSE_USAGE, "usage", 0, "'%s' is set by iouctl itself",
				   name);
	if (is_loop(global))
		return iou_err_set(err, IOU_CAUSE_USAGE, "usage", 0, "'%s' is a loop", name);
	if (global->is_extern)
		return iou_err_set(err, IOU_CAUSE_USAGE, "usage", 0,
				   "'%s' is the kernel's, not the object's", name);
	if (!global->var.map)
		return iou_err_set(err, IOU_CAUSE_USAGE, "usage", 0,
				   "'%s' cannot be set: it is in section '%s', which is no data of "
				   "the program",
				   name, global->section);
	return 0;
}

/* ---- Names that are not there ---- */

struct names {
	const struct iou_loop *loop;
	const char *list[NAMES_MAX + 1];
	size_t nr;
};

static bool add_name(const struct iou_variable *global, void *data)
{
	struct names *names = data;
	struct iou_variable candidate = *global;

	if (global->name[0] && !is_own(global) && !is_loop(global) && !global->is_extern &&
	    !param_of(names->loop, global->name) && iou_variable_locate(names->loop, &candidate))
		names->list[names->nr++] = global->name;
	return names->nr == NAMES_MAX;
}

/* "did you mean …?", or else all of @names (NULL-terminated) that have room. */
static void hint_at(struct iou_err *err, const char *what, const char *word,
		    const char *const *names)
{
	const char *nearest = iou_text_nearest(word, names);
	char list[512] = "";
	size_t at = 0;

	for (size_t i = 0; names[i] && at < sizeof(list); i++)
		at += (size_t)snprintf(list + at, sizeof(list) - at, "%s%s", i ? ", " : "",
				       names[i]);
	if (nearest)
		iou_err_hint(err, "did you mean '%s'?", nearest);
	else if (at)
		iou_err_hint(err, "its %s are: %s%s", what, list, at < sizeof(list) ? "" : "…");
	else
		iou_err_hint(err, "it has no %s", what);
}

static int unknown_variable(const struct iou_loop *loop, const char *path, struct iou_err *err)
{
	IOU_FREE struct names *names = calloc(1, sizeof(*names));
	char name[256];

	snprintf(name, sizeof(name), "%.*s", (int)strcspn(path, ".["), path);
	iou_err_set(err, IOU_CAUSE_USAGE, "usage", 0, "'%s' has no variable '%s'",
		    iou_loop_name(loop), name);
	if (names) {
		names->loop = loop;
		iou_loop_each_variable(loop, add_name, names);
		hint_at(err, "variables", name, names->list);
	}
	return -ENOENT;
}

/* @ret of iou_btf_walk(), which did not get further than @stop in @path, to @at. */
static int wrong_part(const struct iou_loop *loop, const char *path, const char *stop,
		      const struct iou_var *at, int ret, struct iou_err *err)
{
	const struct btf_type *t = iou_btf_skip(loop->btf, at->type_id);
	int before = (int)(stop - path), length = 1 + (int)strcspn(stop + 1, ".[");
	const char *fields[64] = {};
	char field[256];

	switch (ret) {
	case -ENOENT:
		snprintf(field, sizeof(field), "%.*s", length - 1, stop + 1);
		iou_err_set(err, IOU_CAUSE_USAGE, "usage", 0, "'%.*s' has no field '%s'", before,
			    path, field);
		iou_btf_fields(loop->btf, at->type_id, fields, ARRAY_SIZE(fields) - 1);
		hint_at(err, "fields", field, fields);
		break;
	case -ENOTDIR:
		iou_err_set(err, IOU_CAUSE_USAGE, "usage", 0, "'%.*s' is no array", before, path);
		break;
	case -ERANGE:
		iou_err_set(err, IOU_CAUSE_USAGE, "usage", 0, "'%.*s' is past the end of '%.*s'",
			    before + length, path, before, path);
		if (t && btf_is_array(t))
			iou_err_hint(err, "it has %u elements, the first being [0]",
				     btf_array(t)->nelems);
		break;
	case -EOPNOTSUPP:
		iou_err_set(err, IOU_CAUSE_USAGE, "usage", 0,
			    "'%.*s' is a bitfield, which cannot be set", before + length, path);
		break;
	case -EINVAL:
		iou_err_set(err, IOU_CAUSE_USAGE, "usage", 0,
			    "'%s' is not the name of a variable or of a part of one", path);
		iou_err_hint(err, "parts are written as in C: var.field, var[3].field");
		break;
	default:
		iou_err_set(err, IOU_CAUSE_USAGE, "usage", 0,
			    "'%s' cannot be set: the object says of it what cannot be", path);
		break;
	}
	return ret;
}

/* ---- Setting ---- */

/* The part of the variable that the walk came to before @stop. */
static struct iou_var reached(const struct iou_loop *loop, const struct iou_var *whole,
			      const char *rest, const char *stop)
{
	IOU_FREE char *walked = strndup(rest, (size_t)(stop - rest));
	struct iou_var at = *whole;
	const char *ignored;

	if (walked)
		iou_loop_var_part(loop, whole, walked, &at, &ignored);
	return at;
}

/* The variable @path and where its value is, if it may be set to @text. */
static int find(const struct iou_loop *loop, const char *path, const char *text,
		struct iou_var *var, void **data, struct iou_err *err)
{
	struct iou_variable global;
	const char *rest, *stop;
	struct iou_var found;
	void *value;
	int ret;

	if (iou_loop_variable(loop, path, &global, &rest))
		return unknown_variable(loop, path, err);
	ret = refuse(loop, &global, text, err);
	if (ret)
		return ret;
	stop = rest;
	ret = iou_loop_var_part(loop, &global.var, rest, &found, &stop);
	if (ret) {
		found = reached(loop, &global.var, rest, stop);
		return wrong_part(loop, path, stop, &found, ret, err);
	}
	value = loop->loaded ? NULL : iou_loop_var_data(loop, &found);
	if (!value)
		return iou_err_set(err, IOU_CAUSE_USAGE, "usage", 0, "'%s' cannot be set", path);
	*var = found;
	*data = value;
	return 0;
}

int iou_loop_set(struct iou_loop *loop, const char *path, const char *text, struct iou_err *err)
{
	struct iou_var var;
	void *data;

	return find(loop, path, text, &var, &data, err)
		       ?: iou_encode(loop->btf, var.type_id, path, text, data, var.size, err);
}

int iou_loop_set_number(struct iou_loop *loop, const char *path, const char *text, uint64_t value,
			struct iou_err *err)
{
	struct iou_var var;
	void *data;

	return find(loop, path, text, &var, &data, err)
		       ?: iou_encode_number(loop->btf, var.type_id, path, text, value, data,
					    var.size, err);
}

bool iou_loop_set_constant(struct iou_loop *loop, const char *name, uint32_t value)
{
	struct iou_var var;
	const struct btf_type *t;
	void *data;

	if (iou_loop_var(loop, name, &var) || var.size != sizeof(value) ||
	    !(bpf_map__map_flags(var.map) & BPF_F_RDONLY_PROG))
		return false;
	t = iou_btf_skip(loop->btf, var.type_id);
	data = t && btf_is_int(t) ? iou_loop_var_data(loop, &var) : NULL;
	if (!data)
		return false;
	memcpy(data, &value, sizeof(value));
	return true;
}
