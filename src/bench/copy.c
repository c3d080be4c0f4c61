// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A file is copied. */
#include "bench/copy.h"

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

enum { SIZE, BS, DEPTH, DIRECT, DIR };

static const struct iou_bench_param params[] = {
	{"size", "bytes", "of the file, rounded up to blocks", UINT64_C(16) << 20, IOU_BENCH_ALIGN,
	 UINT64_C(1) << 40, true},
	{"bs", "bytes", "a block, in multiples of 512; of 4096 with direct", 131072,
	 IOU_BENCH_ALIGN, UINT64_C(16) << 20, true},
	{"depth", "blocks", "that are under way at a time", 8, 1, 1024, false},
	{"direct", "", "1: go past the page cache (O_DIRECT)", 0, 0, 1, false},
	{"dir", "", "where the files are; else TMPDIR, or /tmp", 0, 0, 0, false},
};

uint32_t iou_bench_copy_depth(const struct iou_bench_work *work)
{
	return (uint32_t)work->values[DEPTH].number;
}

/* What copies within the kernel does so by its page cache. */
static bool is_cached(const struct iou_bench_work *work)
{
	return !work->values[DIRECT].number;
}

static bool fits_pipes(const struct iou_bench_work *work)
{
	return is_cached(work) &&
	       iou_bench_copy_fits_pipes(iou_bench_copy_depth(work), work->values[BS].number);
}

/* The loop does it in two ways; one that is in its place, in its own. */
static bool fits_loop_splice(const struct iou_bench_work *work)
{
	return is_cached(work) && !work->loop;
}

/* ---- What they share ---- */

static int make(struct iou_bench_copy *copy, const struct iou_bench_work *work, struct iou_err *err)
{
	uint64_t bs = work->values[BS].number, size = work->values[SIZE].number;
	uint64_t align = is_cached(work) ? IOU_BENCH_ALIGN : IOU_BENCH_DIRECT_ALIGN;
	const char *dir = work->values[DIR].text;
	int ret;

	if (bs % align)
		return iou_err_set(err, IOU_CAUSE_USAGE, "usage", 0,
				   "a block of %" PRIu64 " bytes is no multiple of %" PRIu64, bs,
				   align);
	copy->bs = (uint32_t)bs;
	copy->blocks = (size + bs - 1) / bs;
	copy->size = copy->blocks * bs;
	copy->buffers = iou_bench_memory(copy->nr * bs);
	if (!copy->buffers)
		return iou_err_set(err, IOU_CAUSE_FAILED, "bench", ENOMEM, "cannot make buffers");
	ret = iou_bench_file_make(&copy->in_file, dir, copy->size, err)
		      ?: iou_bench_file_make(&copy->out_file, dir, 0, err);
	if (ret || is_cached(work))
		return ret;
	return iou_bench_file_direct(&copy->in, copy->in_file, O_RDONLY, err)
		       ?: iou_bench_file_direct(&copy->out, copy->out_file, O_WRONLY, err);
}

int iou_bench_copy_open(struct iou_bench_copy *copy, const struct iou_bench_work *work, uint32_t nr,
			struct iou_err *err)
{
	struct iou_bench_copy opened = {
		.in_file = -1, .out_file = -1, .in = -1, .out = -1, .nr = nr};
	int ret = make(&opened, work, err);

	if (ret) {
		iou_bench_copy_close(&opened);
		return ret;
	}
	if (is_cached(work)) {
		opened.in = opened.in_file;
		opened.out = opened.out_file;
	}
	*copy = opened;
	return 0;
}

void iou_bench_copy_close(struct iou_bench_copy *copy)
{
	if (copy->in != copy->in_file)
		iou_close(copy->in);
	if (copy->out != copy->out_file)
		iou_close(copy->out);
	iou_close(copy->in_file);
	iou_close(copy->out_file);
	if (copy->buffers)
		munmap(copy->buffers, (size_t)copy->nr * copy->bs);
}

int iou_bench_copy_wrong(int res, struct iou_err *err)
{
	return iou_err_set(err, IOU_CAUSE_FAILED, "bench", res < 0 ? -res : 0,
			   res < 0 ? "cannot copy a block" : "a block was not copied as a whole");
}

int iou_bench_copy_check(void *state, struct iou_err *err)
{
	const struct iou_bench_copy *copy = state;

	return iou_bench_file_check(copy->out_file, copy->size, err);
}

