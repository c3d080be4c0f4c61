// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "bench/summary.h"

#include <math.h>
#include <stdlib.h>

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Between two of the sorted values, as far as @share lies between them. */
static double quantile(const double *values, size_t nr, double share)
{
	double at = share * (double)(nr - 1);
	size_t below = (size_t)at;

	if (below + 1 >= nr)
		return values[nr - 1];
	return values[below] + (at - (double)below) * (values[below + 1] - values[below]);
}

struct iou_bench_spread iou_bench_spread(double *values, size_t nr)
{
	if (!nr)
		return (struct iou_bench_spread){};
	qsort(values, nr, sizeof(*values), compare);
	return (struct iou_bench_spread){
		.median = quantile(values, nr, 0.5),
		.low = quantile(values, nr, 0.25),
		.high = quantile(values, nr, 0.75),
	};
}

/*
 * How many values at each end the interval leaves out: the median of what they were drawn from is
 * below the value number k with the probability that at most k of @nr tosses of a coin are heads.
 * -1 where even all of them are too few.
 */
static long left_out(size_t nr)
{
	/* Of many tosses, the first ones are too rare for a double. */
	double term = -(double)nr * log(2), tail = 0;
	long k = -1;

	for (size_t i = 0; i < nr; i++) {
		tail += exp(term);
		if (2 * tail > 0.05)
			break;
		k = (long)i;
		term += log((double)(nr - i) / (double)(i + 1));
	}
	return k;
}

struct iou_bench_ratio iou_bench_ratio(double *values, size_t nr)
{
	struct iou_bench_ratio ratio = {};
	long k = left_out(nr);

	if (!nr)
		return ratio;
	qsort(values, nr, sizeof(*values), compare);
	ratio.median = quantile(values, nr, 0.5);
	ratio.has_interval = k >= 0;
	if (ratio.has_interval) {
		ratio.low = values[k];
		ratio.high = values[nr - 1 - (size_t)k];
	}
	return ratio;
}

enum iou_bench_verdict iou_bench_verdict(const struct iou_bench_ratio *ratio)
{
	if (!ratio->has_interval)
		return IOU_BENCH_OPEN;
	return ratio->low > 1 ? IOU_BENCH_MORE : ratio->high < 1 ? IOU_BENCH_LESS : IOU_BENCH_OPEN;
}
