/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One round of one variant. */
#pragma once

#include "bench/bench.h"
#include "bench/interrupt.h"

/* As iou_bench_run(), of which it is a part. How long requests took is added to @latency. */
int iou_bench_measure(struct iou_bench_sample *sample, struct iou_bench_latency *latency,
		      const struct iou_bench_variant *variant, const struct iou_bench_work *work,
		      const struct iou_bench_config *config,
		      const struct iou_bench_interrupt *interrupt, struct iou_err *err);