/* ---- As a loop ---- */

struct loop {
	struct iou_bench_copy copy;
	void *state;
};

static int open_its_loop(struct loop *l, const struct iou_bench_variant *variant,
			 const struct iou_bench_work *work, struct iou_err *err)
{
	const char *words[8] = {};
	char paths[2][IOU_BENCH_FILE_PATH], texts[7][64];

	iou_bench_file_path(paths[0], l->copy.in_file);
	iou_bench_file_path(paths[1], l->copy.out_file);
	snprintf(texts[0], sizeof(texts[0]), "in=%s", paths[0]);
	snprintf(texts[1], sizeof(texts[1]), "out=%s", paths[1]);
	snprintf(texts[2], sizeof(texts[2]), "bs=%" PRIu32, l->copy.bs);
	snprintf(texts[3], sizeof(texts[3]), "depth=%" PRIu32, iou_bench_copy_depth(work));
	snprintf(texts[4], sizeof(texts[4]), "direct=%d", !is_cached(work));
	/* As all others, it need not look whether there is more. */
	snprintf(texts[5], sizeof(texts[5]), "length=%" PRIu64, l->copy.size);
	snprintf(texts[6], sizeof(texts[6]), "splice=%d", variant->nr > 1);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		words[i] = texts[i];
	return iou_bench_loop_open(&l->state, work, "copy", words, l->copy.blocks, err);
}

static int open_loop(void **state, const struct iou_bench_variant *variant,
		     const struct iou_bench_work *work, struct iou_err *err)
{
	IOU_FREE struct loop *l = calloc(1, sizeof(*l));
	int ret;

	if (!l)
		return iou_err_set(err, IOU_CAUSE_FAILED, "bench", ENOMEM, "cannot open a loop");
	ret = iou_bench_copy_open(&l->copy, work, 1, err);
	if (ret)
		return ret;
	ret = open_its_loop(l, variant, work, err);
	if (ret) {
		iou_bench_copy_close(&l->copy);
		return ret;
	}
	*state = TAKE_PTR(l);
	return 0;
}

static int run_loop(void *state, struct iou_bench_done *done, struct iou_err *err)
{
	struct loop *l = state;
	int ret = iou_bench_loop_run(l->state, done, err);

	/* It says how many bytes. */
	done->requests = l->copy.blocks;
	return ret;
}

static void close_loop(void *state)
{
	struct loop *l = state;

	iou_bench_loop_close(l->state);
	iou_bench_copy_close(&l->copy);
	free(l);
}

/* ---- Without io_uring ---- */

struct other {
	struct iou_bench_copy copy;
	int pipe[2]; /* -1: none */
};

static int open_other_of(void **state, const struct iou_bench_work *work, bool has_pipe,
			 struct iou_err *err)
{
	IOU_FREE struct other *o = calloc(1, sizeof(*o));
	int ret;

	if (!o)
		return iou_err_set(err, IOU_CAUSE_FAILED, "bench", ENOMEM, "cannot make buffers");
	o->pipe[0] = o->pipe[1] = -1;
	if (has_pipe && pipe2(o->pipe, O_CLOEXEC))
		return iou_err_set(err, IOU_CAUSE_FAILED, "bench", errno, "cannot make a pipe");
	ret = iou_bench_copy_open(&o->copy, work, 1, err);
	if (ret) {
		iou_close(o->pipe[0]);
		iou_close(o->pipe[1]);
		return ret;
	}
	/* So that a block goes at once, if we may have such a one. */
	if (has_pipe)
		fcntl(o->pipe[1], F_SETPIPE_SZ, (int)o->copy.bs);
	*state = TAKE_PTR(o);
	return 0;
}

static int open_other(void **state, const struct iou_bench_variant *variant,
		      const struct iou_bench_work *work, struct iou_err *err)
{
	(void)variant;
	return open_other_of(state, work, false, err);
}

static int open_splice(void **state, const struct iou_bench_variant *variant,
		       const struct iou_bench_work *work, struct iou_err *err)
{
	(void)variant;
	return open_other_of(state, work, true, err);
}

