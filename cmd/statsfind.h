/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The loops that 'iouctl stats' is for, as they are at a moment. */
#pragma once

#include "attach/reach.h"
#include "survey/survey.h"
#include "whichloops.h"

/* A loop that is bound, or was. */
struct iou_stats_loop {
	const struct iou_survey_loop *seen; /* of the survey; NULL: it was not seen */
	const struct iou_survey_ring *ring; /* the same for its ring */
	struct iou_reached reached;         /* its loop is NULL for one that iouctl did not bind */
	uint32_t id, link_id;               /* 0: not known */
	const char *pin;                    /* that it was named by, or NULL */
	bool has_bound, bound;              /* to a ring */
	uint64_t time_ns;                   /* CLOCK_REALTIME, when it was looked at */
};

struct iou_stats_loops {
	struct iou_survey survey;
	struct iou_stats_loop *list;
	size_t nr;
	int failed; /* exit code of those that were left out: they were reported, each */
};

/*
 * Look for all that @which means. One that goes meanwhile is not there. Those that cannot be read
 * are reported in @format and left out. @err: of the survey, and where something that was named is
 * not there: USAGE, with ENOENT; PERMISSION where loops cannot be seen. To be released.
 */
int iou_stats_find(struct iou_stats_loops *loops, const struct iou_which_args *which,
		   enum iou_format format, struct iou_err *err);
void iou_stats_loops_release(struct iou_stats_loops *loops);
