// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "attach/find.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "attach/attach.h"
#include "base/cleanup.h"
#include "base/parse.h"
#include "survey/survey.h"

/* So many of a process that has just begun are looked at. */
#define RINGS_MAX 64

static int add(struct iou_targets *targets, pid_t pid, int fd, struct iou_err *err)
{
	struct iou_target *list = reallocarray(targets->list, targets->nr + 1, sizeof(*list));
	int ret;

	if (!list)
		return iou_err_set(err, IOU_CAUSE_FAILED, "target", ENOMEM, "cannot take a ring");
	targets->list = list;
	ret = iou_target_take(&list[targets->nr], pid, fd, err);
	if (!ret)
		targets->nr++;
	return ret;
}

/* The first descriptor that leads to the ring; a ring may have several. */
static int first_fd(const struct iou_survey_ring *ring)
{
	int fd = INT_MAX;

	for (size_t i = 0; i < ring->at.nr; i++)
		if (ring->at.list[i].fd < fd)
			fd = ring->at.list[i].fd;
	return fd;
}

/* Of a process that is not there, or that this user may not look into: 0 if it is neither. */
static int not_to_be_had(pid_t pid, struct iou_err *err)
{
	int fd, ret = iou_target_fds(pid, &fd, 0);

	/* /proc may hide what is another user's. */
	if (ret == -ENOENT && kill(pid, 0) && errno == ESRCH)
		return iou_err_set(err, IOU_CAUSE_USAGE, "target", ESRCH, "there is no process %d",
				   pid);
	if (ret >= 0)
		return 0;
	iou_err_set(err, IOU_CAUSE_PERMISSION, "target", -ret,
		    "cannot look for the rings of process %d", pid);
	iou_err_hint(err, "that needs CAP_SYS_PTRACE, or to be its user");
	return ret;
}

static int none(pid_t pid, const struct iou_survey *survey, struct iou_err *err)
{
	int ret = pid ? not_to_be_had(pid, err) : 0;

	if (ret)
		return ret;
	if (pid)
		iou_err_set(err, IOU_CAUSE_USAGE, "target", ENOENT,
			    "process %d has no ring that can be seen", pid);
	else
		iou_err_set(err, IOU_CAUSE_USAGE, "target", ENOENT,
			    "iouctl was started with no ring");
	if (survey->gaps_nr)
		iou_err_hint(err, "%s", survey->gaps[0].why);
	else
		iou_err_hint(err, "'iouctl status --rings' shows all that there are");
	return -ENOENT;
}

static int several(pid_t pid, const struct iou_survey *survey, struct iou_err *err)
{
	char list[256] = "";
	size_t at = 0;

	for (size_t i = 0; i < survey->rings_nr && at < sizeof(list); i++)
		at += (size_t)snprintf(list + at, sizeof(list) - at, "%s%d", i ? ", " : "",
				       first_fd(&survey->rings[i]));
	if (pid)
		iou_err_set(err, IOU_CAUSE_USAGE, "target", 0, "process %d has %zu rings", pid,
			    survey->rings_nr);
	else
		iou_err_set(err, IOU_CAUSE_USAGE, "target", 0, "iouctl was started with %zu rings",
			    survey->rings_nr);
	iou_err_hint(err, "choose one with --ring-fd, of %s, or 'all' of them", list);
	return -EINVAL;
}

static int find_all(struct iou_targets *targets, pid_t pid, bool only_one, struct iou_err *err)
{
	const struct iou_survey_want want = {.pid = pid ?: getpid()};
	struct iou_survey survey = {};
	int ret = iou_survey(&survey, &want, err);

	if (!ret && !survey.rings_nr)
		ret = none(pid, &survey, err);
	else if (!ret && only_one && survey.rings_nr > 1)
		ret = several(pid, &survey, err);
	for (size_t i = 0; i < survey.rings_nr && !ret; i++) {
		ret = add(targets, pid, first_fd(&survey.rings[i]), err);
		/* It was closed meanwhile. */
		if (ret == -EBADF && !only_one) {
			iou_err_release(err);
			ret = 0;
		}
	}
	if (!ret && !targets->nr)
		ret = none(pid, &survey, err);
	iou_survey_release(&survey);
	return ret;
}