static int run_read_write(void *state, struct iou_bench_done *done, struct iou_err *err)
{
	const struct iou_bench_copy *copy = &((struct other *)state)->copy;

	for (uint64_t i = 0; i < copy->blocks; i++) {
		ssize_t got = read(copy->in, copy->buffers, copy->bs);

		if (got == copy->bs)
			got = write(copy->out, copy->buffers, copy->bs);
		if (got != copy->bs)
			return iou_bench_copy_wrong(got < 0 ? -errno : 0, err);
	}
	done->requests = copy->blocks;
	done->enters = 2 * copy->blocks;
	return 0;
}

/* As cp does it: as much at a time as the kernel takes. */
static int run_copy_file_range(void *state, struct iou_bench_done *done, struct iou_err *err)
{
	const struct iou_bench_copy *copy = &((struct other *)state)->copy;
	uint64_t left = copy->size;

	while (left) {
		ssize_t got = copy_file_range(copy->in, NULL, copy->out, NULL, left, 0);

		if (got <= 0)
			return iou_bench_copy_wrong(got ? -errno : 0, err);
		left -= (uint64_t)got;
		done->enters++;
	}
	done->requests = copy->blocks;
	return 0;
}

static int run_splice(void *state, struct iou_bench_done *done, struct iou_err *err)
{
	struct other *o = state;
	uint64_t left = o->copy.size;

	while (left) {
		ssize_t got = splice(o->copy.in, NULL, o->pipe[1], NULL,
				     left < o->copy.bs ? left : o->copy.bs, SPLICE_F_MOVE);
		ssize_t rest = got;

		done->enters++;
		while (rest > 0) {
			got = splice(o->pipe[0], NULL, o->copy.out, NULL, (size_t)rest,
				     SPLICE_F_MOVE);
			done->enters++;
			if (got <= 0)
				break;
			rest -= got;
			left -= (uint64_t)got;
		}
		if (got <= 0)
			return iou_bench_copy_wrong(got ? -errno : 0, err);
	}
	done->requests = o->copy.blocks;
	return 0;
}

static void close_other(void *state)
{
	struct other *o = state;

	iou_close(o->pipe[0]);
	iou_close(o->pipe[1]);
	iou_bench_copy_close(&o->copy);
	free(o);
}

/* ---- The job ---- */

#define RING(name, help, nr, kind, as)                                               \
	{                                                                            \
		name, help, IOU_BENCH_##kind, false, nr, iou_bench_copy_##as##_open, \
			iou_bench_copy_##as##_run, iou_bench_copy_##as##_close,      \
			iou_bench_copy_check, NULL                                   \
	}
#define SPLICE(name, help, kind, as)                                                \
	{                                                                           \
		name, help, IOU_BENCH_##kind, false, 2, iou_bench_copy_##as##_open, \
			iou_bench_copy_##as##_run, iou_bench_copy_##as##_close,     \
			iou_bench_copy_check, fits_pipes                            \
	}
#define OTHER(name, help, how, as, fits)                                                  \
	{                                                                                 \
		name, help, IOU_BENCH_OTHER, false, 1, open_##how, run_##as, close_other, \
			iou_bench_copy_check, fits                                        \
	}

static const struct iou_bench_variant variants[] = {
	{"loop", "copy", IOU_BENCH_LOOP, false, 1, open_loop, run_loop, close_loop,
	 iou_bench_copy_check, NULL},
	{"loop-splice", "copy splice=1", IOU_BENCH_LOOP, false, 2, open_loop, run_loop, close_loop,
	 iou_bench_copy_check, fits_loop_splice},
	RING("liburing", "a write when its read is done", 1, PLAIN, plain),
	RING("tuned", "a write when its read is done, tuned", 1, TUNED, tuned),
	RING("links-2", "SQE links of a read and its write", 2, PLAIN, plain),
	RING("links-2-tuned", "SQE links of a read and its write, tuned", 2, TUNED, tuned),
	SPLICE("splice-links", "SQE links of a splice into a pipe and out", PLAIN, splice),
	SPLICE("splice-links-tuned", "the same, tuned", TUNED, splice_tuned),
	OTHER("read-write", "read(2) and write(2)", other, read_write, NULL),
	OTHER("splice", "splice(2), through a pipe", splice, splice, is_cached),
	OTHER("copy-file-range", "copy_file_range(2), as cp(1)", other, copy_file_range, is_cached),
};

const struct iou_bench_job iou_bench_copy = {
	.name = "copy",
	.help = "a file to a file",
	.request = "block",
	.params = params,
	.params_nr = ARRAY_SIZE(params),
	.variants = variants,
	.variants_nr = ARRAY_SIZE(variants),
};
