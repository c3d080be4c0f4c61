// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Parameters: from what users write to what the program sees. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/names.h"
#include "base/parse.h"
#include "loop/internal.h"
#include "loop/paths.h"

static const char *form_of(enum iou_kind kind)
{
	switch (kind) {
	case IOU_KIND_SIZE:
		return "a size such as 4096, 128K or 1M";
	case IOU_KIND_DURATION:
		return "a duration such as 50us, 200ms or 1.5s";
	case IOU_KIND_FLAG:
		return "yes or no";
	case IOU_KIND_SHARE:
		return "a share such as 1%, 0.05% or 100%";
	case IOU_KIND_ERRNO:
		return "the name of an error, such as EIO";
	case IOU_KIND_OPCODE:
		return "the name of an opcode, such as read, or 'any'";
	case IOU_KIND_INFILE:
	case IOU_KIND_OUTFILE:
		return "the path of a file, or '-'";
	case IOU_KIND_LISTEN:
	case IOU_KIND_CONNECT:
		return "HOST:PORT, [IPV6]:PORT or unix:PATH";
	case IOU_KIND_PATHS:
		return "a list of paths such as a,b,c, or @LIST, a file with a path on each line";
	case IOU_KIND_CHOICES:
		return "a list of words such as a,b,c";
	case IOU_KIND_STEPS:
		return "a list such as 32@50us,1@1ms";
	case IOU_KIND_MEM:
	case IOU_KIND_BUFFERS:
	case IOU_KIND_BUF_RING:
		return "NRxSIZE, such as 16x64K";
	default:
		return "a whole number";
	}
}

static int parse_value(const struct iou_decl *param, const char *text, uint64_t *value)
{
	int64_t number = 0;
	bool flag = false;
	int ret;

	switch (param->kind) {
	case IOU_KIND_SIZE:
		return iou_parse_size(text, value);
	case IOU_KIND_DURATION:
		return iou_parse_duration(text, value);
	case IOU_KIND_SHARE:
		return iou_parse_share(text, value);
	case IOU_KIND_FLAG:
		ret = iou_parse_flag(text, &flag);
		if (!ret)
			*value = flag;
		return ret;
	case IOU_KIND_S64:
		ret = iou_parse_s64(text, &number);
		if (!ret)
			*value = (uint64_t)number;
		return ret;
	default:
		return iou_parse_u64(text, value);
	}
}

bool iou_loop_param_in_range(const struct iou_decl *param, uint64_t value)
{
	if (param->kind == IOU_KIND_S64)
		return (int64_t)value >= param->min.s && (int64_t)value <= param->max.s;
	if (param->kind == IOU_KIND_CHOICE)
		return value < param->choices_nr;
	if (param->kind == IOU_KIND_OPCODE)
		return value < IOU_OPCODES_NR || value == IOU_OPCODE_ANY;
	return value >= param->min.u && value <= param->max.u;
}

static int not_of_form(const struct iou_decl *param, const char *text, struct iou_err *err)
{
	return iou_err_set(err, IOU_CAUSE_USAGE, "usage", 0, "%s='%s' is not %s", param->name, text,
			   form_of(param->kind));
}

/* What has a name. */
static int find_name(const struct iou_decl *param, const char *text, uint64_t *value,
		     struct iou_err *err)
{
	const char *nearest = NULL;
	int ret;

	switch (param->kind) {
	case IOU_KIND_CHOICE:
		return iou_choice_find(param, text, value, err);
	case IOU_KIND_ERRNO:
		ret = iou_errno_find(text, value, &nearest);
		break;
	default:
		*value = IOU_OPCODE_ANY;
		ret = strcmp(text, "any") ? iou_opcode_find(text, value, &nearest) : 0;
		break;
	}
	if (!ret)
		return 0;
	not_of_form(param, text, err);
	if (nearest)
		iou_err_hint(err, "did you mean '%s'?", nearest);
	return ret;
}

static bool has_name(enum iou_kind kind)
{
	return kind == IOU_KIND_CHOICE || kind == IOU_KIND_ERRNO || kind == IOU_KIND_OPCODE;
}

static void range_text(const struct iou_decl *param, char *text, size_t size)
{
	if (param->kind == IOU_KIND_S64)
		snprintf(text, size, "%" PRId64 " to %" PRId64, param->min.s, param->max.s);
	else
		snprintf(text, size, "%" PRIu64 " to %" PRIu64 "%s%s", param->min.u, param->max.u,
			 param->unit[0] ? " " : "", param->unit);
}

const struct iou_decl *iou_loop_param(const struct iou_loop *loop, const char *name)
{
	const struct iou_decls *decls = iou_loop_decls(loop);

	for (size_t i = 0; i < decls->nr; i++)
		if (decls->list[i].what == IOU_DECL_PARAM && strcmp(decls->list[i].name, name) == 0)
			return &decls->list[i];
	return NULL;
}

/* ---- Numbers ---- */

static int set_number(struct iou_loop *loop, const struct iou_decl *param, const char *text,
		      struct iou_err *err)
{
	uint64_t value = 0;
	char range[128];
	int ret;

