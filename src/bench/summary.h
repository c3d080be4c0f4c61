/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What many measurements come to. Nothing is assumed of how they are distributed. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct iou_bench_spread {
	double median, low, high; /* low, high: the quartiles */
};

/*
 * How much more one takes than the other: the median of the rounds' ratios, and an interval in
 * which the true one is with a probability of at least 95 %, by order statistics. That takes six
 * rounds.
 */
struct iou_bench_ratio {
	double median, low, high;
	bool has_interval;
};

enum iou_bench_verdict {
	IOU_BENCH_OPEN, /* the interval has 1 in it, or there is none */
	IOU_BENCH_MORE, /* it takes more */
	IOU_BENCH_LESS,
};

/* @values are sorted. 0 of them give zeros. */
struct iou_bench_spread iou_bench_spread(double *values, size_t nr);
struct iou_bench_ratio iou_bench_ratio(double *values, size_t nr);
enum iou_bench_verdict iou_bench_verdict(const struct iou_bench_ratio *ratio);
