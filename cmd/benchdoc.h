/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What iouctl bench has to say: iouctl.bench/1, or lines of comma-separated values. */
#pragma once

#include "bench/bench.h"
#include "render/render.h"

struct iou_benchdoc {
	const struct iou_bench_job *job;
	const struct iou_bench_work *work;
	const struct iou_bench_config *config;
	const struct iou_bench_results *results;
	bool counted; /* the clock counts instructions */
};

/* To be freed with iou_doc_free(). */
struct iou_doc *iou_benchdoc(const struct iou_benchdoc *what);

/* A line for each variant, below one with the names of the columns. */
void iou_benchdoc_csv(const struct iou_benchdoc *what);

/* The jobs that there are. */
struct iou_doc *iou_benchdoc_jobs(void);
