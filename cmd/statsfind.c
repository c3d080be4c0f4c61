// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "statsfind.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/parse.h"
#include "report.h"

void iou_stats_loops_release(struct iou_stats_loops *loops)
{
	for (size_t i = 0; i < loops->nr; i++)
		iou_reached_release(&loops->list[i].reached);
	free(loops->list);
	iou_survey_release(&loops->survey);
	*loops = (struct iou_stats_loops){};
}

static bool is_there(const struct iou_stats_loops *loops, uint32_t id)
{
	for (size_t i = 0; i < loops->nr; i++)
		if (id && loops->list[i].id == id)
			return true;
	return false;
}

static const struct iou_survey_loop *find_seen(const struct iou_survey *survey, uint32_t id)
{
	for (size_t i = 0; i < survey->loops_nr; i++)
		if (id && survey->loops[i].map_id == id)
			return &survey->loops[i];
	return NULL;
}

/* Without the iterators a loop is taken for bound as long as its link and its program are there. */
static void look(const struct iou_survey *survey, struct iou_stats_loop *loop)
{
	const struct iou_meta *meta = &loop->reached.meta;

	loop->time_ns = iou_clock_real();
	if (loop->seen)
		loop->ring = iou_survey_ring_of(survey, loop->seen);
	if (loop->seen && loop->seen->has_bound) {
		loop->has_bound = true;
		loop->bound = loop->seen->bound;
	} else if (loop->reached.loop &&
		   (iou_reached_is_off(&loop->reached) ||
		    (meta->pid > 0 && kill(meta->pid, 0) && errno == ESRCH))) {
		loop->has_bound = true;
	}
}

/* Takes what is in @loop. */
static int add(struct iou_stats_loops *loops, struct iou_stats_loop *loop, struct iou_err *err)
{
	struct iou_stats_loop *list = reallocarray(loops->list, loops->nr + 1, sizeof(*list));

	if (!list) {
		iou_reached_release(&loop->reached);
		return iou_err_set(err, IOU_CAUSE_FAILED, "stats", ENOMEM, "cannot list loops");
	}
	look(&loops->survey, loop);
	loops->list = list;
	list[loops->nr++] = *loop;
	return 0;
}

static void report(struct iou_stats_loops *loops, struct iou_err *err, enum iou_format format)
{
	int code = iou_report_error(err, format);

	loops->failed = loops->failed ?: code;
	*err = (struct iou_err){};
}

static int add_pin(struct iou_stats_loops *loops, const char *path, struct iou_err *err)
{
	struct iou_stats_loop loop = {.pin = path};
	int ret = iou_reach_pin(&loop.reached, path, err);

	if (ret)
		return ret;
	iou_reached_ids(&loop.reached, &loop.link_id, &loop.id);
	loop.seen = find_seen(&loops->survey, loop.id);
	if (!is_there(loops, loop.id))
		return add(loops, &loop, err);
	iou_reached_release(&loop.reached);
	return 0;
}

/* A loop that goes between two looks at it is none that failed. */
static bool has_gone(const struct iou_survey_loop *seen)
{
	const struct iou_survey_want want = {.loops = true};
	struct iou_survey survey = {};
	struct iou_err err = {};
	bool gone = !iou_survey(&survey, &want, &err) && !find_seen(&survey, seen->map_id);

	iou_survey_release(&survey);
	iou_err_release(&err);
	return gone;
}

static int add_seen(struct iou_stats_loops *loops, const struct iou_survey_loop *seen,
		    enum iou_format format, struct iou_err *err)
{
	struct iou_stats_loop loop = {.seen = seen, .id = seen->map_id, .link_id = seen->link_id};
	struct iou_err failed = {};
	char folder[PATH_MAX];
	int ret = 0;

	if (is_there(loops, seen->map_id))
		return 0;
	if (seen->has_meta && iou_reach_own_pin(seen, folder, sizeof(folder)))
		ret = iou_reach_pin(&loop.reached, folder, &failed);
	else if (seen->has_meta)
		ret = iou_reach(&loop.reached, seen, &failed);
	if (!ret)
		return add(loops, &loop, err);
	if (has_gone(seen))
		iou_err_release(&failed);
	else
		report(loops, &failed, format);
	return 0;
}

/* What was named, and is not there, although all loops are seen, or since they are not. */
static int missing(const struct iou_stats_loops *loops, const struct iou_which_args *which,
		   const char *id, struct iou_err *err)
{
	const struct iou_survey *survey = &loops->survey;
	bool blind = !survey->iterated && survey->gaps_nr;

	if (!id && !which->pid && !blind)
		return 0; /* all of none */
	if (id)
		iou_err_set(err, IOU_CAUSE_USAGE, "stats", 0, "no loop with the ID %s %s", id,
			    blind ? "can be seen" : "is there");
	else if (which->pid && which->ring_fd >= 0)
		iou_err_set(err, IOU_CAUSE_USAGE, "stats", 0, "no loop %s on ring fd %d of %d",
			    blind ? "can be seen" : "is", which->ring_fd, which->pid);
	else if (which->pid)
		iou_err_set(err, IOU_CAUSE_USAGE, "stats", 0, "no loop %s on a ring of %d",
			    blind ? "can be seen" : "is", which->pid);
	else
		iou_err_set(err, IOU_CAUSE_USAGE, "stats", 0, "no loop can be seen");
	if (blind) {
		err->cause = IOU_CAUSE_PERMISSION;
		iou_err_hint(err, "%s; what is pinned can be named by its pin",
			     survey->gaps[0].why);
		return -EPERM;
	}
	iou_err_hint(err, "'iouctl status' shows those that are bound");
	return -ENOENT;
}

static int find_named(struct iou_stats_loops *loops, const struct iou_which_args *which,
		      struct iou_err *err)
{
	uint64_t id = 0;

	for (size_t i = 0; i < which->which_nr && !loops->failed; i++) {
		if (iou_which_is_pin(which->which[i]) || iou_parse_u64(which->which[i], &id) ||
		    (id <= UINT32_MAX && is_there(loops, (uint32_t)id)))
			continue;
		return missing(loops, which, which->which[i], err);
	}
	return loops->nr || loops->failed ? 0 : missing(loops, which, NULL, err);
}

int iou_stats_find(struct iou_stats_loops *loops, const struct iou_which_args *which,
		   enum iou_format format, struct iou_err *err)
{
	const struct iou_survey_want want = {.loops = true};
	int ret = iou_survey(&loops->survey, &want, err);

	for (size_t i = 0; i < which->which_nr && !ret; i++)
		if (iou_which_is_pin(which->which[i]))
			ret = add_pin(loops, which->which[i], err);
	for (size_t i = 0; i < loops->survey.loops_nr && !ret; i++)
		if (iou_which_means(which, &loops->survey, &loops->survey.loops[i]))
			ret = add_seen(loops, &loops->survey.loops[i], format, err);
	return ret ?: find_named(loops, which, err);
}
