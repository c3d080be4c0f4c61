/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a loop costs before its first request and after its last one. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct iou_bench_config;
struct iou_bench_job;
struct iou_bench_results;
struct iou_bench_work;

/* Nanoseconds, which are instructions where the clock counts them. */
struct iou_bench_startup {
	bool known;        /* the job's loop tells */
	uint64_t open;     /* the object is found and read, and its parameters are set */
	uint64_t ring;     /* the ring is made, with what the loop asks for */
	uint64_t load;     /* it is in the kernel: */
	uint64_t verifier; /* of that, the verifier's part of the loop's step */
	uint64_t attach;   /* it is bound to the ring */
	uint64_t first;    /* from entering the ring to the first request's completion */
	bool has_first;    /* a user's loop cannot be told to do little */
	uint64_t detach;   /* it is off the ring again, and both are gone */
};

uint64_t iou_bench_startup_sum(const struct iou_bench_startup *startup);

/* Measure that of @job's loop, by some rounds of the least that the job can be; into @results,
 * where the rounds' results are already. Errors are those of iou_bench_run(). */
struct iou_bench_interrupt;
int iou_bench_startup_measure(struct iou_bench_results *results, const struct iou_bench_job *job,
			      const struct iou_bench_work *work,
			      const struct iou_bench_config *config,
			      const struct iou_bench_interrupt *interrupt, struct iou_err *err);

/*
 * From how many requests on the loop takes less than another, with what each takes to open and to
 * close: false where it never does.
 */
bool iou_bench_break_even(uint64_t *requests, double loop_setup, double loop_each, double setup,
			  double each);
