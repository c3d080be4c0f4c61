// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "attach/attach.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "attach/carry.h"
#include "base/clock.h"
#include "attach/pin.h"
#include "attach/wake.h"
#include "base/cleanup.h"
#include "meta/meta.h"
#include "ring/ring.h"
#include "session/geometry.h"
#include "session/set.h"

/* What the kernel refuses to bind a loop to (io_uring/bpf-ops.c). */
static const struct {
	uint32_t flag;
	bool needed; /* else: must not be */
} kernel_rules[] = {
	{IORING_SETUP_DEFER_TASKRUN, true},
	{IORING_SETUP_SQPOLL, false},
	{IORING_SETUP_IOPOLL, false},
};

static const char *flag_name(uint32_t flag)
{
	return iou_ring_flag_name((unsigned int)__builtin_ctz(flag));
}

int iou_attach_check(const struct iou_loop *loop, const struct iou_target *target,
		     struct iou_err *err)
{
	uint32_t flags = target->params.flags;

	if (target->bound) {
		iou_err_set(err, IOU_CAUSE_FAILED, "attach", EBUSY,
			    "cannot bind '%s': the ring has a loop already", iou_loop_name(loop));
		if (target->pid && !target->inherited)
			iou_err_hint(err,
				     "'iouctl status' shows it, and 'iouctl detach --pid %d "
				     "--ring-fd %d' takes it off",
				     target->pid, target->ring_fd);
		else
			iou_err_hint(err, "'iouctl status' shows it, and 'iouctl detach' takes it "
					  "off");
		return -EBUSY;
	}
	for (size_t i = 0; i < ARRAY_SIZE(kernel_rules) && target->has_flags; i++) {
		bool has = flags & kernel_rules[i].flag;

		if (has == kernel_rules[i].needed)
			continue;
		iou_err_set(err, IOU_CAUSE_FAILED, "attach", EOPNOTSUPP,
			    "the kernel binds no loop to a ring %s '%s'", has ? "with" : "without",
			    flag_name(kernel_rules[i].flag));
		iou_err_hint(err, "the program has to set up its ring otherwise");
		return -EOPNOTSUPP;
	}
	/* It would look where it takes its SQEs and CQEs to be. */
	if (!target->has_flags && iou_geometry_matters(loop)) {
		iou_err_set(err, IOU_CAUSE_UNSUPPORTED, "attach", EOPNOTSUPP,
			    "'%s' looks into the ring, whose flags cannot be seen here",
			    iou_loop_name(loop));
		iou_err_hint(err, "'iouctl status' says why");
		return -EOPNOTSUPP;
	}
	if (!target->has_flags || !iou_geometry_check(loop, flags, err))
		return 0;
	if (err)
		err->stage = "attach";
	iou_err_hint(err, "the program has to set up its ring otherwise");
	return -EINVAL;
}

int iou_attach_check_kind(const struct iou_loop *loop, struct iou_err *err)
{
	const struct iou_decl *self = iou_loop_self(loop);

	if (!self || self->policy)
		return 0;
	iou_err_set(err, IOU_CAUSE_USAGE, "usage", 0,
		    "'%s' has a ring of its own: it is no loop for the ring of another program",
		    iou_loop_name(loop));
	iou_err_hint(err, "'iouctl run %s' runs it", iou_loop_name(loop));
	return -EINVAL;
}

/* What a set would make is this process's, and nothing to the program's requests. */
static int check_sets(const char *const *sets, size_t nr, struct iou_err *err)
{
	static const char *const made[] = {"@open:", "@buf:", "@ring.fd"};

	for (size_t i = 0; i < nr; i++) {
		const char *value = strchr(sets[i], '=');

		for (size_t j = 0; value && j < ARRAY_SIZE(made); j++)
			if (strncmp(value + 1, made[j], strlen(made[j])) == 0)
				return iou_err_set(err, IOU_CAUSE_USAGE, "usage", 0,
						   "'%s': what iouctl opens is not open in the "
						   "ring's program",
						   sets[i]);
	}
	return 0;
}

static void copy(char *to, size_t size, const char *from)
{
	snprintf(to, size, "%s", from);
}

/* What cannot be pinned does not stay bound. */
static int bind_and_pin(struct iou_loop *loop, const char *pin, struct iou_err *err)
{
	int ret = iou_loop_attach_bounded(loop, err);

	if (ret || !pin)
		return ret;
	ret = iou_pin_link(loop, pin, err);
	if (ret)
		iou_attach_leave(loop);
	return ret;
}

/* What others need to know of it is with it before it is bound, and pinned when it is. */
static int bind_loop(struct iou_loop *loop, struct iou_target *target,
		     const struct iou_attach_config *config, struct iou_err *err)
{
	IOU_CLOSE int meta_fd = -1, object_fd = -1;
	struct iou_meta meta = {
		.pid = target->pid,
		.ring_fd = target->inherited ? -1 : target->ring_fd,
		.ring_ino = target->inode,
		.holder = config->pin ? 0 : getpid(),
		.since_ns = iou_clock_real(),
	};
	struct iou_ops ops = {};
	bool made = false;
	int ret;

	for (size_t nr = 0; iou_loop_ops(loop, nr, &ops) && !ops.chosen;)
		nr++;
	copy(meta.loop, sizeof(meta.loop), iou_loop_name(loop));
	copy(meta.source, sizeof(meta.source), iou_loop_source(loop));
	copy(meta.ops, sizeof(meta.ops), ops.name);
	copy(meta.version, sizeof(meta.version), IOUCTL_VERSION);
	ret = iou_meta_bind(iou_loop_step_fd(loop), &meta, &meta_fd, err)
		      ?: iou_carry_bind(iou_loop_step_fd(loop), config->image, &object_fd, err);
	if (!ret && config->pin)
		ret = iou_pin_prepare(config->pin, &made, err);
	if (ret)
		return ret;
	/* Whatever may fail does it before. */
	if (config->pin)
		ret = iou_pin(loop, config->pin, meta_fd, object_fd, err);
	if (!ret)
		ret = bind_and_pin(loop, config->pin, err);
	if (ret && config->pin)
		iou_pin_undo(config->pin, made);
	return ret;
}

int iou_attach(struct iou_loop *loop, struct iou_target *target,
	       const struct iou_attach_config *config, struct iou_err *err)
{
	const struct iou_ring as_ring = {.fd = target->fd, .params = target->params};
	int ret = iou_attach_check_kind(loop, err)
			  ?: check_sets(config->sets, config->sets_nr, err);

	if (!ret)
		ret = iou_attach_check(loop, target, err);
	if (!ret)
		ret = iou_geometry_set(loop, &target->params, err);
	if (!ret)
		ret = iou_sets_apply(config->sets, config->sets_nr, loop, &as_ring, NULL, err);
	if (ret)
		return ret;
	iou_loop_form_set(loop, target->params.flags & IORING_SETUP_SQ_REWIND);
	iou_loop_ring_fd_set(loop, target->fd);
	ret = iou_loop_load(loop, err);
	if (!ret)
		ret = iou_loop_run_check(loop, err);
	/* Loading takes its time, and our descriptor would keep the ring until the loop is off. */
	if (!ret && !iou_target_is_there(target)) {
		iou_err_set(err, IOU_CAUSE_USAGE, "target", 0,
			    "the program closed ring fd %d before it could have the loop",
			    target->ring_fd);
		ret = -ESTALE;
	}
	if (!ret) {
		/* For when it is taken off, and the program may not be kept waiting. */
		iou_waker_load();
		ret = bind_loop(loop, target, config, err);
	}
	if (!ret)
		iou_target_let_go(target);
	return ret;
}
