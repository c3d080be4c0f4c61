// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The job 'copy' by splices: into a pipe and, linked to that, out of it. By liburing, and tuned. */
#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "bench/copy.h"
#include "bench/uring.h"
#include "ring/register.h"
#include "session/pipes.h"

/* Each has two descriptors, and a process may have 1024 without further ado. */
#define PIPES_MAX 256

/* A request's user_data: its pipe's number, twice; one more for the way out. */
#define IN_BY(nr) ((uint64_t)(nr) << 1)
#define OUT_BY(nr) (IN_BY(nr) | 1)

/* What both have. It comes first in their structs: iou_bench_copy_check() takes it for its own. */
struct common {
	struct iou_bench_copy copy;
	uint32_t depth;
	uint64_t begun;          /* blocks */
	int pipes[PIPES_MAX][2]; /* one for each block under way */
};

bool iou_bench_copy_fits_pipes(uint32_t depth, uint64_t bs)
{
	return depth <= PIPES_MAX && bs <= iou_pipe_size_max();
}

static void close_common(struct common *c)
{
	for (uint32_t i = 0; i < c->depth; i++) {
		iou_close(c->pipes[i][0]);
		iou_close(c->pipes[i][1]);
	}
	iou_bench_copy_close(&c->copy);
}

static int make_pipe(int pipe[2], uint32_t bs, struct iou_err *err)
{
	if (pipe2(pipe, O_CLOEXEC))
		return iou_err_set(err, IOU_CAUSE_FAILED, "bench", errno, "cannot make a pipe");
	if (fcntl(pipe[1], F_GETPIPE_SZ) < (int)bs && fcntl(pipe[1], F_SETPIPE_SZ, (int)bs) < 0)
		return iou_err_set(err, IOU_CAUSE_FAILED, "bench", errno,
				   "cannot make a pipe of a block");
	return 0;
}

static int open_common(struct common *c, const struct iou_bench_work *work, struct iou_err *err)
{
	int ret = iou_bench_copy_open(&c->copy, work, 1, err);

	if (ret)
		return ret;
	c->depth = iou_bench_copy_depth(work);
	for (uint32_t i = 0; i < c->depth; i++)
		c->pipes[i][0] = c->pipes[i][1] = -1;
	for (uint32_t i = 0; i < c->depth && !ret; i++)
		ret = make_pipe(c->pipes[i], c->copy.bs, err);
	if (ret)
		close_common(c);
	return ret;
}

/* How many completions to wait for: half of what is under way is still ahead of the kernel then. */
static uint32_t enough(const struct common *c, uint64_t done)
{
	return (uint32_t)(c->begun - done + 1) / 2;
}

/* ---- With liburing ---- */

struct plain {
	struct common c;
	struct io_uring ring;
};

int iou_bench_copy_splice_open(void **state, const struct iou_bench_variant *variant,
			       const struct iou_bench_work *work, struct iou_err *err)
{
	IOU_FREE struct plain *p = calloc(1, sizeof(*p));
	int ret;

	(void)variant;
	if (!p)
		return iou_bench_no_ring(-ENOMEM, err);
	ret = open_common(&p->c, work, err);
	if (ret)
		return ret;
	ret = io_uring_queue_init(2 * p->c.depth, &p->ring,
				  IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN);
	if (ret) {
		close_common(&p->c);
		return iou_bench_no_ring(ret, err);
	}
	*state = TAKE_PTR(p);
	return 0;
}

/* The next block, if there is one. */
static void add_block(struct plain *p, uint32_t nr)
{
	const struct iou_bench_copy *copy = &p->c.copy;
	struct io_uring_sqe *sqe;
	int64_t at;

	if (p->c.begun == copy->blocks)
		return;
	at = (int64_t)(p->c.begun++ * copy->bs);
	sqe = io_uring_get_sqe(&p->ring);
	io_uring_prep_splice(sqe, copy->in, at, p->c.pipes[nr][1], -1, copy->bs, 0);
	io_uring_sqe_set_data64(sqe, IN_BY(nr));
	io_uring_sqe_set_flags(sqe, IOSQE_IO_LINK);
	sqe = io_uring_get_sqe(&p->ring);
	io_uring_prep_splice(sqe, p->c.pipes[nr][0], -1, copy->out, at, copy->bs, 0);
	io_uring_sqe_set_data64(sqe, OUT_BY(nr));
}

int iou_bench_copy_splice_run(void *state, struct iou_bench_done *done, struct iou_err *err)
{
	struct plain *p = state;
	const struct iou_bench_copy *copy = &p->c.copy;

	for (uint32_t i = 0; i < p->c.depth; i++)
		add_block(p, i);
	while (done->requests < copy->blocks) {
		struct io_uring_cqe *cqe;
		unsigned int head, seen = 0;
		int ret = io_uring_submit_and_wait(&p->ring, 1);

		done->enters++;
		if (ret < 0)
			return iou_bench_copy_wrong(ret, err);
		io_uring_for_each_cqe(&p->ring, head, cqe)
		{
			uint32_t nr = (uint32_t)(cqe->user_data >> 1);

			if (cqe->res != (int)copy->bs)
				return iou_bench_copy_wrong(cqe->res, err);
			if (cqe->user_data == OUT_BY(nr)) {
				done->requests++;
				add_block(p, nr);
			}
			seen++;
		}
		io_uring_cq_advance(&p->ring, seen);
	}
	return 0;
}

