// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Parameters that are lists of numbers at times. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/parse.h"
#include "loop/internal.h"

struct step {
	uint64_t count, ns;
};

static int wrong(const struct iou_decl *param, const char *text, const char *why,
		 struct iou_err *err)
{
	iou_err_set(err, IOU_CAUSE_USAGE, "usage", 0, "%s='%s' is not a list such as 32@50us,1@1ms",
		    param->name, text);
	if (why)
		iou_err_hint(err, "%s", why);
	return -EINVAL;
}

/* "32@50us" */
static int parse_step(char *word, struct step *step)
{
	char *at = strchr(word, '@');

	if (!at)
		return -EINVAL;
	*at = '\0';
	if (iou_parse_u64(word, &step->count) || iou_parse_duration(at + 1, &step->ns))
		return -EINVAL;
	return step->count && step->count <= UINT32_MAX ? 0 : -ERANGE;
}

int iou_steps_set(struct iou_loop *loop, const struct iou_decl *param, const char *text,
		  struct iou_err *err)
{
	IOU_FREE char *copy = strdup(text);
	char *rest = text[0] ? copy : NULL, *word, field[32];
	struct step steps[IOU_STEPS_MAX];
	size_t nr = 0;
	int ret = 0;

	if (!copy)
		return iou_err_set(err, IOU_CAUSE_FAILED, "usage", ENOMEM, "cannot set '%s'",
				   param->name);
	for (; (word = strsep(&rest, ",")); nr++) {
		if (nr == IOU_STEPS_MAX)
			return wrong(param, text, "it has more than 8 steps", err);
		ret = parse_step(word, &steps[nr]);
		if (ret)
			return wrong(param, text,
				     ret == -ERANGE ? "numbers go from 1 to 4294967295" : NULL,
				     err);
		if (nr && steps[nr].ns <= steps[nr - 1].ns)
			return wrong(param, text, "each time has to be later than the one before",
				     err);
	}
	for (size_t i = 0; i < nr && !ret; i++) {
		snprintf(field, sizeof(field), "counts[%zu]", i);
		ret = iou_param_set_field(loop, param, field, steps[i].count, err);
		snprintf(field, sizeof(field), "ns[%zu]", i);
		ret = ret ?: iou_param_set_field(loop, param, field, steps[i].ns, err);
	}
	return ret ?: iou_param_set_field(loop, param, "nr", nr, err);
}
