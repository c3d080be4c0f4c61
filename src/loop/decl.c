// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loop/decl.h"

#include <bpf/btf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/parse.h"

#define NAME_LEN_MAX 32

static const char *const kind_names[] = {
	[IOU_KIND_U32] = "u32",         [IOU_KIND_U64] = "u64",           [IOU_KIND_S64] = "s64",
	[IOU_KIND_SIZE] = "size",       [IOU_KIND_DURATION] = "duration", [IOU_KIND_FLAG] = "flag",
	[IOU_KIND_COUNTER] = "counter", [IOU_KIND_GAUGE] = "gauge",
};

const char *iou_kind_name(enum iou_kind kind)
{
	return kind_names[kind];
}

static void decl_release(struct iou_decl *decl)
{
	free(decl->variable);
	free(decl->name);
	free(decl->help);
	free(decl->unit);
	free(decl->of);
	*decl = (struct iou_decl){};
}

void iou_decls_release(struct iou_decls *decls)
{
	for (size_t i = 0; i < decls->nr; i++)
		decl_release(&decls->list[i]);
	free(decls->list);
	*decls = (struct iou_decls){};
}

static int wrong(struct iou_err *err, const struct iou_decl *decl, const char *what,
		 const char *value)
{
	return iou_err_set(err, IOU_CAUSE_REJECTED, "open", 0,
			   "the declaration of '%s' has a wrong %s: '%s'", decl->variable, what,
			   value);
}

static char *dashed(const char *text)
{
	char *copy = strdup(text);

	for (char *p = copy; p && *p; p++)
		if (*p == '_')
			*p = '-';
	return copy;
}

static int check_name(const struct iou_decl *decl, struct iou_err *err)
{
	size_t len = strspn(decl->name, "abcdefghijklmnopqrstuvwxyz0123456789-");

	if (decl->name[len] || len == 0 || len > NAME_LEN_MAX)
		return wrong(err, decl, "name (a-z, 0-9, _, at most 32 of them)", decl->variable);
	return 0;
}

static int set_kind(struct iou_decl *decl, const char *value, struct iou_err *err)
{
	enum iou_kind first = decl->what == IOU_DECL_STAT ? IOU_KIND_COUNTER : IOU_KIND_U32;
	enum iou_kind last = decl->what == IOU_DECL_STAT ? IOU_KIND_GAUGE : IOU_KIND_FLAG;

	for (enum iou_kind kind = first; kind <= last; kind++)
		if (strcmp(kind_names[kind], value) == 0) {
			decl->kind = kind;
			return 0;
		}
	return wrong(err, decl, "kind", value);
}

static int set_bound(struct iou_decl *decl, bool is_max, const char *value, struct iou_err *err)
{
	uint64_t *u = is_max ? &decl->max.u : &decl->min.u;
	int64_t *s = is_max ? &decl->max.s : &decl->min.s;
	int ret = decl->kind == IOU_KIND_S64 ? iou_parse_s64(value, s) : iou_parse_u64(value, u);

	return ret ? wrong(err, decl, is_max ? "max" : "min", value) : 0;
}

static int set_entries(struct iou_decl *decl, uint32_t *entries, const char *value,
		       struct iou_err *err)
{
	uint64_t number;

	if (iou_parse_u64(value, &number) || number > UINT32_MAX)
		return wrong(err, decl, "ring size", value);
	*entries = (uint32_t)number;
	return 0;
}

static int set_text(char **field, char *copy)
{
	free(*field);
	*field = copy;
	return copy ? 0 : -ENOMEM;
}

/* One KEY=VALUE; keys that this version does not know are for later ones. */
static int set_key(struct iou_decl *decl, const char *key, const char *value, struct iou_err *err)
{
	if (strcmp(key, "help") == 0)
		return set_text(&decl->help, strdup(value));
	if (strcmp(key, "unit") == 0)
		return set_text(&decl->unit, strdup(value));
	if (strcmp(key, "of") == 0)
		return set_text(&decl->of, dashed(value));
	if (strcmp(key, "kind") == 0)
		return set_kind(decl, value, err);
	if (strcmp(key, "min") == 0)
		return set_bound(decl, false, value, err);
	if (strcmp(key, "max") == 0)
		return set_bound(decl, true, value, err);
	if (strcmp(key, "sq") == 0)
		return set_entries(decl, &decl->sq_entries, value, err);
	if (strcmp(key, "cq") == 0)
		return set_entries(decl, &decl->cq_entries, value, err);
	return 0;
}

