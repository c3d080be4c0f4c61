// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "attachbind.h"

#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/cleanup.h"
#include "log.h"

void iou_bound_leave(const struct iou_bound_list *bounds)
{
	for (size_t i = 0; i < bounds->nr; i++)
		if (bounds->list[i].since_ns && bounds->list[i].end == IOU_BOUND_HELD)
			iou_attach_leave(bounds->list[i].loop);
}

void iou_bound_release(struct iou_bound_list *bounds)
{
	for (size_t i = 0; i < bounds->nr; i++) {
		iou_loop_free(bounds->list[i].loop);
		iou_target_release(&bounds->list[i].target);
	}
	free(bounds->list);
	*bounds = (struct iou_bound_list){};
}

static void say_bound(const struct iou_target *target)
{
	if (target->pid)
		iou_note("bound; io_uring_enter of '%s' (pid %d) returns 0 from now on, whatever "
			 "it submits",
			 target->comm, target->pid);
	else
		iou_note("bound; io_uring_enter of its program returns 0 from now on, whatever it "
			 "submits");
}

/* With several rings, one that can have no loop is left out, and said to be. */
static int leave_out(struct iou_bound *bound, struct iou_err *err)
{
	iou_note("ring fd %d is left out: %s", bound->target.ring_fd, err->message);
	iou_err_release(err);
	iou_loop_free(TAKE_PTR(bound->loop));
	iou_target_release(&bound->target);
	return 0;
}

static int bind_one(const struct iou_command *command, const struct iou_attach_args *args,
		    const struct iou_image *image, struct iou_bound *bound, bool several,
		    struct iou_err *err)
{
	const struct iou_attach_config config = {
		.sets = args->loop.session.sets,
		.sets_nr = args->loop.session.sets_nr,
		.image = image,
		.pin = args->pin,
	};
	int ret = iou_loop_args_open_again(command, &args->loop, image, &bound->loop, err);

	if (ret)
		return ret;
	if (several && iou_attach_check(bound->loop, &bound->target, err))
		return leave_out(bound, err);
	if (args->dry_run)
		return iou_attach_check(bound->loop, &bound->target, err);
	ret = iou_attach(bound->loop, &bound->target, &config, err);
	if (ret == -ESTALE && several)
		return leave_out(bound, err);
	if (ret)
		return ret;
	bound->since_ns = iou_clock_now();
	say_bound(&bound->target);
	return 0;
}

int iou_bind_all(const struct iou_command *command, const struct iou_attach_args *args,
		 const struct iou_image *image, struct iou_targets *targets,
		 struct iou_bound_list *bounds, struct iou_err *err)
{
	bounds->list = calloc(targets->nr, sizeof(*bounds->list));
	if (!bounds->list)
		return iou_err_set(err, IOU_CAUSE_FAILED, "attach", ENOMEM, "cannot bind a loop");
	for (size_t i = 0; i < targets->nr; i++) {
		struct iou_bound *bound = &bounds->list[bounds->nr];
		int ret;

		*bound = (struct iou_bound){.target = targets->list[i]};
		targets->list[i] = IOU_TARGET_INIT;
		bounds->nr++;
		ret = bind_one(command, args, image, bound, targets->nr > 1, err);
		if (ret)
			return ret;
		if (!bound->loop)
			bounds->nr--;
	}
	if (bounds->nr)
		return 0;
	return iou_err_set(err, IOU_CAUSE_FAILED, "attach", EOPNOTSUPP,
			   "none of the rings can have the loop");
}
