/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a loop counts, read into plain values. */
#pragma once

#include <stdint.h>

#include "base/err.h"
#include "loop/loop.h"

struct iou_stat {
	const struct iou_decl *decl; /* name, kind, unit, help; the loop's */
	uint64_t value;
};

struct iou_stats {
	struct iou_stat *list;
	size_t nr;
};

/*
 * All statistics that @loop declares, as they are now. Good as long as the loop is. -ENOMEM, or
 * what iou_loop_var_get() says.
 */
int iou_stats_read(const struct iou_loop *loop, struct iou_stats *stats);

void iou_stats_release(struct iou_stats *stats);

/* How far a loop that declares a progress has come. */
struct iou_progress {
	const struct iou_decl *decl;
	uint64_t value, end;
};

/* 0, or -ENOENT for a loop that declares none. */
int iou_progress_read(const struct iou_loop *loop, struct iou_progress *progress);