static int check_range(const struct iou_decl *decl, struct iou_err *err)
{
	bool empty = decl->kind == IOU_KIND_S64 ? decl->min.s > decl->max.s
						: decl->min.u > decl->max.u;

	if (decl->what == IOU_DECL_PARAM && empty)
		return wrong(err, decl, "range", "its min is above its max");
	return 0;
}

/* @text is "WHAT;KEY=VALUE;…;help=TEXT". */
static int parse(struct iou_decl *decl, const char *variable, const char *text, struct iou_err *err)
{
	static const char *const whats[] = {
		[IOU_DECL_PARAM] = "param",
		[IOU_DECL_STAT] = "stat",
		[IOU_DECL_LOOP] = "loop",
	};
	IOU_FREE char *copy = strdup(text);
	char *rest = copy, *field;
	size_t what = 0;
	int ret;

	decl->variable = strdup(variable);
	decl->name = dashed(variable);
	decl->help = strdup("");
	decl->unit = strdup("");
	if (!copy || !decl->variable || !decl->name || !decl->help || !decl->unit)
		return iou_err_set(err, IOU_CAUSE_FAILED, "open", ENOMEM, "cannot read the loop");

	field = strsep(&rest, ";");
	while (what < ARRAY_SIZE(whats) && strcmp(whats[what], field) != 0)
		what++;
	if (what == ARRAY_SIZE(whats))
		return wrong(err, decl, "form", text);
	decl->what = (enum iou_decl_what)what;
	ret = check_name(decl, err);
	while (!ret && rest) {
		bool is_help = strncmp(rest, "help=", 5) == 0;
		char *key;

		/* Help is the last key: it may hold anything. */
		field = is_help ? rest : strsep(&rest, ";");
		if (is_help)
			rest = NULL;
		key = strsep(&field, "=");
		if (!field)
			return wrong(err, decl, "field", key);
		ret = set_key(decl, key, field, err);
	}
	return ret ?: check_range(decl, err);
}

static int check_unique(const struct iou_decls *decls, const struct iou_decl *decl,
			struct iou_err *err)
{
	for (size_t i = 0; i < decls->nr; i++)
		if (decls->list[i].what == decl->what &&
		    strcmp(decls->list[i].name, decl->name) == 0)
			return iou_err_set(err, IOU_CAUSE_REJECTED, "open", 0,
					   "'%s' is declared twice", decl->name);
	return 0;
}

static int add(struct iou_decls *decls, const char *variable, const char *text, struct iou_err *err)
{
	struct iou_decl *list = reallocarray(decls->list, decls->nr + 1, sizeof(*list));
	struct iou_decl decl = {};
	int ret;

	if (!list)
		return iou_err_set(err, IOU_CAUSE_FAILED, "open", ENOMEM, "cannot read the loop");
	decls->list = list;
	ret = parse(&decl, variable, text, err) ?: check_unique(decls, &decl, err);
	if (ret) {
		decl_release(&decl);
		return ret;
	}
	list[decls->nr++] = decl;
	return 0;
}

int iou_decls_read(struct iou_decls *decls, const struct btf *btf, struct iou_err *err)
{
	static const char prefix[] = "iou:";
	struct iou_decls read = {};

	for (__u32 id = 1; id < btf__type_cnt(btf); id++) {
		const struct btf_type *tag = btf__type_by_id(btf, id), *var;
		const char *text;
		int ret;

		if (!btf_is_decl_tag(tag) || btf_decl_tag(tag)->component_idx != -1)
			continue;
		text = btf__name_by_offset(btf, tag->name_off);
		var = btf__type_by_id(btf, tag->type);
		if (!text || strncmp(text, prefix, strlen(prefix)) != 0 || !var || !btf_is_var(var))
			continue;
		ret = add(&read, btf__name_by_offset(btf, var->name_off), text + strlen(prefix),
			  err);
		if (ret) {
			iou_decls_release(&read);
			return ret;
		}
	}
	*decls = read;
	return 0;
}
