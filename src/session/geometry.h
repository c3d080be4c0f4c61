/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a loop is told of the ring that it is bound to. */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "loop/loop.h"
#include "ring/uapi.h"

/*
 * Whether @loop can work on a ring with these setup flags: SQEs and CQEs of the sizes that it
 * knows, where it looks at them. Stage "ring", cause USAGE, with the flag named.
 */
int iou_geometry_check(const struct iou_loop *loop, uint32_t flags, struct iou_err *err);

/* Whether it looks at any. */
bool iou_geometry_matters(const struct iou_loop *loop);

/*
 * Before load: tell @loop of the ring that was set up with @p, by the header's own variable for
 * that, or by the names that other objects use (iou_set_known_names()). Errors of
 * iou_geometry_check(); REJECTED for an object of another version of the header.
 */
int iou_geometry_set(struct iou_loop *loop, const struct io_uring_params *p, struct iou_err *err);
