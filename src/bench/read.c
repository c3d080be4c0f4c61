// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Blocks of a file, one after the other, again and again. */
#include "bench/read.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "bench/files.h"
#include "bench/jobs.h"
#include "bench/loop.h"

enum { COUNT, BS, SIZE, DEPTH, DIRECT, DIR };

/* Of links and batches together, so that all do as many. */
#define MULTIPLE 32

static const struct iou_bench_param params[] = {
	{"count", "requests", "blocks to read in a round; rounded up to 32", 100000, 1,
	 UINT64_C(1) << 40, false},
	{"bs", "bytes", "a block, in multiples of 512; of 4096 with direct", 4096, IOU_BENCH_ALIGN,
	 UINT64_C(16) << 20, true},
	{"size", "bytes", "of the file, rounded up to blocks", UINT64_C(16) << 20, IOU_BENCH_ALIGN,
	 UINT64_C(1) << 40, true},
	{"depth", "requests", "blocks that are read at a time", 1, 1, 1024, false},
	{"direct", "", "1: go past the page cache (O_DIRECT)", 0, 0, 1, false},
	{"dir", "", "where the file is; else TMPDIR, or /tmp", 0, 0, 0, false},
};

uint32_t iou_bench_reads_depth(const struct iou_bench_work *work)
{
	return (uint32_t)work->values[DEPTH].number;
}

/* Links and batches are other ways to do what is sequential. */
static bool is_sequential(const struct iou_bench_work *work)
{
	return iou_bench_reads_depth(work) == 1;
}

/* ---- What they share ---- */

static int make(struct iou_bench_reads *reads, const struct iou_bench_work *work,
		struct iou_err *err)
{
	uint64_t bs = work->values[BS].number, size = work->values[SIZE].number;
	bool direct = work->values[DIRECT].number;
	uint64_t align = direct ? IOU_BENCH_DIRECT_ALIGN : IOU_BENCH_ALIGN;
	int ret;

	if (bs % align)
		return iou_err_set(err, IOU_CAUSE_USAGE, "usage", 0,
				   "a block of %" PRIu64 " bytes is no multiple of %" PRIu64, bs,
				   align);
	reads->count = (work->values[COUNT].number + MULTIPLE - 1) / MULTIPLE * MULTIPLE;
	reads->bs = (uint32_t)bs;
	reads->end = (size + bs - 1) / bs * bs;
	reads->buffers = iou_bench_memory(reads->nr * bs);
	if (!reads->buffers)
		return iou_err_set(err, IOU_CAUSE_FAILED, "bench", ENOMEM, "cannot make buffers");
	ret = iou_bench_file_make(&reads->file, work->values[DIR].text, reads->end, err);
	if (!ret && direct)
		ret = iou_bench_file_direct(&reads->fd, reads->file, O_RDONLY, err);
	return ret;
}

/* Through the page cache: all of it, once. */
static int read_once(const struct iou_bench_reads *reads, struct iou_err *err)
{
	for (uint64_t at = 0; at < reads->end; at += reads->bs) {
		ssize_t got = pread(reads->file, reads->buffers, reads->bs, (off_t)at);

		if (got != reads->bs)
			return iou_bench_reads_wrong(got < 0 ? -errno : 0, err);
	}
	return 0;
}

int iou_bench_reads_open(struct iou_bench_reads *reads, const struct iou_bench_work *work,
			 uint32_t nr, struct iou_err *err)
{
	struct iou_bench_reads opened = {.file = -1, .fd = -1, .nr = nr};
	int ret = make(&opened, work, err);

	if (!ret && opened.fd < 0)
		ret = read_once(&opened, err);
	if (ret) {
		iou_bench_reads_close(&opened);
		return ret;
	}
	if (opened.fd < 0)
		opened.fd = opened.file;
	*reads = opened;
	return 0;
}

void iou_bench_reads_close(struct iou_bench_reads *reads)
{
	if (reads->fd != reads->file)
		iou_close(reads->fd);
	iou_close(reads->file);
	if (reads->buffers)
		munmap(reads->buffers, (size_t)reads->nr * reads->bs);
}

int iou_bench_reads_check(const struct iou_bench_reads *reads, const void *buffers, size_t size,
			  struct iou_err *err)
{
	const char *at = buffers;

	/* Some may not have been used, by so few reads. */
	for (uint64_t i = 0; i < reads->nr && i < reads->count && (i + 1) * reads->bs <= size; i++)
		if (!iou_bench_block_is_right(at + i * reads->bs, reads->bs, reads->end))
			return iou_err_set(err, IOU_CAUSE_FAILED, "bench", 0,
					   "what was read is not what is in the file");
	return 0;
}

int iou_bench_reads_wrong(int res, struct iou_err *err)
{
	return iou_err_set(err, IOU_CAUSE_FAILED, "bench", res < 0 ? -res : 0,
			   res < 0 ? "cannot read a block" : "a block was not read as a whole");
}

/* ---- As a loop ---- */

struct loop {
	struct iou_bench_reads reads;
	void *state;
	bool is_ours;
};

