// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "probe/probe.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/cleanup.h"
#include "probe/checks.h"
#include "session/session.h"

const char *iou_answer_name(enum iou_answer answer)
{
	static const char *const names[] = {
		[IOU_ANSWER_NO] = "no",
		[IOU_ANSWER_YES] = "yes",
		[IOU_ANSWER_UNKNOWN] = "unknown",
	};

	return names[answer];
}

void iou_probe_add(struct iou_probe *probe, const struct iou_check *check, const char *id,
		   const char *what, const char *why)
{
	struct iou_check *list = reallocarray(probe->list, probe->nr + 1, sizeof(*list));
	struct iou_check added = *check;

	if (!list) {
		probe->verdict.errnum = ENOMEM;
		return;
	}
	probe->list = list;
	added.id = strdup(id);
	added.what = strdup(what);
	added.why = strdup(why);
	if (!added.id || !added.what || !added.why)
		probe->verdict.errnum = ENOMEM;
	list[probe->nr++] = added;
}

void iou_probe_release(struct iou_probe *probe)
{
	for (size_t i = 0; i < probe->nr; i++) {
		free(probe->list[i].id);
		free(probe->list[i].what);
		free(probe->list[i].why);
	}
	free(probe->list);
	iou_err_release(&probe->verdict);
	*probe = (struct iou_probe){};
}

static const struct iou_check *find(const struct iou_probe *probe, const char *id)
{
	for (size_t i = 0; i < probe->nr; i++)
		if (strcmp(probe->list[i].id, id) == 0)
			return &probe->list[i];
	return NULL;
}

/* Run one NOP through the built-in loop: everything that `iouctl run` does. */
static int try_loop(struct iou_err *err)
{
	const struct iou_session_config config = {};
	const struct iou_run_config run_config = {.timeout_ns = 10000000000};
	struct iou_session session = IOU_SESSION_INIT;
	struct iou_image image = {};
	struct iou_loop *loop = NULL;
	struct iou_run run = {};
	int ret = iou_image_find(&image, "nop-chain", err);

	if (!ret)
		ret = iou_loop_open(&loop, &image, NULL, err);
	if (!ret)
		ret = iou_loop_param_set(loop, iou_loop_param(loop, "count"), "1", err);
	if (!ret)
		ret = iou_session_open(&session, loop, &config, err);
	if (!ret)
		ret = iou_session_run(&session, &run_config, &run, err);
	if (!ret && run.stop != IOU_STOP_DONE)
		ret = iou_err_set(err, IOU_CAUSE_FAILED, "run", EIO, "the loop ended: %s",
				  iou_stop_name(run.stop));
	iou_loop_free(loop);
	iou_session_release(&session);
	iou_image_release(&image);
	return ret;
}

/* Loops cannot run: because of the kernel, or because of what this process may do. */
static void judge(struct iou_probe *probe, int ret)
{
	struct iou_err *err = &probe->verdict;
	const struct iou_check *bpf = find(probe, "seccomp-bpf");
	const struct iou_check *setup = find(probe, "seccomp-io-uring-setup");

	if ((bpf && bpf->answer == IOU_ANSWER_NO) || (setup && setup->answer == IOU_ANSWER_NO))
		err->cause = IOU_CAUSE_PERMISSION;
	if (err->cause == IOU_CAUSE_UNSUPPORTED || err->cause == IOU_CAUSE_PERMISSION)
		return;
	/* A limit that is in the way is this process's; a loop that is refused, the kernel's. */
	err->cause = ret == -EPERM || ret == -EACCES || ret == -ENOMEM || ret == -EMFILE ||
				     ret == -ENFILE
			     ? IOU_CAUSE_PERMISSION
			     : IOU_CAUSE_UNSUPPORTED;
}

/*
 * Linux 7.1.0 to 7.1.4 free a struct_ops map's value too early when it is attached twice. Fixes
 * and faults are backported, so a version can only make suspicious.
 */
static bool is_suspect(const char *release)
{
	unsigned int major, minor, patch = 0;
	int nr = sscanf(release, "%u.%u.%u", &major, &minor, &patch);

	return nr >= 2 && major == 7 && minor == 1 && patch <= 4;
}

int iou_probe_run(struct iou_probe *probe)
{
	struct iou_probe made = {};
	struct iou_err err = {};
	struct utsname uts;
	int ret;

	uname(&uts);
	snprintf(made.release, sizeof(made.release), "%s", uts.release);
	made.suspect_cve_2026_72112 = is_suspect(uts.release);
	iou_probe_kernel(&made);
	iou_probe_rings(&made);
	iou_probe_permissions(&made);

	ret = try_loop(&err);
	iou_probe_add(&made,
		      &(struct iou_check){
			      .group = "trial",
			      .answer = ret ? IOU_ANSWER_NO : IOU_ANSWER_YES,
			      .needed = true,
		      },
		      "run", "a loop runs (one NOP through nop-chain)", ret ? err.message : "");
	if (made.verdict.errnum == ENOMEM) {
		iou_err_release(&err);
		iou_probe_release(&made);
		return -ENOMEM;
	}
	made.can_run = !ret;
	made.verdict = err;
	if (ret)
		judge(&made, ret);
	*probe = made;
	return 0;
}
