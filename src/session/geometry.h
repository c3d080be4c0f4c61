/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a loop is told of the ring that it is bound to. */
#pragma once

#include "base/err.h"
#include "loop/loop.h"
#include "ring/uapi.h"

/*
 * Before load: tell @loop of the ring that was set up with @p, by the header's own variable for
 * that, or by the names that other objects use (iou_set_known_names()). Causes: USAGE for SQEs or
 * CQEs of another size than the header knows, REJECTED for an object of another version of it.
 */
int iou_geometry_set(struct iou_loop *loop, const struct io_uring_params *p, struct iou_err *err);