static int open_its_loop(struct loop *l, const struct iou_bench_work *work, struct iou_err *err)
{
	char path[IOU_BENCH_FILE_PATH], texts[5][64];

	iou_bench_file_path(path, l->reads.file);
	snprintf(texts[0], sizeof(texts[0]), "in=%s", path);
	snprintf(texts[1], sizeof(texts[1]), "count=%" PRIu64, l->reads.count);
	snprintf(texts[2], sizeof(texts[2]), "bs=%" PRIu32, l->reads.bs);
	snprintf(texts[3], sizeof(texts[3]), "depth=%" PRIu32, l->reads.nr);
	snprintf(texts[4], sizeof(texts[4]), "direct=%d", l->reads.fd != l->reads.file);
	return iou_bench_loop_open(
		&l->state, work, "read",
		(const char *[]){texts[0], texts[1], texts[2], texts[3], texts[4], NULL},
		l->reads.count, err);
}

static int open_loop(void **state, const struct iou_bench_variant *variant,
		     const struct iou_bench_work *work, struct iou_err *err)
{
	IOU_FREE struct loop *l = calloc(1, sizeof(*l));
	int ret;

	(void)variant;
	if (!l)
		return iou_err_set(err, IOU_CAUSE_FAILED, "bench", ENOMEM, "cannot open a loop");
	ret = iou_bench_reads_open(&l->reads, work, iou_bench_reads_depth(work), err);
	if (ret)
		return ret;
	l->is_ours = !work->loop;
	ret = open_its_loop(l, work, err);
	if (ret) {
		iou_bench_reads_close(&l->reads);
		return ret;
	}
	*state = TAKE_PTR(l);
	return 0;
}

static int run_loop(void *state, struct iou_bench_done *done, struct iou_err *err)
{
	struct loop *l = state;

	return iou_bench_loop_run(l->state, done, err);
}

static int check_loop(void *state, struct iou_err *err)
{
	struct loop *l = state;
	size_t size;
	const void *buffers = iou_bench_loop_buffers(l->state, &size);

	/* What is in another's, who knows. */
	if (!l->is_ours)
		return 0;
	return iou_bench_reads_check(&l->reads, buffers, size, err);
}

static void close_loop(void *state)
{
	struct loop *l = state;

	iou_bench_loop_close(l->state);
	iou_bench_reads_close(&l->reads);
	free(l);
}

/* ---- pread(2) ---- */

static int open_pread(void **state, const struct iou_bench_variant *variant,
		      const struct iou_bench_work *work, struct iou_err *err)
{
	IOU_FREE struct iou_bench_reads *reads = calloc(1, sizeof(*reads));
	int ret;

	(void)variant;
	if (!reads)
		return iou_err_set(err, IOU_CAUSE_FAILED, "bench", ENOMEM, "cannot make buffers");
	ret = iou_bench_reads_open(reads, work, 1, err);
	if (ret)
		return ret;
	*state = TAKE_PTR(reads);
	return 0;
}

static int run_pread(void *state, struct iou_bench_done *done, struct iou_err *err)
{
	const struct iou_bench_reads *reads = state;
	uint64_t at = 0;

	for (uint64_t i = 0; i < reads->count; i++) {
		ssize_t got = pread(reads->fd, reads->buffers, reads->bs, (off_t)at);

		if (got != reads->bs)
			return iou_bench_reads_wrong(got < 0 ? -errno : 0, err);
		at = iou_bench_reads_next(reads, at);
	}
	done->requests = done->enters = reads->count;
	return 0;
}

static int check_pread(void *state, struct iou_err *err)
{
	const struct iou_bench_reads *reads = state;

	return iou_bench_reads_check(reads, reads->buffers, reads->bs, err);
}

static void close_pread(void *state)
{
	iou_bench_reads_close(state);
	free(state);
}

/* ---- The job ---- */

#define RING(name, help, nr, unordered, kind, as, fits)                                   \
	{                                                                                 \
		name, help, IOU_BENCH_##kind, unordered, nr, iou_bench_reads_##as##_open, \
			iou_bench_reads_##as##_run, iou_bench_reads_##as##_close,         \
			iou_bench_reads_##as##_check, fits                                \
	}
#define PLAIN(name, help, nr, unordered, fits) RING(name, help, nr, unordered, PLAIN, plain, fits)
#define TUNED(name, help, nr, unordered, fits) RING(name, help, nr, unordered, TUNED, tuned, fits)

static const struct iou_bench_variant variants[] = {
	{"loop", "one of its own", IOU_BENCH_LOOP, false, 1, open_loop, run_loop, close_loop,
	 check_loop, NULL},
	PLAIN("liburing", "depth at a time", 1, false, NULL),
	TUNED("tuned", "depth at a time, tuned", 1, false, NULL),
	PLAIN("links-2", "SQE links of 2", 2, false, is_sequential),
	TUNED("links-2-tuned", "SQE links of 2, tuned", 2, false, is_sequential),
	PLAIN("links-32", "SQE links of 32", 32, false, is_sequential),
	TUNED("links-32-tuned", "SQE links of 32, tuned", 32, false, is_sequential),
	PLAIN("batch-32", "batches of 32, without order", 32, true, is_sequential),
	TUNED("batch-32-tuned", "batches of 32, without order, tuned", 32, true, is_sequential),
	{"pread", "pread(2), one at a time", IOU_BENCH_OTHER, false, 1, open_pread, run_pread,
	 close_pread, check_pread, NULL},
};

const struct iou_bench_job iou_bench_read = {
	.name = "read",
	.help = "blocks of a file, one after the other",
	.request = "block",
	.params = params,
	.params_nr = ARRAY_SIZE(params),
	.variants = variants,
	.variants_nr = ARRAY_SIZE(variants),
};
