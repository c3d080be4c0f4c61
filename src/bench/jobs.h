/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once

#include "bench/bench.h"

extern const struct iou_bench_job iou_bench_nop, iou_bench_nop_batch, iou_bench_read,
	iou_bench_copy, iou_bench_echo;
