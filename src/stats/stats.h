/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a loop counts, read into plain values. */
#pragma once

#include <stdint.h>

#include "base/err.h"
#include "loop/loop.h"

/* How values are distributed: those of each bucket of <iouctl/arith.h>. */
struct iou_stat_histogram {
	uint64_t count, sum, min, max; /* min and max are 0 when there are none */
	uint64_t *buckets;             /* IOU_HISTOGRAM_BUCKETS of them */
};

struct iou_stat {
	const struct iou_decl *decl;          /* name, kind, unit, help; the loop's */
	uint64_t value;                       /* counters and gauges */
	struct iou_stat_histogram *histogram; /* histograms; else NULL */
	int opcode;                           /* of those by opcode; else -1 */
	char *text;                           /* texts, up to their NUL; else NULL */
};

struct iou_stats {
	struct iou_stat *list;
	size_t nr;
};

/*
 * All statistics that @loop declares, as they are now; of those by opcode, one after another, each
 * that is not 0. Good as long as the loop is. -ENOMEM, or
 * what iou_loop_var_get() says.
 */
int iou_stats_read(const struct iou_loop *loop, struct iou_stats *stats);

void iou_stats_release(struct iou_stats *stats);

/*
 * The value that @share (0 to 1) of all are not above, as far as the buckets tell: no more than
 * 1/16 of itself too large, and never above the maximum. 0 for an empty histogram.
 */
uint64_t iou_stat_percentile(const struct iou_stat_histogram *histogram, double share);

/* How far a loop that declares a progress has come. */
struct iou_progress {
	const struct iou_decl *decl;
	uint64_t value, end;
};

/* 0, or -ENOENT for a loop that declares none. */
int iou_progress_read(const struct iou_loop *loop, struct iou_progress *progress);
