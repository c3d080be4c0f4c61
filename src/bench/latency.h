/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * How long requests took, each of them counted: a histogram whose buckets are as wide as 1/32 of
 * the power of two that they are in, so that what is read from it is off by 1.6 % at most.
 */
#pragma once

#include <stdint.h>

#define IOU_BENCH_LATENCY_FINE 5     /* 2^5 buckets for each power of two */
#define IOU_BENCH_LATENCY_MAX_LOG 37 /* longer ones (two minutes) count as this long */
#define IOU_BENCH_LATENCY_BUCKETS \
	((IOU_BENCH_LATENCY_MAX_LOG - IOU_BENCH_LATENCY_FINE + 1) << IOU_BENCH_LATENCY_FINE)

struct iou_bench_latency {
	uint64_t nr;
	uint64_t buckets[IOU_BENCH_LATENCY_BUCKETS];
};

/* Below 2^5 a bucket is one value; above, it is known by the five bits behind the highest. */
static inline uint32_t iou_bench_latency_bucket(uint64_t ns)
{
	const uint64_t most = (UINT64_C(1) << IOU_BENCH_LATENCY_MAX_LOG) - 1;
	uint32_t shift;

	if (ns > most)
		ns = most;
	if (ns >> IOU_BENCH_LATENCY_FINE == 0)
		return (uint32_t)ns;
	shift = 63 - (uint32_t)__builtin_clzll(ns) - IOU_BENCH_LATENCY_FINE;
	return (shift << IOU_BENCH_LATENCY_FINE) + (uint32_t)(ns >> shift);
}

static inline void iou_bench_latency_add(struct iou_bench_latency *latency, uint64_t ns)
{
	latency->nr++;
	latency->buckets[iou_bench_latency_bucket(ns)]++;
}

void iou_bench_latency_merge(struct iou_bench_latency *into, const struct iou_bench_latency *from);

/* How long the fastest @share of all took at most: the middle of the bucket. 0 where none did. */
double iou_bench_latency_quantile(const struct iou_bench_latency *latency, double share);
