// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The job 'read' with rings: by liburing, and tuned. All have the file and the buffers registered.
 */
#include <errno.h>
#include <liburing.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "bench/read.h"
#include "bench/uring.h"
#include "ring/register.h"

#define IS_LINKED(variant) ((variant)->nr > 1 && !(variant)->unordered)

/* How many go together, which have a buffer each: those of the variant, or the depth. */
static uint32_t nr_of(const struct iou_bench_variant *variant, const struct iou_bench_work *work)
{
	return variant->nr > 1 ? variant->nr : iou_bench_reads_depth(work);
}

static struct iovec *buffers_of(const struct iou_bench_reads *reads)
{
	struct iovec *iovecs = calloc(reads->nr, sizeof(*iovecs));

	for (uint32_t i = 0; iovecs && i < reads->nr; i++)
		iovecs[i] = (struct iovec){reads->buffers + (size_t)i * reads->bs, reads->bs};
	return iovecs;
}

/* ---- With liburing ---- */

struct plain {
	struct iou_bench_reads reads;
	struct io_uring ring;
	bool linked, together;
	uint64_t next; /* where the next block begins */
	uint64_t enters;
};

static int make_plain(struct plain *p, struct iou_err *err)
{
	IOU_FREE struct iovec *iovecs = buffers_of(&p->reads);
	int ret = iovecs ? io_uring_queue_init(p->reads.nr < 8 ? 8 : p->reads.nr, &p->ring,
					       IORING_SETUP_SINGLE_ISSUER |
						       IORING_SETUP_DEFER_TASKRUN)
			 : -ENOMEM;

	if (ret)
		return iou_bench_no_ring(ret, err);
	ret = io_uring_register_files(&p->ring, &p->reads.fd, 1);
	if (!ret)
		ret = io_uring_register_buffers(&p->ring, iovecs, p->reads.nr);
	if (!ret)
		return 0;
	io_uring_queue_exit(&p->ring);
	return iou_bench_no_ring(ret, err);
}

int iou_bench_reads_plain_open(void **state, const struct iou_bench_variant *variant,
			       const struct iou_bench_work *work, struct iou_err *err)
{
	IOU_FREE struct plain *p = calloc(1, sizeof(*p));
	int ret;

	if (!p)
		return iou_bench_no_ring(-ENOMEM, err);
	p->linked = IS_LINKED(variant);
	p->together = variant->nr > 1;
	ret = iou_bench_reads_open(&p->reads, work, nr_of(variant, work), err);
	if (ret)
		return ret;
	ret = make_plain(p, err);
	if (ret) {
		iou_bench_reads_close(&p->reads);
		return ret;
	}
	*state = TAKE_PTR(p);
	return 0;
}

/* Read the next block into buffer @nr. */
static struct io_uring_sqe *add(struct plain *p, uint32_t nr, uint64_t data)
{
	const struct iou_bench_reads *reads = &p->reads;
	struct io_uring_sqe *sqe = io_uring_get_sqe(&p->ring);

	io_uring_prep_read_fixed(sqe, 0, reads->buffers + (size_t)nr * reads->bs, reads->bs,
				 p->next, (int)nr);
	io_uring_sqe_set_flags(sqe, IOSQE_FIXED_FILE);
	io_uring_sqe_set_data64(sqe, data);
	p->next = iou_bench_reads_next(reads, p->next);
	return sqe;
}

static int submit_and_wait(struct plain *p, uint32_t nr)
{
	p->enters++;
	return io_uring_submit_and_wait(&p->ring, nr);
}

static int one_by_one(struct plain *p, struct iou_err *err)
{
	for (uint64_t i = 0; i < p->reads.count; i++) {
		struct io_uring_cqe *cqe;
		int ret;

		add(p, 0, i);
		ret = submit_and_wait(p, 1);
		if (ret < 0)
			return iou_bench_reads_wrong(ret, err);
		ret = io_uring_wait_cqe(&p->ring, &cqe);
		if (ret || cqe->res != (int)p->reads.bs || cqe->user_data != i)
			return iou_bench_reads_wrong(ret ?: cqe->res, err);
		io_uring_cqe_seen(&p->ring, cqe);
	}
	return 0;
}

