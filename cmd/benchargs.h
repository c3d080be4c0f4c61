/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The command line of iouctl bench. */
#pragma once

#include "args.h"
#include "bench/bench.h"

struct iou_bench_args {
	struct iou_common common;
	const struct iou_bench_job *job; /* NULL: list them */
	struct iou_bench_work work;
	struct iou_bench_config config; /* 0 for what was not said */
	int *cpus;                      /* of @config; to be freed */
	bool csv, counted, instructions;
	const char *svg;
};

/* Its input is a struct iou_bench_args, in which work.loop_params are set. */
extern const struct argp iou_bench_argp;