/* @fd is -1 for a word. */
static int parse_which(const char *which, int *fd, struct iou_err *err)
{
	uint64_t value;

	*fd = -1;
	if (strcmp(which, "auto") == 0 || strcmp(which, "all") == 0)
		return 0;
	if (iou_parse_u64(which, &value) || value > INT_MAX)
		return iou_err_set(err, IOU_CAUSE_USAGE, "usage", 0,
				   "'%s' is neither a descriptor nor 'auto' or 'all'", which);
	*fd = (int)value;
	return 0;
}

int iou_targets_check(const char *which, struct iou_err *err)
{
	int fd;

	return parse_which(which, &fd, err);
}

int iou_targets_find(struct iou_targets *targets, pid_t pid, const char *which, struct iou_err *err)
{
	struct iou_targets found = {};
	int fd, ret = parse_which(which, &fd, err);

	if (!ret && fd < 0)
		ret = find_all(&found, pid, strcmp(which, "auto") == 0, err);
	else if (!ret)
		ret = add(&found, pid, fd, err);
	if (ret) {
		iou_targets_release(&found);
		return ret;
	}
	*targets = found;
	return 0;
}

/* ---- Of a process that has just begun ---- */

static bool has(const struct iou_targets *targets, uint64_t inode)
{
	for (size_t i = 0; i < targets->nr; i++)
		if (targets->list[i].inode == inode)
			return true;
	return false;
}

/* Take one, if @loop may be bound to it. */
static int look_at(struct iou_targets *targets, const struct iou_loop *loop, pid_t pid, int fd,
		   struct iou_refused *refused, struct iou_err *err)
{
	struct iou_err why = {};
	struct iou_target *last;
	int ret = add(targets, pid, fd, &why);

	if (ret == -EBADF || ret == -ESRCH || ret == -ENOENT) {
		iou_err_release(&why);
		return 0;
	}
	if (ret && ret != -EBUSY) {
		iou_err_release(err);
		*err = why;
		return ret;
	}
	last = ret ? NULL : &targets->list[targets->nr - 1];
	if (last) {
		targets->nr--;
		ret = has(targets, last->inode) ? -EEXIST : iou_attach_check(loop, last, &why);
		targets->nr++;
	}
	if (!ret)
		return 0;
	if (ret != -EEXIST && refused->ring_fd < 0) {
		refused->ring_fd = fd;
		refused->inode = last ? last->inode : UINT64_MAX;
		refused->why = why;
	} else {
		iou_err_release(&why);
	}
	if (last) {
		iou_target_release(last);
		targets->nr--;
	}
	return 0;
}

int iou_targets_look(struct iou_targets *targets, const struct iou_loop *loop, pid_t pid,
		     const char *which, struct iou_refused *refused, struct iou_err *err)
{
	bool all = strcmp(which, "all") == 0;
	struct iou_targets found = {};
	int fds[RINGS_MAX], nr = iou_target_fds(pid, fds, RINGS_MAX), wanted,
			    ret = parse_which(which, &wanted, err);

	if (!ret && nr < 0 && nr != -ENOENT)
		ret = iou_err_set(err, nr == -EACCES ? IOU_CAUSE_PERMISSION : IOU_CAUSE_FAILED,
				  "target", -nr, "cannot look for the rings of process %d", pid);
	for (int i = 0; i < nr && !ret && (all || !found.nr); i++)
		if (wanted < 0 || fds[i] == wanted)
			ret = look_at(&found, loop, pid, fds[i], refused, err);
	if (!ret && !found.nr)
		ret = -EAGAIN;
	if (ret) {
		iou_targets_release(&found);
		return ret;
	}
	*targets = found;
	return 0;
}

void iou_targets_release(struct iou_targets *targets)
{
	for (size_t i = 0; i < targets->nr; i++)
		iou_target_release(&targets->list[i]);
	free(targets->list);
	*targets = (struct iou_targets){};
}
