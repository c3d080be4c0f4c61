// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Parameters: from what users write to what the program sees. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/parse.h"
#include "loop/loop.h"

static const char *form_of(enum iou_kind kind)
{
	switch (kind) {
	case IOU_KIND_SIZE:
		return "a size such as 4096, 128K or 1M";
	case IOU_KIND_DURATION:
		return "a duration such as 50us, 200ms or 1.5s";
	case IOU_KIND_FLAG:
		return "yes or no";
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

static bool in_range(const struct iou_decl *param, uint64_t value)
{
	if (param->kind == IOU_KIND_S64)
		return (int64_t)value >= param->min.s && (int64_t)value <= param->max.s;
	return value >= param->min.u && value <= param->max.u;
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

int iou_loop_param_set(struct iou_loop *loop, const struct iou_decl *param, const char *text,
		       struct iou_err *err)
{
	const char *name = param->name;
	uint64_t value = 0;
	char range[128];
	int ret = parse_value(param, text, &value);

	if (ret == -EINVAL) {
		iou_err_set(err, IOU_CAUSE_USAGE, "usage", 0, "%s='%s' is not %s", name, text,
			    form_of(param->kind));
		return ret;
	}
	if (ret || !in_range(param, value)) {
		range_text(param, range, sizeof(range));
		iou_err_set(err, IOU_CAUSE_USAGE, "usage", 0, "%s=%s is out of range", name, text);
		iou_err_hint(err, "%s goes from %s", name, range);
		return -ERANGE;
	}
	ret = iou_loop_var_set(loop, param->variable, value);
	if (ret)
		return iou_err_set(err, IOU_CAUSE_FAILED, "usage", -ret, "cannot set '%s'", name);
	return 0;
}

int iou_loop_param_get(const struct iou_loop *loop, const struct iou_decl *param, uint64_t *value)
{
	return iou_loop_var_get(loop, param->variable, value);
}
