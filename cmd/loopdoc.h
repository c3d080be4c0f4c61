/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the documents of several commands say of a loop, its ring, and its statistics. */
#pragma once

#include "loop/loop.h"
#include "render/doc.h"
#include "ring/uapi.h"

void iou_loopdoc_add_name(struct iou_doc *doc, const struct iou_loop *loop);
void iou_loopdoc_add_ring(struct iou_doc *doc, const struct io_uring_params *p);
void iou_loopdoc_add_params(struct iou_doc *doc, const struct iou_loop *loop);

/* Stage "stats", cause FAILED. */
int iou_loopdoc_add_stats(struct iou_doc *doc, const struct iou_loop *loop, struct iou_err *err);
