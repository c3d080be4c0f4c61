// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The job 'copy' with rings: by liburing, and tuned. */
#include <errno.h>
#include <liburing.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "bench/copy.h"
#include "bench/uring.h"
#include "ring/register.h"

/* A request's user_data: its buffer's number, twice; one more for a write. */
#define READ(nr) ((uint64_t)(nr) << 1)
#define WRITE(nr) (READ(nr) | 1)

static int no_ring(int ret, struct iou_err *err)
{
	return iou_err_set(err, IOU_CAUSE_FAILED, "ring", -ret, "cannot make a ring");
}

/* What both have. It comes first in their structs: iou_bench_copy_check() takes it for its own. */
struct common {
	struct iou_bench_copy copy;
	bool linked;
	uint64_t begun; /* blocks */
	uint64_t *at;   /* where the block of each buffer is */
};

static int open_common(struct common *c, const struct iou_bench_variant *variant,
		       const struct iou_bench_work *work, struct iou_err *err)
{
	uint32_t depth = iou_bench_copy_depth(work);

	c->linked = variant->nr > 1;
	c->at = calloc(depth, sizeof(*c->at));
	return c->at ? iou_bench_copy_open(&c->copy, work, depth, err) : no_ring(-ENOMEM, err);
}

/* No more of them wait to be submitted. */
static uint32_t sqes_of(const struct common *c)
{
	return c->linked ? 2 * c->copy.nr : c->copy.nr;
}

static char *buffer_of(const struct common *c, uint32_t nr)
{
	return c->copy.buffers + (size_t)nr * c->copy.bs;
}

/* ---- With liburing: as its example io_uring-cp does it, and link-cp ---- */

struct plain {
	struct common c;
	struct io_uring ring;
};

int iou_bench_copy_plain_open(void **state, const struct iou_bench_variant *variant,
			      const struct iou_bench_work *work, struct iou_err *err)
{
	IOU_FREE struct plain *p = calloc(1, sizeof(*p));
	int ret;

	if (!p)
		return no_ring(-ENOMEM, err);
	ret = open_common(&p->c, variant, work, err);
	if (ret) {
		free(p->c.at);
		return ret;
	}
	ret = io_uring_queue_init(sqes_of(&p->c), &p->ring,
				  IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN);
	if (ret) {
		iou_bench_copy_close(&p->c.copy);
		free(p->c.at);
		return no_ring(ret, err);
	}
	*state = TAKE_PTR(p);
	return 0;
}

static void add_write(struct plain *p, uint32_t nr)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&p->ring);

	io_uring_prep_write(sqe, p->c.copy.out, buffer_of(&p->c, nr), p->c.copy.bs, p->c.at[nr]);
	io_uring_sqe_set_data64(sqe, WRITE(nr));
}

/* The next block, if there is one. */
static void add_block(struct plain *p, uint32_t nr)
{
	const struct iou_bench_copy *copy = &p->c.copy;
	struct io_uring_sqe *sqe;

	if (p->c.begun == copy->blocks)
		return;
	p->c.at[nr] = p->c.begun++ * copy->bs;
	sqe = io_uring_get_sqe(&p->ring);
	io_uring_prep_read(sqe, copy->in, buffer_of(&p->c, nr), copy->bs, p->c.at[nr]);
	io_uring_sqe_set_data64(sqe, READ(nr));
	if (!p->c.linked)
		return;
	io_uring_sqe_set_flags(sqe, IOSQE_IO_LINK);
	add_write(p, nr);
}

int iou_bench_copy_plain_run(void *state, struct iou_bench_done *done, struct iou_err *err)
{
	struct plain *p = state;
	const struct iou_bench_copy *copy = &p->c.copy;

	for (uint32_t i = 0; i < copy->nr; i++)
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
			if (cqe->user_data == WRITE(nr)) {
				done->requests++;
				add_block(p, nr);
			} else if (!p->c.linked) {
				add_write(p, nr);
			}
			seen++;
		}
		io_uring_cq_advance(&p->ring, seen);
	}
	return 0;
}

void iou_bench_copy_plain_close(void *state)
{
	struct plain *p = state;

	io_uring_queue_exit(&p->ring);
	iou_bench_copy_close(&p->c.copy);
	free(p->c.at);
	free(p);
}

/* ---- Tuned: files and buffers registered, and no CQE of a read that its write waits for ---- */

struct tuned {
	struct common c;
	struct iou_uring ring;
};

/* Places in the table of files. */
enum { IN, OUT };

