/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The job 'copy': what its variants share. */
#pragma once

#include "bench/bench.h"

struct iou_bench_copy {
	int in_file, out_file;
	int in, out;           /* the same, or once more with O_DIRECT */
	uint64_t size, blocks; /* of which it is whole ones */
	uint32_t bs, nr;       /* nr: buffers */
	char *buffers;
};

uint32_t iou_bench_copy_depth(const struct iou_bench_work *work);

/* Make the file to be copied, one that is empty, and @nr buffers of a block each. */
int iou_bench_copy_open(struct iou_bench_copy *copy, const struct iou_bench_work *work, uint32_t nr,
			struct iou_err *err);
void iou_bench_copy_close(struct iou_bench_copy *copy);

/* A block was not copied: @res is what came of it. */
int iou_bench_copy_wrong(int res, struct iou_err *err);

/* Byte for byte. @state is a struct iou_bench_copy, or begins with one. */
int iou_bench_copy_check(void *state, struct iou_err *err);

/* With liburing, and tuned; with the read linked to the write where the variant's nr is 2. */
int iou_bench_copy_plain_open(void **state, const struct iou_bench_variant *variant,
			      const struct iou_bench_work *work, struct iou_err *err);
int iou_bench_copy_plain_run(void *state, struct iou_bench_done *done, struct iou_err *err);
void iou_bench_copy_plain_close(void *state);

int iou_bench_copy_tuned_open(void **state, const struct iou_bench_variant *variant,
			      const struct iou_bench_work *work, struct iou_err *err);
int iou_bench_copy_tuned_run(void *state, struct iou_bench_done *done, struct iou_err *err);
void iou_bench_copy_tuned_close(void *state);

/* By linked splices through pipes, for which a pipe must be allowed to be as large as a block. */
bool iou_bench_copy_fits_pipes(uint32_t depth, uint64_t bs);

int iou_bench_copy_splice_open(void **state, const struct iou_bench_variant *variant,
			       const struct iou_bench_work *work, struct iou_err *err);
int iou_bench_copy_splice_run(void *state, struct iou_bench_done *done, struct iou_err *err);
void iou_bench_copy_splice_close(void *state);

int iou_bench_copy_splice_tuned_open(void **state, const struct iou_bench_variant *variant,
				     const struct iou_bench_work *work, struct iou_err *err);
int iou_bench_copy_splice_tuned_run(void *state, struct iou_bench_done *done, struct iou_err *err);
void iou_bench_copy_splice_tuned_close(void *state);
