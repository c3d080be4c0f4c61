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

/* What the kernel says where it does not detach. 0 for all that leaves no more to do. */
static int check_left(enum iou_left left, int errnum, const char *what, struct iou_err *err)
{
	if (left != IOU_LEFT_FAILED)
		return 0;
	iou_err_set(err,
		    errnum == EPERM || errnum == EACCES ? IOU_CAUSE_PERMISSION : IOU_CAUSE_FAILED,
		    "detach", errnum, "cannot detach '%s'", what);
	return -errnum;
}

/* ---- By the link alone ---- */

/* Nobody is asked. @what is what an error calls it. */
static int detach_link(int link, const char *what, struct iou_detached *done, struct iou_err *err)
{
	bool was_off = iou_link_is_off(link);
	int ret = iou_link_detach(link);

	done->left = was_off               ? IOU_LEFT_IN_ORDER
		     : !ret                ? IOU_LEFT_UNHEARD
		     : ret == -EINPROGRESS ? IOU_LEFT_STILL_ON
					   : IOU_LEFT_FAILED;
	return check_left(done->left, -ret, what, err);
}

/* One that iouctl did not bind, or cannot make sense of. */
static int detach_seen(const struct iou_survey_loop *seen, struct iou_detached *done,
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
	if (link == -ENOENT)
		return iou_err_set(err, IOU_CAUSE_USAGE, "detach", ENOENT,
				   "loop %u is not bound any more", seen->map_id);
	if (link < 0)
		return iou_err_set(err, IOU_CAUSE_FAILED, "detach", -link,
				   "cannot open the link of loop %u", seen->map_id);
	snprintf(done->loop, sizeof(done->loop), "%s",
		 seen->has_meta ? seen->meta.loop : seen->map_name);
	done->pid = seen->has_meta ? seen->meta.pid : 0;
	return detach_link(link, done->loop, done, err);
}

/* ---- By its pin ---- */

static int meta_of_pin(const char *path, struct iou_meta *meta)
{
	IOU_CLOSE int fd = iou_pin_get(path, "meta");

	return fd < 0 ? fd : iou_meta_of_map(fd, meta);
}

/* Without a link it is bound to nothing: iouctl ended while it pinned, or while it removed pins. */
static int remove_remains(const char *path, struct iou_err *err)
{
	struct iou_meta meta;
	int ret;

	if (meta_of_pin(path, &meta)) {
		iou_err_set(err, IOU_CAUSE_USAGE, "open", ENOENT, "no loop is pinned in '%s'",
			    path);
		iou_err_hint(err, "'iouctl status' shows what is bound, and where it is pinned");
		return -ENOENT;
	}
	ret = iou_pin_remove(path);
	if (ret)
		return iou_err_set(err, IOU_CAUSE_FAILED, "detach", -ret, "cannot remove '%s'",
				   path);
	return iou_err_set(err, IOU_CAUSE_USAGE, "detach", ENOENT,
			   "'%s' had no link of a loop any more, and is removed", path);
}

/* In order, or, where what is pinned beside the link makes no sense, by that alone. */
static int leave_pin(const char *path, int link, struct iou_detached *done, struct iou_err *err)
{
	struct iou_reached reached = {};
	struct iou_err why = {};
	struct iou_meta meta = {};
	int ret = iou_reach_pin(&reached, path, &why);

	if (ret) {
		iou_err_release(&why);
		meta_of_pin(path, &meta);
		describe(done, &meta, path);
		return detach_link(link, path, done, err);
	}
	describe(done, &reached.meta, path);
	done->left = iou_attach_leave(reached.loop);
	ret = check_left(done->left, errno, path, err);
	iou_reached_release(&reached);
	return ret;
}

int iou_detach_pin(const char *path, struct iou_detached *done, struct iou_err *err)
{
	IOU_CLOSE int link = iou_pin_get(path, "link");
	struct iou_detached result = {};
	int ret;

	if (link == -ENOENT)
		return remove_remains(path, err);
	if (link == -EPERM || link == -EACCES)
		return iou_err_set(err, IOU_CAUSE_PERMISSION, "open", -link,
				   "cannot open what is pinned in '%s'", path);
	if (link < 0)
		return iou_err_set(err, IOU_CAUSE_USAGE, "open", -link, "no loop is pinned in '%s'",
				   path);
	if (!iou_link_is_loop(link))
		return iou_err_set(err, IOU_CAUSE_REJECTED, "open", 0,
				   "'%s/link' is no loop's link", path);
	ret = leave_pin(path, link, &result, err);
	if (ret)
		return ret;
	ret = iou_pin_remove(path);
	if (ret)
		return iou_err_set(err, IOU_CAUSE_FAILED, "detach", -ret,
				   "it is detached, but '%s' cannot be removed", path);
	*done = result;
	return 0;
}

/* ---- By what was seen ---- */

/* In order, or by its link where what was tied to it makes no sense. */
static int leave_seen(const struct iou_survey_loop *seen, struct iou_detached *done,
		      struct iou_err *err)
{
	struct iou_reached reached = {};
	struct iou_err why = {};
	int ret = iou_reach(&reached, seen, &why);

	if (ret) {
		iou_err_release(&why);
		return detach_seen(seen, done, err);
	}
	describe(done, &reached.meta, "");
	done->left = iou_attach_leave(reached.loop);
	ret = check_left(done->left, errno, done->loop, err);
	iou_reached_release(&reached);
	return ret;
}

int iou_detach(const struct iou_survey_loop *seen, struct iou_detached *done, struct iou_err *err)
{
	struct iou_detached result = {};
	char folder[PATH_MAX];
	int ret;

	if (seen->has_meta && iou_reach_own_pin(seen, folder, sizeof(folder)))
		ret = iou_detach_pin(folder, &result, err);
	else if (seen->has_meta)
		ret = leave_seen(seen, &result, err);
	else
		ret = detach_seen(seen, &result, err);
	if (ret)
		return ret;
	result.id = seen->map_id;
	*done = result;
	return 0;
}