	ret = has_name(param->kind) ? find_name(param, text, &value, err)
				    : parse_value(param, text, &value);
	if (ret == -EINVAL)
		return has_name(param->kind) ? ret : not_of_form(param, text, err);
	if (ret || !iou_loop_param_in_range(param, value)) {
		range_text(param, range, sizeof(range));
		iou_err_set(err, IOU_CAUSE_USAGE, "usage", 0, "%s=%s is out of range", param->name,
			    text);
		iou_err_hint(err, "%s goes from %s", param->name, range);
		return -ERANGE;
	}
	ret = iou_loop_var_set(loop, param->variable, value);
	if (ret)
		return iou_err_set(err, IOU_CAUSE_FAILED, "usage", -ret, "cannot set '%s'",
				   param->name);
	return 0;
}

int iou_loop_param_get(const struct iou_loop *loop, const struct iou_decl *param, uint64_t *value)
{
	if (!iou_kind_is_number(param->kind))
		return -EINVAL;
	return iou_loop_var_get(loop, param->variable, value);
}

/* ---- Resources and lists ---- */

/* A list of paths, as far as it can be said without opening anything. */
static int check_paths(const struct iou_decl *param, const char *text, struct iou_err *err)
{
	IOU_CLEANUP(iou_path_list_release) struct iou_path_list list = {};

	return iou_path_list_read(&list, param->name, text, false, err);
}

/* 0, or -EINVAL for what is not of @param's form. */
static int check_text(const struct iou_decl *param, const char *text)
{
	IOU_FREE char *host = NULL, *port = NULL;
	uint64_t nr, size;

	switch (param->kind) {
	case IOU_KIND_LISTEN:
	case IOU_KIND_CONNECT:
		return iou_parse_address(text, &host, &port);
	case IOU_KIND_MEM:
	case IOU_KIND_BUFFERS:
	case IOU_KIND_BUF_RING:
	case IOU_KIND_PIPES:
		return iou_parse_blocks(text, &nr, &size);
	case IOU_KIND_DIRECT:
		return iou_parse_u64(text, &nr);
	default:
		return text[0] ? 0 : -EINVAL;
	}
}

static int set_resource(struct iou_loop *loop, const struct iou_decl *param, const char *text,
			struct iou_err *err)
{
	char **slot = &loop->texts[param - loop->decls.list];
	char *copy;
	int ret = 0;

	if (check_text(param, text))
		return not_of_form(param, text, err);
	if (param->kind == IOU_KIND_PATHS)
		ret = check_paths(param, text, err);
	else if (param->kind == IOU_KIND_CHOICES)
		ret = iou_choices_set(loop, param, text, err);
	else if (param->kind == IOU_KIND_STEPS)
		ret = iou_steps_set(loop, param, text, err);
	if (ret)
		return ret;
	copy = strdup(text);
	if (!copy)
		return iou_err_set(err, IOU_CAUSE_FAILED, "usage", ENOMEM, "cannot set '%s'",
				   param->name);
	free(*slot);
	*slot = copy;
	return 0;
}

const char *iou_loop_param_text(const struct iou_loop *loop, const struct iou_decl *param)
{
	return loop->texts[param - loop->decls.list] ?: param->def;
}

int iou_loop_param_set(struct iou_loop *loop, const struct iou_decl *param, const char *text,
		       struct iou_err *err)
{
	return iou_kind_is_number(param->kind) ? set_number(loop, param, text, err)
					       : set_resource(loop, param, text, err);
}

static int eval_factor(const struct iou_loop *loop, const char *text, uint64_t *value)
{
	IOU_FREE char *name = NULL;
	const struct iou_decl *param = NULL;
	bool not = text[0] == '!';
	int ret;

	if (iou_parse_u64(text, value) == 0)
		return 0;
	name = strdup(text + not );
	if (!name)
		return -ENOMEM;
	for (char *c = name; *c; c++)
		if (*c == '_')
			*c = '-';
	param = iou_loop_param(loop, name);
	if (!param || param->kind == IOU_KIND_S64 || has_name(param->kind))
		return -EINVAL;
	ret = iou_loop_param_get(loop, param, value);
	if (!ret && not )
		*value = !*value;
	return ret;
}

int iou_loop_eval(const struct iou_loop *loop, const char *text, uint64_t *value)
{
	IOU_FREE char *copy = strdup(text);
	char *rest = copy, *factor;
	uint64_t product = 1, one = 0;
	int ret = copy ? 0 : -ENOMEM;

	while (!ret && (factor = strsep(&rest, "*"))) {
		factor += strspn(factor, " ");
		factor[strcspn(factor, " ")] = '\0';
		ret = eval_factor(loop, factor, &one);
		if (!ret && __builtin_mul_overflow(product, one, &product))
			ret = -ERANGE;
	}
	if (!ret)
		*value = product;
	return ret;
}

int iou_loop_param_blocks(const struct iou_loop *loop, const struct iou_decl *param, uint64_t *nr,
			  uint64_t *size, struct iou_err *err)
{
	const char *text = iou_loop_param_text(loop, param);
	uint64_t blocks = 0, bytes = 1, all;
	int ret = 0;

	if (text && param->kind == IOU_KIND_DIRECT)
		ret = iou_parse_u64(text, &blocks);
	else if (text)
		ret = iou_parse_blocks(text, &blocks, &bytes);
	else
		ret = iou_loop_eval(loop, param->nr, &blocks)
			      ?: param->size ? iou_loop_eval(loop, param->size, &bytes)
					     : 0;
	if (ret || __builtin_mul_overflow(blocks, bytes, &all))
		return iou_err_set(err, IOU_CAUSE_USAGE, "usage", ret == -ENOMEM ? ENOMEM : 0,
				   "'%s' is too large", param->name);
	*nr = blocks;
	*size = bytes;
	return 0;
}
