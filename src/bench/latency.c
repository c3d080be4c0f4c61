// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "bench/latency.h"

void iou_bench_latency_merge(struct iou_bench_latency *into, const struct iou_bench_latency *from)
{
	into->nr += from->nr;
	for (uint32_t i = 0; i < IOU_BENCH_LATENCY_BUCKETS; i++)
		into->buckets[i] += from->buckets[i];
}

/* The middle of the values that a bucket counts. */
static double middle_of(uint32_t bucket)
{
	uint32_t shift = bucket >> IOU_BENCH_LATENCY_FINE;
	uint64_t low, width;

	if (shift <= 1)
		return bucket;
	shift--;
	low = (uint64_t)(bucket - (shift << IOU_BENCH_LATENCY_FINE)) << shift;
	width = UINT64_C(1) << shift;
	return (double)low + (double)(width - 1) / 2;
}

double iou_bench_latency_quantile(const struct iou_bench_latency *latency, double share)
{
	double wanted = share * (double)latency->nr;
	uint64_t seen = 0;

	for (uint32_t i = 0; i < IOU_BENCH_LATENCY_BUCKETS; i++) {
		seen += latency->buckets[i];
		if (latency->buckets[i] && (double)seen >= wanted)
			return middle_of(i);
	}
	return 0;
}