static int make_tuned(struct tuned *t, struct iou_err *err)
{
	const struct iou_bench_copy *copy = &t->c.copy;
	const int fds[] = {[IN] = copy->in, [OUT] = copy->out};
	IOU_FREE struct iovec *iovecs = calloc(copy->nr, sizeof(*iovecs));
	uint32_t sqes = sqes_of(&t->c);
	int ret = iovecs ? iou_uring_open(&t->ring, sqes, sqes < 256 ? 512 : 2 * sqes, err)
			 : no_ring(-ENOMEM, err);

	if (ret)
		return ret;
	for (uint32_t i = 0; i < copy->nr; i++)
		iovecs[i] = (struct iovec){buffer_of(&t->c, i), copy->bs};
	ret = iou_ring_register_files(&t->ring.ring, fds, ARRAY_SIZE(fds))
		      ?: iou_ring_register_buffers(&t->ring.ring, iovecs, copy->nr);
	if (ret) {
		iou_uring_close(&t->ring);
		return no_ring(ret, err);
	}
	for (uint32_t i = 0; i < t->ring.ring.params.sq_entries; i++)
		t->ring.sqes[i] = (struct io_uring_sqe){.len = copy->bs};
	return 0;
}

int iou_bench_copy_tuned_open(void **state, const struct iou_bench_variant *variant,
			      const struct iou_bench_work *work, struct iou_err *err)
{
	IOU_FREE struct tuned *t = calloc(1, sizeof(*t));
	int ret;

	if (!t)
		return no_ring(-ENOMEM, err);
	ret = open_common(&t->c, variant, work, err);
	if (!ret) {
		ret = make_tuned(t, err);
		if (ret)
			iou_bench_copy_close(&t->c.copy);
	}
	if (ret) {
		free(t->c.at);
		return ret;
	}
	*state = TAKE_PTR(t);
	return 0;
}

/* What stands in an SQE but is the same in all of them is left there. */
static void tuned_put(struct tuned *t, uint8_t opcode, uint8_t flags, int file, uint32_t nr,
		      uint64_t data)
{
	struct io_uring_sqe *sqe = iou_uring_sqe(&t->ring);

	sqe->opcode = opcode;
	sqe->flags = flags;
	sqe->fd = file;
	sqe->off = t->c.at[nr];
	sqe->addr = (uintptr_t)buffer_of(&t->c, nr);
	sqe->user_data = data;
	sqe->buf_index = (uint16_t)nr;
}

static void tuned_add_write(struct tuned *t, uint32_t nr)
{
	tuned_put(t, IORING_OP_WRITE_FIXED, IOSQE_FIXED_FILE, OUT, nr, WRITE(nr));
}

static void tuned_add_block(struct tuned *t, uint32_t nr)
{
	uint8_t flags = IOSQE_FIXED_FILE;

	if (t->c.begun == t->c.copy.blocks)
		return;
	t->c.at[nr] = t->c.begun++ * t->c.copy.bs;
	if (t->c.linked)
		flags |= IOSQE_IO_LINK | IOSQE_CQE_SKIP_SUCCESS;
	tuned_put(t, IORING_OP_READ_FIXED, flags, IN, nr, READ(nr));
	if (t->c.linked)
		tuned_add_write(t, nr);
}

int iou_bench_copy_tuned_run(void *state, struct iou_bench_done *done, struct iou_err *err)
{
	struct tuned *t = state;
	struct iou_uring *ring = &t->ring;
	const struct iou_bench_copy *copy = &t->c.copy;

	for (uint32_t i = 0; i < copy->nr; i++)
		tuned_add_block(t, i);
	while (done->requests < copy->blocks) {
		uint32_t queued = ring->queued;
		const struct io_uring_cqe *cqe;
		int ret = iou_uring_submit(ring, 1);

		if (ret != (int)queued)
			return iou_bench_copy_wrong(ret, err);
		while ((cqe = iou_uring_cqe(ring))) {
			uint32_t nr = (uint32_t)(cqe->user_data >> 1);

			if (cqe->res != (int)copy->bs)
				return iou_bench_copy_wrong(cqe->res, err);
			if (cqe->user_data == WRITE(nr)) {
				done->requests++;
				tuned_add_block(t, nr);
			} else {
				tuned_add_write(t, nr);
			}
			iou_uring_seen(ring, 1);
		}
		iou_uring_publish(ring);
	}
	done->enters = ring->enters;
	return 0;
}

void iou_bench_copy_tuned_close(void *state)
{
	struct tuned *t = state;

	iou_uring_close(&t->ring);
	iou_bench_copy_close(&t->c.copy);
	free(t->c.at);
	free(t);
}
