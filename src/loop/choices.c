// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Parameters that are words: one of several, or a list of them. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "loop/internal.h"

static int no_such_word(const struct iou_decl *param, const char *word, struct iou_err *err)
{
	const char *nearest = iou_text_nearest(word, (const char *const *)param->choices);
	const char *be = param->kind == IOU_KIND_CHOICES ? "have" : "be";
	char list[512] = "";
	size_t at = 0;

	for (size_t i = 0; i < param->choices_nr && at < sizeof(list); i++)
		at += (size_t)snprintf(list + at, sizeof(list) - at, "%s%s", i ? ", " : "",
				       param->choices[i]);
	iou_err_set(err, IOU_CAUSE_USAGE, "usage", 0, "%s cannot %s '%s'", param->name, be, word);
	if (nearest)
		iou_err_hint(err, "did you mean '%s'? It can %s: %s", nearest, be, list);
	else
		iou_err_hint(err, "it can %s: %s", be, list);
	return -EINVAL;
}

int iou_choice_find(const struct iou_decl *param, const char *word, uint64_t *value,
		    struct iou_err *err)
{
	for (size_t i = 0; i < param->choices_nr; i++)
		if (strcmp(param->choices[i], word) == 0) {
			*value = i;
			return 0;
		}
	return no_such_word(param, word, err);
}

int iou_param_set_field(struct iou_loop *loop, const struct iou_decl *param, const char *field,
			uint64_t value, struct iou_err *err)
{
	char path[128];
	int ret;

	snprintf(path, sizeof(path), "%s.%s", param->variable, field);
	ret = iou_loop_var_set(loop, path, value);
	if (ret) {
		iou_err_set(err, IOU_CAUSE_REJECTED, "open", 0, "cannot set '%s'", path);
		iou_err_hint(err, "'%s' is not of the type that its declaration tells",
			     param->variable);
	}
	return ret;
}

int iou_choices_set(struct iou_loop *loop, const struct iou_decl *param, const char *text,
		    struct iou_err *err)
{
	IOU_FREE char *copy = strdup(text);
	uint64_t numbers[IOU_CHOICES_MAX], nr = 0;
	char *rest = text[0] ? copy : NULL, *word, field[32];
	int ret = 0;

	if (!copy)
		return iou_err_set(err, IOU_CAUSE_FAILED, "usage", ENOMEM, "cannot set '%s'",
				   param->name);
	while (!ret && (word = strsep(&rest, ","))) {
		if (nr == IOU_CHOICES_MAX)
			return iou_err_set(err, IOU_CAUSE_USAGE, "usage", 0,
					   "%s has more than %d words", param->name,
					   IOU_CHOICES_MAX);
		ret = iou_choice_find(param, word, &numbers[nr++], err);
	}
	for (uint64_t i = 0; i < nr && !ret; i++) {
		snprintf(field, sizeof(field), "words[%d]", (int)i);
		ret = iou_param_set_field(loop, param, field, numbers[i], err);
	}
	return ret ?: iou_param_set_field(loop, param, "nr", nr, err);
}

static int set_list(struct iou_loop *loop, const struct iou_decl *param)
{
	const char *text = param->def ?: "";

	if (param->what != IOU_DECL_PARAM)
		return 0;
	if (param->kind == IOU_KIND_CHOICES)
		return iou_choices_set(loop, param, text, NULL);
	return param->kind == IOU_KIND_STEPS ? iou_steps_set(loop, param, text, NULL) : 0;
}

int iou_loop_set_lists(struct iou_loop *loop, struct iou_err *err)
{
	for (size_t i = 0; i < loop->decls.nr; i++) {
		const struct iou_decl *decl = &loop->decls.list[i];

		if (set_list(loop, decl))
			return iou_err_set(err, IOU_CAUSE_REJECTED, "open", 0,
					   "the default of '%s' is not a list of its %s",
					   decl->name,
					   decl->kind == IOU_KIND_STEPS ? "kind" : "words");
	}
	return 0;
}