static int together(struct plain *p, struct iou_err *err)
{
	uint32_t all = p->reads.nr;

	for (uint64_t next = 0; next < p->reads.count; next += all) {
		struct io_uring_cqe *cqe;
		unsigned int head, nr = 0;
		int ret;

		for (uint32_t i = 0; i < all; i++) {
			struct io_uring_sqe *sqe = add(p, i, next + i);

			if (p->linked && i + 1 < all)
				io_uring_sqe_set_flags(sqe, IOSQE_FIXED_FILE | IOSQE_IO_LINK);
		}
		ret = submit_and_wait(p, all);
		if (ret < 0)
			return iou_bench_reads_wrong(ret, err);
		io_uring_for_each_cqe(&p->ring, head, cqe)
		{
			if (cqe->res != (int)p->reads.bs ||
			    (p->linked && cqe->user_data != next + nr))
				return iou_bench_reads_wrong(cqe->res, err);
			nr++;
		}
		if (nr != all)
			return iou_bench_reads_wrong(0, err);
		io_uring_cq_advance(&p->ring, nr);
	}
	return 0;
}

/* When one has come back, the next one goes into its buffer. */
static int many(struct plain *p, struct iou_err *err)
{
	uint64_t begun = 0, done = 0;

	for (; begun < p->reads.nr && begun < p->reads.count; begun++)
		add(p, (uint32_t)begun, begun);
	while (done < p->reads.count) {
		struct io_uring_cqe *cqe;
		unsigned int head, nr = 0;
		int ret = submit_and_wait(p, 1);

		if (ret < 0)
			return iou_bench_reads_wrong(ret, err);
		io_uring_for_each_cqe(&p->ring, head, cqe)
		{
			if (cqe->res != (int)p->reads.bs)
				return iou_bench_reads_wrong(cqe->res, err);
			nr++;
			if (begun++ < p->reads.count)
				add(p, (uint32_t)cqe->user_data, cqe->user_data);
		}
		io_uring_cq_advance(&p->ring, nr);
		done += nr;
	}
	return 0;
}

int iou_bench_reads_plain_run(void *state, struct iou_bench_done *done, struct iou_err *err)
{
	struct plain *p = state;
	int ret = p->together       ? together(p, err)
		  : p->reads.nr > 1 ? many(p, err)
				    : one_by_one(p, err);

	done->requests = p->reads.count;
	done->enters = p->enters;
	return ret;
}

int iou_bench_reads_plain_check(void *state, struct iou_err *err)
{
	const struct iou_bench_reads *reads = &((struct plain *)state)->reads;

	return iou_bench_reads_check(reads, reads->buffers, (size_t)reads->nr * reads->bs, err);
}

void iou_bench_reads_plain_close(void *state)
{
	struct plain *p = state;

	io_uring_queue_exit(&p->ring);
	iou_bench_reads_close(&p->reads);
	free(p);
}

/* ---- Tuned ---- */

struct tuned {
	struct iou_bench_reads reads;
	struct iou_uring ring;
	bool linked, together;
	uint64_t next;
};

/* All that does not change: with an SQ that begins anew, the buffers, too. */
static void fill(struct tuned *t)
{
	const struct iou_bench_reads *reads = &t->reads;

	for (uint32_t i = 0; i < t->ring.ring.params.sq_entries; i++) {
		uint32_t nr = i % reads->nr;

		t->ring.sqes[i] = (struct io_uring_sqe){
			.opcode = IORING_OP_READ_FIXED,
			.flags = IOSQE_FIXED_FILE |
				 (t->linked && nr + 1 < reads->nr ? IOSQE_IO_LINK : 0),
			.addr = (uintptr_t)(reads->buffers + (size_t)nr * reads->bs),
			.len = reads->bs,
			.buf_index = (uint16_t)nr,
		};
	}
}

static int make_tuned(struct tuned *t, struct iou_err *err)
{
	IOU_FREE struct iovec *iovecs = buffers_of(&t->reads);
	uint32_t nr = t->reads.nr;
	int ret = iovecs ? iou_uring_open(&t->ring, nr, err) : iou_bench_no_ring(-ENOMEM, err);

	if (ret)
		return ret;
	ret = iou_ring_register_files(&t->ring.ring, &t->reads.fd, 1)
		      ?: iou_ring_register_buffers(&t->ring.ring, iovecs, nr);
	if (ret) {
		iou_uring_close(&t->ring);
		return iou_bench_no_ring(ret, err);
	}
	fill(t);
	return 0;
}