void iou_bench_copy_splice_close(void *state)
{
	struct plain *p = state;

	io_uring_queue_exit(&p->ring);
	close_common(&p->c);
	free(p);
}

/* ---- Tuned: all files registered, pipes too; no CQE of the way in ---- */

struct tuned {
	struct common c;
	struct iou_uring ring;
};

/* Places in the table of files. */
enum { IN, OUT, PIPES };

static int make_tuned(struct tuned *t, struct iou_err *err)
{
	uint32_t sqes = 2 * t->c.depth;
	int fds[PIPES + 2 * PIPES_MAX] = {[IN] = t->c.copy.in, [OUT] = t->c.copy.out};
	int ret = iou_uring_open(&t->ring, sqes, err);

	if (ret)
		return ret;
	for (uint32_t i = 0; i < sqes; i++)
		fds[PIPES + i] = t->c.pipes[i / 2][i % 2];
	ret = iou_ring_register_files(&t->ring.ring, fds, PIPES + sqes);
	if (ret) {
		iou_uring_close(&t->ring);
		return iou_bench_no_ring(ret, err);
	}
	for (uint32_t i = 0; i < t->ring.ring.params.sq_entries; i++)
		t->ring.sqes[i] = (struct io_uring_sqe){
			.opcode = IORING_OP_SPLICE,
			.len = t->c.copy.bs,
			.splice_flags = SPLICE_F_FD_IN_FIXED,
		};
	return 0;
}

int iou_bench_copy_splice_tuned_open(void **state, const struct iou_bench_variant *variant,
				     const struct iou_bench_work *work, struct iou_err *err)
{
	IOU_FREE struct tuned *t = calloc(1, sizeof(*t));
	int ret;

	(void)variant;
	if (!t)
		return iou_bench_no_ring(-ENOMEM, err);
	ret = open_common(&t->c, work, err);
	if (ret)
		return ret;
	ret = make_tuned(t, err);
	if (ret) {
		close_common(&t->c);
		return ret;
	}
	*state = TAKE_PTR(t);
	return 0;
}

/* What stands in an SQE but is the same in all of them is left there. */
static void tuned_put(struct tuned *t, uint8_t flags, int from, uint64_t from_at, int to,
		      uint64_t to_at, uint64_t data)
{
	struct io_uring_sqe *sqe = iou_uring_sqe(&t->ring);

	sqe->flags = IOSQE_FIXED_FILE | flags;
	sqe->fd = to;
	sqe->off = to_at;
	sqe->splice_off_in = from_at;
	sqe->splice_fd_in = from;
	sqe->user_data = data;
}

static void tuned_add_block(struct tuned *t, uint32_t nr)
{
	int reads = PIPES + 2 * (int)nr, writes = reads + 1;
	uint64_t at;

	if (t->c.begun == t->c.copy.blocks)
		return;
	at = t->c.begun++ * t->c.copy.bs;
	tuned_put(t, IOSQE_IO_LINK | IOSQE_CQE_SKIP_SUCCESS, IN, at, writes, UINT64_MAX, IN_BY(nr));
	tuned_put(t, 0, reads, UINT64_MAX, OUT, at, OUT_BY(nr));
}

int iou_bench_copy_splice_tuned_run(void *state, struct iou_bench_done *done, struct iou_err *err)
{
	struct tuned *t = state;
	struct iou_uring *ring = &t->ring;
	const struct iou_bench_copy *copy = &t->c.copy;

	for (uint32_t i = 0; i < t->c.depth; i++)
		tuned_add_block(t, i);
	while (done->requests < copy->blocks) {
		uint32_t queued = ring->queued;
		const struct io_uring_cqe *cqe;
		int ret = iou_uring_submit(ring, enough(&t->c, done->requests));

		if (ret != (int)queued)
			return iou_bench_copy_wrong(ret, err);
		while ((cqe = iou_uring_cqe(ring))) {
			uint32_t nr = (uint32_t)(cqe->user_data >> 1);

			if (cqe->res != (int)copy->bs || cqe->user_data != OUT_BY(nr))
				return iou_bench_copy_wrong(cqe->res, err);
			done->requests++;
			tuned_add_block(t, nr);
			iou_uring_seen(ring, 1);
		}
		iou_uring_publish(ring);
	}
	done->enters = ring->enters;
	return 0;
}

void iou_bench_copy_splice_tuned_close(void *state)
{
	struct tuned *t = state;

	iou_uring_close(&t->ring);
	close_common(&t->c);
	free(t);
}
