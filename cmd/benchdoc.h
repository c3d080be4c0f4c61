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
	bool counted;     /* the clock counts instructions */
	size_t bar_width; /* of the longest, in text; 0: none */
};

/* How people call a variant: its own word, or the loop that is in its place. */
const char *iou_benchdoc_how(const struct iou_benchdoc *what,
			     const struct iou_bench_result *result);

/* The most that a variant takes for a request. */
double iou_benchdoc_most(const struct iou_benchdoc *what);

/* What a cost is, for people: a number of instructions, or a time. @text has room for 32. */
const char *iou_benchdoc_cost(const struct iou_benchdoc *what, char *text, double value);

/* To be freed with iou_doc_free(). */
struct iou_doc *iou_benchdoc(const struct iou_benchdoc *what);

/* The columns that the table in the text of the document fills. */
size_t iou_benchdoc_table_width(const char *text);

/* A line for each variant, below one with the names of the columns. */
void iou_benchdoc_csv(const struct iou_benchdoc *what);

/* The jobs that there are. */
struct iou_doc *iou_benchdoc_jobs(void);
