// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "paramtext.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/names.h"
#include "base/text.h"

/* The word, or NULL: what was checked when the object was opened may be in memory that the loop
 * writes to. */
static const char *choice_text(const struct iou_decl *param, uint64_t value)
{
	return value < param->choices_nr ? param->choices[value] : NULL;
}

static const char *opcode_text(uint64_t value)
{
	return value == IOU_OPCODE_ANY ? "any" : iou_opcode_name((unsigned int)value) ?: "";
}

/* As a user may write it, but for the space before a unit. */
static char *number_text(char *buf, size_t size, const struct iou_decl *param, uint64_t value)
{
	switch (param->kind) {
	case IOU_KIND_S64:
		snprintf(buf, size, "%" PRId64, (int64_t)value);
		return buf;
	case IOU_KIND_FLAG:
		snprintf(buf, size, "%s", value ? "yes" : "no");
		return buf;
	case IOU_KIND_CHOICE:
		snprintf(buf, size, "%s", choice_text(param, value) ?: "");
		return buf;
	case IOU_KIND_ERRNO:
		snprintf(buf, size, "%s", iou_errno_name((int)value));
		return buf;
	case IOU_KIND_OPCODE:
		snprintf(buf, size, "%s", opcode_text(value));
		return buf;
	case IOU_KIND_SHARE:
		return iou_text_share(buf, size, value);
	case IOU_KIND_DURATION:
		return iou_text_duration(buf, size, (double)value);
	case IOU_KIND_SIZE:
		return iou_text_size(buf, size, value);
	default:
		snprintf(buf, size, "%" PRIu64, value);
		return buf;
	}
}

static char *words_text(char *buf, size_t size, const struct iou_decl *param)
{
	size_t at = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < param->choices_nr && at < size; i++)
		at += (size_t)snprintf(buf + at, size - at, "%s%s", i ? ", " : "",
				       param->choices[i]);
	return buf;
}

/* Whether @param's upper bound is no more than the end of its type, or of what counts as one. */
static bool is_open(const struct iou_decl *param)
{
	return param->max.u >= (param->kind == IOU_KIND_U32 ? UINT32_MAX : INT64_MAX);
}

static char *range_text(char *buf, size_t size, const struct iou_decl *param)
{
	bool is_signed = param->kind == IOU_KIND_S64;
	bool open = is_signed ? param->max.s == INT64_MAX : is_open(param);
	char min[32], max[32];

	number_text(min, sizeof(min), param, param->min.u);
	number_text(max, sizeof(max), param, param->max.u);
	if (is_signed && param->min.s == INT64_MIN)
		snprintf(buf, size, "%s%s", open ? "any" : "up to ", open ? "" : max);
	else if (open)
		snprintf(buf, size, "%s or more", min);
	else
		snprintf(buf, size, "%s to %s", min, max);
	return buf;
}

char *iou_param_values_text(char *buf, size_t size, const struct iou_decl *param)
{
	if (iou_kind_has_choices(param->kind))
		return words_text(buf, size, param);
	switch (param->kind) {
	case IOU_KIND_FLAG:
		snprintf(buf, size, "yes or no");
		return buf;
	case IOU_KIND_ERRNO:
		snprintf(buf, size, "such as EIO");
		return buf;
	case IOU_KIND_OPCODE:
		snprintf(buf, size, "such as read, or any");
		return buf;
	case IOU_KIND_STEPS:
		snprintf(buf, size, "such as 32@50us,1@1ms");
		return buf;
	default:
		buf[0] = '\0';
		return iou_kind_is_number(param->kind) ? range_text(buf, size, param) : buf;
	}
}

/* Whether @param, which has no default, is nothing unless it is set. */
static bool is_none(const struct iou_decl *param)
{
	return param->optional || param->kind == IOU_KIND_CHOICES || param->kind == IOU_KIND_STEPS;
}

char *iou_param_default_text(char *buf, size_t size, const struct iou_loop *loop,
			     const struct iou_decl *param)
{
	uint64_t value;

	buf[0] = '\0';
	if (iou_kind_is_number(param->kind))
		return iou_loop_param_get(loop, param, &value)
			       ? buf
			       : number_text(buf, size, param, value);
	if (param->nr)
		snprintf(buf, size, "%s%s%s", param->nr, param->size ? " x " : "",
			 param->size ?: "");
	else
		snprintf(buf, size, "%s", param->def ?: is_none(param) ? "none" : "");
	return buf;
}

static struct iou_doc *add_words(struct iou_doc *in, const char *key, const char *label,
				 const char *text)
{
	struct iou_doc *list = iou_doc_array(in, key);
	IOU_FREE char *copy = strdup(text ?: "");
	char *rest = copy && copy[0] ? copy : NULL, *word;

	if (label)
		iou_doc_label(list, label);
	while ((word = strsep(&rest, ",")))
		iou_doc_string(list, NULL, NULL, word);
	return list;
}

struct iou_doc *iou_param_add_value(struct iou_doc *in, const char *key, const char *label,
				    const struct iou_loop *loop, const struct iou_decl *param)
{
	uint64_t value = 0, nr, size;
	char text[64];

	if (iou_kind_is_number(param->kind) && iou_loop_param_get(loop, param, &value))
		return NULL;
	switch (param->kind) {
	case IOU_KIND_S64:
		return iou_doc_s64(in, key, label, (int64_t)value);
	case IOU_KIND_FLAG:
		return iou_doc_bool(in, key, label, value);
	case IOU_KIND_CHOICE:
		return iou_doc_string(in, key, label, choice_text(param, value));
	case IOU_KIND_ERRNO:
		return iou_doc_string(in, key, label, iou_errno_name((int)value));
	case IOU_KIND_OPCODE:
		return iou_doc_string(in, key, label,
				      value == IOU_OPCODE_ANY ? NULL : opcode_text(value));
	case IOU_KIND_CHOICES:
	case IOU_KIND_STEPS:
		return add_words(in, key, label, iou_loop_param_text(loop, param));
	case IOU_KIND_INFILE:
	case IOU_KIND_OUTFILE:
	case IOU_KIND_LISTEN:
	case IOU_KIND_CONNECT:
	case IOU_KIND_TARGETS:
	case IOU_KIND_PATHS:
		return iou_doc_string(in, key, label, iou_loop_param_text(loop, param));
	case IOU_KIND_MEM:
	case IOU_KIND_BUFFERS:
	case IOU_KIND_BUF_RING:
	case IOU_KIND_PIPES:
	case IOU_KIND_DIRECT:
		if (iou_loop_param_blocks(loop, param, &nr, &size, NULL))
			return NULL;
		if (param->kind == IOU_KIND_DIRECT)
			return iou_doc_u64(in, key, label, nr);
		snprintf(text, sizeof(text), "%" PRIu64 "x%" PRIu64, nr, size);
		return iou_doc_string(in, key, label, text);
	default:
		return iou_doc_u64(in, key, label, value);
	}
}
