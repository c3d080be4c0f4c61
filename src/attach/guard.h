/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A process that takes loops off in order where the one that holds them is killed. The kernel
 * would take them off as well, but in the middle of a call: that call sleeps on, since nothing
 * wakes it, and fails (EFAULT).
 */
#pragma once

#include "attach/attach.h"

struct iou_guard {
	pid_t pid;
	int pidfd; /* -1: there is none */
};

#define IOU_GUARD_INIT                \
	(struct iou_guard)            \
	{                             \
		.pid = 0, .pidfd = -1 \
	}

/*
 * Start it for those of @bounds that are held. It has their links, maps and wakers as this process
 * has them, nothing of its standard streams, and a session of its own. 0 or -errno: without it the
 * loops are bound all the same.
 */
int iou_guard_start(struct iou_guard *guard, struct iou_bound *bounds, size_t nr);

/* End it, without its doing anything, and wait until it has closed all that it had. */
void iou_guard_end(struct iou_guard *guard);
