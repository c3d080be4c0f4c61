// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The job 'copy' with rings: by liburing, and tuned. */
#include <errno.h>
#include <liburing.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "bench/copy.h"
#include "bench/uring.h"
#include "ring/register.h"

/* A request's user_data: its buffer's number, twice; one more for a write. */
#define READ(nr) ((uint64_t)(nr) << 1)
#define WRITE(nr) (READ(nr) | 1)

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
	return c->at ? iou_bench_copy_open(&c->copy, work, depth, err)
		     : iou_bench_no_ring(-ENOMEM, err);
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
		return iou_bench_no_ring(-ENOMEM, err);
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
		return iou_bench_no_ring(ret, err);
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

/*
 * ---- Tuned: files registered, and past the page cache the buffers, which else would be pinned for
 * each request; no CQE of a read that its write waits for; and through the page cache, blocks that
 * are behind each other written as one, and no wait for each completion by itself ----
 */

/* What is written at a time at most, of more than one block. */
#define JOIN_BYTES 1048576

struct tuned {
	struct common c;
	struct iou_uring ring;
	bool direct;
	uint64_t pending;          /* CQEs that are to come */
	struct io_uring_sqe *last; /* the write that was begun last, until it is submitted */
	uint32_t last_nr;          /* its first block's buffer */
	uint32_t *together;        /* blocks of the write that begins with each buffer */
};

/* Places in the table of files. */
enum { IN, OUT };

static int register_buffers(struct tuned *t)
{
	const struct iou_bench_copy *copy = &t->c.copy;
	IOU_FREE struct iovec *iovecs = calloc(copy->nr, sizeof(*iovecs));

	if (!iovecs)
		return -ENOMEM;
	for (uint32_t i = 0; i < copy->nr; i++)
		iovecs[i] = (struct iovec){buffer_of(&t->c, i), copy->bs};
	return iou_ring_register_buffers(&t->ring.ring, iovecs, copy->nr);
}

static int make_tuned(struct tuned *t, struct iou_err *err)
{
	const struct iou_bench_copy *copy = &t->c.copy;
	const int fds[] = {[IN] = copy->in, [OUT] = copy->out};
	int ret = iou_uring_open(&t->ring, sqes_of(&t->c), err);

	if (ret)
		return ret;
	t->direct = copy->in != copy->in_file;
	t->together = calloc(copy->nr, sizeof(*t->together));
	ret = t->together ? iou_ring_register_files(&t->ring.ring, fds, ARRAY_SIZE(fds)) : -ENOMEM;
	if (!ret && t->direct)
		ret = register_buffers(t);
	if (ret) {
		iou_uring_close(&t->ring);
		free(t->together);
		return iou_bench_no_ring(ret, err);
	}
	memset(t->ring.sqes, 0, t->ring.ring.params.sq_entries * sizeof(*t->ring.sqes));
	return 0;
}

int iou_bench_copy_tuned_open(void **state, const struct iou_bench_variant *variant,
			      const struct iou_bench_work *work, struct iou_err *err)
{
	IOU_FREE struct tuned *t = calloc(1, sizeof(*t));
	int ret;

	if (!t)
		return iou_bench_no_ring(-ENOMEM, err);
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
static struct io_uring_sqe *tuned_put(struct tuned *t, uint8_t opcode, uint8_t flags, int file,
				      uint32_t nr, uint64_t data)
{
	struct io_uring_sqe *sqe = iou_uring_sqe(&t->ring);

	sqe->opcode = opcode;
	sqe->flags = flags;
	sqe->fd = file;
	sqe->off = t->c.at[nr];
	sqe->addr = (uintptr_t)buffer_of(&t->c, nr);
	sqe->len = t->c.copy.bs;
	sqe->user_data = data;
	if (t->direct)
		sqe->buf_index = (uint16_t)nr;
	t->pending += !(flags & IOSQE_CQE_SKIP_SUCCESS);
	return sqe;
}

/* Half of all blocks stay free of it, to be read into meanwhile. */
static bool tuned_join(struct tuned *t, uint32_t nr)
{
	uint32_t bs = t->c.copy.bs, *together = &t->together[t->last_nr];
	uint64_t size = (uint64_t)*together * bs;

	if (!t->last || t->direct || t->c.linked || nr != t->last_nr + *together ||
	    t->c.at[nr] != t->c.at[t->last_nr] + size || size + bs > JOIN_BYTES ||
	    2 * (*together + 1) > t->c.copy.nr)
		return false;
	t->last->len += bs;
	++*together;
	return true;
}

static void tuned_add_write(struct tuned *t, uint32_t nr)
{
	if (tuned_join(t, nr))
		return;
	t->last = tuned_put(t, t->direct ? IORING_OP_WRITE_FIXED : IORING_OP_WRITE,
			    IOSQE_FIXED_FILE, OUT, nr, WRITE(nr));
	t->last_nr = nr;
	t->together[nr] = 1;
}

static void tuned_add_block(struct tuned *t, uint32_t nr)
{
	uint8_t flags = IOSQE_FIXED_FILE;

	if (t->c.begun == t->c.copy.blocks)
		return;
	t->c.at[nr] = t->c.begun++ * t->c.copy.bs;
	if (t->c.linked)
		flags |= IOSQE_IO_LINK | IOSQE_CQE_SKIP_SUCCESS;
	tuned_put(t, t->direct ? IORING_OP_READ_FIXED : IORING_OP_READ, flags, IN, nr, READ(nr));
	if (t->c.linked)
		tuned_add_write(t, nr);
}

/* How many blocks that completes; -1: it did not do all that it should. */
static int64_t tuned_took(struct tuned *t, const struct io_uring_cqe *cqe)
{
	uint32_t nr = (uint32_t)(cqe->user_data >> 1), together = t->together[nr];
	bool is_write = cqe->user_data == WRITE(nr);
	uint64_t size = (uint64_t)t->c.copy.bs * (is_write ? together : 1);

	t->pending--;
	if (cqe->res < 0 || (uint64_t)cqe->res != size)
		return -1;
	if (!is_write) {
		tuned_add_write(t, nr);
		return 0;
	}
	for (uint32_t i = 0; i < together; i++)
		tuned_add_block(t, nr + i);
	return together;
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
		/* While half of what a worker writes is ahead of it, it has no use for us. */
		int ret = iou_uring_submit(ring, t->direct ? 1 : (uint32_t)(t->pending + 1) / 2);

		if (ret != (int)queued)
			return iou_bench_copy_wrong(ret, err);
		t->last = NULL;
		while ((cqe = iou_uring_cqe(ring))) {
			int64_t blocks = tuned_took(t, cqe);

			if (blocks < 0)
				return iou_bench_copy_wrong(cqe->res, err);
			done->requests += (uint64_t)blocks;
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
	free(t->together);
	free(t);
}
