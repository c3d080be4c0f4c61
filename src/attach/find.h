/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which rings of a process are meant. */
#pragma once

#include <stddef.h>

#include "attach/target.h"
#include "loop/loop.h"

struct iou_targets {
	struct iou_target *list;
	size_t nr;
};

/*
 * Take the rings of @pid that @which names: a descriptor; "auto", its only ring; "all". With 0 for
 * @pid, those that this process was started with. Stage "target", errors as iou_target_take();
 * USAGE as well where "auto" finds none (ENOENT) or several (EINVAL).
 */
int iou_targets_find(struct iou_targets *targets, pid_t pid, const char *which,
		     struct iou_err *err);

/* Whether @which is one of those words. Stage and cause "usage". */
int iou_targets_check(const char *which, struct iou_err *err);

/* Why a ring was not taken. */
struct iou_refused {
	int ring_fd;    /* -1: there was none */
	uint64_t inode; /* UINT64_MAX: not known */
	struct iou_err why;
};

#define IOU_REFUSED_INIT      \
	(struct iou_refused)  \
	{                     \
		.ring_fd = -1 \
	}

/*
 * The same for a process that has just begun, and makes rings and closes them: those that @loop may
 * be bound to, and with "auto" the first of them, by its descriptor. -EAGAIN: there is none yet,
 * and
 * @refused is the first of those that it may not. Errors as above, but for rings that are gone.
 */
int iou_targets_look(struct iou_targets *targets, const struct iou_loop *loop, pid_t pid,
		     const char *which, struct iou_refused *refused, struct iou_err *err);

void iou_targets_release(struct iou_targets *targets);
