// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "attach/detach.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "attach/leave.h"
#include "attach/pin.h"
#include "attach/reach.h"
#include "base/cleanup.h"

static void describe(struct iou_detached *done, const struct iou_meta *meta, const char *pin)
{
	snprintf(done->loop, sizeof(done->loop), "%s", meta->loop);
	snprintf(done->pin, sizeof(done->pin), "%s", pin);
	done->pid = meta->pid;
}

int iou_detach_pin(const char *path, struct iou_detached *done, struct iou_err *err)
{
	struct iou_reached reached = {};
	int ret = iou_reach_pin(&reached, path, err);

	if (ret)
		return ret;
	*done = (struct iou_detached){};
	describe(done, &reached.meta, path);
	done->left = iou_attach_leave(reached.loop);
	iou_reached_release(&reached);
	ret = iou_pin_remove(path);
	if (ret)
		return iou_err_set(err, IOU_CAUSE_FAILED, "detach", -ret, "cannot remove '%s'",
				   path);
	return 0;
}

/* One that iouctl did not bind: its link is all that is known. */
static int detach_link(const struct iou_survey_loop *seen, struct iou_detached *done,
		       struct iou_err *err)
{
	IOU_CLOSE int link = bpf_link_get_fd_by_id(seen->link_id);

	if (link == -EPERM || link == -EACCES) {
		iou_err_set(err, IOU_CAUSE_PERMISSION, "detach", -link, "cannot open loop %u",
			    seen->map_id);
		iou_err_hint(err,
			     "that needs CAP_SYS_ADMIN; what is pinned can be named by its pin");
		return link;
	}
	if (link < 0)
		return iou_err_set(err, IOU_CAUSE_FAILED, "detach", -link,
				   "cannot open the link of loop %u", seen->map_id);
	snprintf(done->loop, sizeof(done->loop), "%s", seen->map_name);
	done->left = iou_link_detach(link) ? IOU_LEFT_UNHEARD : IOU_LEFT_STILL_ON;
	return 0;
}

int iou_detach(const struct iou_survey_loop *seen, struct iou_detached *done, struct iou_err *err)
{
	struct iou_detached result = {};
	struct iou_reached reached = {};
	char folder[PATH_MAX];
	int ret;

	if (seen->has_meta && iou_reach_own_pin(seen, folder, sizeof(folder))) {
		ret = iou_detach_pin(folder, &result, err);
	} else if (!seen->has_meta) {
		ret = detach_link(seen, &result, err);
	} else {
		ret = iou_reach(&reached, seen, err);
		if (!ret) {
			describe(&result, &reached.meta, "");
			result.left = iou_attach_leave(reached.loop);
		}
		iou_reached_release(&reached);
	}
	if (ret)
		return ret;
	result.id = seen->map_id;
	*done = result;
	return 0;
}