int iou_bench_reads_tuned_open(void **state, const struct iou_bench_variant *variant,
			       const struct iou_bench_work *work, struct iou_err *err)
{
	IOU_FREE struct tuned *t = calloc(1, sizeof(*t));
	int ret;

	if (!t)
		return iou_bench_no_ring(-ENOMEM, err);
	t->linked = IS_LINKED(variant);
	t->together = variant->nr > 1 || iou_bench_reads_depth(work) == 1;
	ret = iou_bench_reads_open(&t->reads, work, nr_of(variant, work), err);
	if (ret)
		return ret;
	ret = make_tuned(t, err);
	if (ret) {
		iou_bench_reads_close(&t->reads);
		return ret;
	}
	*state = TAKE_PTR(t);
	return 0;
}

static struct io_uring_sqe *tuned_add(struct tuned *t, uint64_t data)
{
	struct io_uring_sqe *sqe = iou_uring_sqe(&t->ring);

	sqe->off = t->next;
	sqe->user_data = data;
	t->next = iou_bench_reads_next(&t->reads, t->next);
	return sqe;
}

static int tuned_together(struct tuned *t, struct iou_err *err)
{
	struct iou_uring *ring = &t->ring;
	uint32_t nr = t->reads.nr, bs = t->reads.bs;
	bool ordered = t->linked || nr == 1;

	for (uint64_t next = 0; next < t->reads.count; next += nr) {
		int ret;

		for (uint32_t i = 0; i < nr; i++)
			tuned_add(t, next + i);
		/* Links go on only when they are asked for; the page cache is read at once, unlike
		 * disks. */
		ret = iou_uring_submit(
			ring, (t->linked && nr > 1) || t->reads.fd != t->reads.file ? nr : 0);
		if (ret != (int)nr)
			return iou_bench_reads_wrong(ret, err);
		for (uint32_t i = 0; i < nr; i++) {
			const struct io_uring_cqe *cqe = iou_uring_wait_cqe(ring);

			if (!cqe || cqe->res != (int)bs || (ordered && cqe->user_data != next + i))
				return iou_bench_reads_wrong(cqe ? cqe->res : 0, err);
			iou_uring_seen(ring, 1);
		}
		iou_uring_publish(ring);
	}
	return 0;
}

/* The buffer is that of the one that came back, whatever this place in the SQ had. */
static void tuned_add_to(struct tuned *t, uint32_t nr)
{
	struct io_uring_sqe *sqe = tuned_add(t, nr);

	sqe->addr = (uintptr_t)(t->reads.buffers + (size_t)nr * t->reads.bs);
	sqe->buf_index = (uint16_t)nr;
}

static int tuned_many(struct tuned *t, struct iou_err *err)
{
	struct iou_uring *ring = &t->ring;
	uint64_t begun = 0, done = 0;

	for (; begun < t->reads.nr && begun < t->reads.count; begun++)
		tuned_add_to(t, (uint32_t)begun);
	while (done < t->reads.count) {
		uint32_t queued = ring->queued;
		const struct io_uring_cqe *cqe;
		int ret = iou_uring_submit(ring, 1);

		if (ret != (int)queued)
			return iou_bench_reads_wrong(ret, err);
		while ((cqe = iou_uring_cqe(ring))) {
			if (cqe->res != (int)t->reads.bs)
				return iou_bench_reads_wrong(cqe->res, err);
			if (begun++ < t->reads.count)
				tuned_add_to(t, (uint32_t)cqe->user_data);
			iou_uring_seen(ring, 1);
			done++;
		}
		iou_uring_publish(ring);
	}
	return 0;
}

int iou_bench_reads_tuned_run(void *state, struct iou_bench_done *done, struct iou_err *err)
{
	struct tuned *t = state;
	int ret = t->together ? tuned_together(t, err) : tuned_many(t, err);

	done->requests = t->reads.count;
	done->enters = t->ring.enters;
	return ret;
}

int iou_bench_reads_tuned_check(void *state, struct iou_err *err)
{
	const struct iou_bench_reads *reads = &((struct tuned *)state)->reads;

	return iou_bench_reads_check(reads, reads->buffers, (size_t)reads->nr * reads->bs, err);
}

void iou_bench_reads_tuned_close(void *state)
{
	struct tuned *t = state;

	iou_uring_close(&t->ring);
	iou_bench_reads_close(&t->reads);
	free(t);
}
