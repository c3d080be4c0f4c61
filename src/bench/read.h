/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The job 'read': what its variants share. */
#pragma once

#include "bench/bench.h"

struct iou_bench_reads {
	int file, fd;        /* fd: what is read: the file, or once more with O_DIRECT */
	uint64_t count, end; /* blocks to read; how much of the file is whole blocks */
	uint32_t bs, nr;     /* nr: buffers */
	char *buffers;
};

uint32_t iou_bench_reads_depth(const struct iou_bench_work *work);

/* Make the file, and @nr buffers of a block each. */
int iou_bench_reads_open(struct iou_bench_reads *reads, const struct iou_bench_work *work,
			 uint32_t nr, struct iou_err *err);
void iou_bench_reads_close(struct iou_bench_reads *reads);

/* Whether what is in the buffers was in the file. Those of a loop are its own: @size bytes. */
int iou_bench_reads_check(const struct iou_bench_reads *reads, const void *buffers, size_t size,
			  struct iou_err *err);

/* A block was not read: @res is what came of it. */
int iou_bench_reads_wrong(int res, struct iou_err *err);

/* Where to read next, when @at was read: the first block again behind the last one. */
static inline uint64_t iou_bench_reads_next(const struct iou_bench_reads *reads, uint64_t at)
{
	at += reads->bs;
	return at < reads->end ? at : 0;
}

/* With liburing, and tuned; of the variant's nr together, 1 being the depth of the work. */
int iou_bench_reads_plain_open(void **state, const struct iou_bench_variant *variant,
			       const struct iou_bench_work *work, struct iou_err *err);
int iou_bench_reads_plain_run(void *state, struct iou_bench_done *done, struct iou_err *err);
int iou_bench_reads_plain_check(void *state, struct iou_err *err);
void iou_bench_reads_plain_close(void *state);

int iou_bench_reads_tuned_open(void **state, const struct iou_bench_variant *variant,
			       const struct iou_bench_work *work, struct iou_err *err);
int iou_bench_reads_tuned_run(void *state, struct iou_bench_done *done, struct iou_err *err);
int iou_bench_reads_tuned_check(void *state, struct iou_err *err);
void iou_bench_reads_tuned_close(void *state);
