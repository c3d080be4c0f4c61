// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "survey/survey.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "survey/internal.h"

void iou_survey_gap(struct iou_survey *survey, const char *id, const char *what, const char *fmt,
		    ...)
{
	struct iou_survey_gap *gap = &survey->gaps[survey->gaps_nr];
	va_list args;

	if (survey->gaps_nr == IOU_SURVEY_GAPS_MAX)
		return;
	gap->id = id;
	snprintf(gap->what, sizeof(gap->what), "%s", what);
	va_start(args, fmt);
	vsnprintf(gap->why, sizeof(gap->why), fmt, args);
	va_end(args);
	survey->gaps_nr++;
}

static void iterators_freep(struct iou_iterators **iterators)
{
	iou_iterators_free(*iterators);
}

static int look_by_iterators(struct iou_survey *survey, const struct iou_survey_want *want,
			     struct iou_iterators *iterators)
{
	IOU_FREE void *files = NULL;
	size_t nr = 0;
	int ret = iou_iterate(iterators, "iou_survey_files", want->pid,
			      sizeof(struct iou_file_record), &files, &nr);

	survey->iterated = true;
	if (!ret)
		ret = iou_survey_rings_iterate(survey, files, nr);
	if (!ret && want->loops)
		ret = iou_survey_loops_iterate(survey, iterators, files, nr);
	return ret;
}

/* Without the iterators, @why not. */
static int look_by_proc(struct iou_survey *survey, const struct iou_survey_want *want, int why)
{
	const char *what = "rings' setup flags, requests in flight, submitters, and loops";

	/* -EACCES would be the verifier's. */
	survey->denied = why == -EPERM;
	if (survey->denied)
		iou_survey_gap(survey, "ring-setup", what, "this needs CAP_BPF and CAP_PERFMON");
	else
		iou_survey_gap(survey, "ring-setup", what, "BPF iterators do not work here: %s",
			       strerror(-why));
	return iou_survey_rings_proc(survey, want->pid);
}

int iou_survey(struct iou_survey *survey, const struct iou_survey_want *want, struct iou_err *err)
{
	IOU_CLEANUP(iterators_freep) struct iou_iterators *iterators = NULL;
	struct iou_survey seen = {};
	int ret = iou_iterators_new(&iterators, want->loops);

	if (ret)
		ret = ret == -ENOMEM ? ret : look_by_proc(&seen, want, ret);
	else
		ret = look_by_iterators(&seen, want, iterators);
	if (!ret && want->loops)
		ret = iou_survey_pins(&seen);
	if (ret) {
		iou_survey_release(&seen);
		return iou_err_set(err, IOU_CAUSE_FAILED, "survey", -ret,
				   "cannot look for rings and loops");
	}
	*survey = seen;
	return 0;
}

void iou_survey_release(struct iou_survey *survey)
{
	for (size_t i = 0; i < survey->rings_nr; i++)
		free(survey->rings[i].at.list);
	for (size_t i = 0; i < survey->loops_nr; i++) {
		free(survey->loops[i].holders.list);
		iou_words_release(&survey->loops[i].pins);
	}
	free(survey->rings);
	free(survey->loops);
	iou_words_release(&survey->remains);
	*survey = (struct iou_survey){};
}

const struct iou_survey_ring *iou_survey_find(const struct iou_survey *survey, int32_t pid,
					      int32_t fd)
{
	for (size_t i = 0; i < survey->rings_nr; i++) {
		const struct iou_survey_ats *at = &survey->rings[i].at;

		for (size_t k = 0; k < at->nr; k++)
			if (at->list[k].pid == pid && at->list[k].fd == fd)
				return &survey->rings[i];
	}
	return NULL;
}

const struct iou_survey_ring *iou_survey_ring_of(const struct iou_survey *survey,
						 const struct iou_survey_loop *loop)
{
	for (size_t i = 0; i < survey->rings_nr; i++) {
		const struct iou_survey_ring *ring = &survey->rings[i];

		if (loop->ops ? ring->ops == loop->ops && ring->ctx == loop->ctx
			      : loop->has_meta && ring->ino == loop->meta.ring_ino)
			return ring;
	}
	return NULL;
}

const struct iou_survey_loop *iou_survey_loop_of(const struct iou_survey *survey,
						 const struct iou_survey_ring *ring)
{
	for (size_t i = 0; i < survey->loops_nr; i++)
		if (iou_survey_ring_of(survey, &survey->loops[i]) == ring)
			return &survey->loops[i];
	return NULL;
}
