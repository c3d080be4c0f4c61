// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Requests that do nothing: what the way there and back costs. */
#include <errno.h>
#include <inttypes.h>
#include <liburing.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "bench/jobs.h"
#include "bench/loop.h"
#include "bench/uring.h"

enum { COUNT, DEPTH };

/* Of links and batches together, so that all do as many. */
#define MULTIPLE 32

static const struct iou_bench_param chain_params[] = {
	{"count", "requests", "NOPs of a round, one after the other; rounded up to 32", 100000,
	 MULTIPLE, UINT64_C(1) << 40, false},
};

static const struct iou_bench_param batch_params[] = {
	{"count", "requests", "NOPs of a round; rounded up to the depth", 100000, 1,
	 UINT64_C(1) << 40, false},
	{"depth", "requests", "NOPs that go together", 32, 1, 4096, false},
};

/* How many requests of a round there are: batches of @nr. */
static uint64_t batches_of(const struct iou_bench_work *work, uint32_t nr, uint32_t multiple)
{
	uint64_t count = work->values[COUNT].number;

	return (count + multiple - 1) / multiple * multiple / nr;
}

/* ---- As a loop ---- */

static int open_chain(void **state, const struct iou_bench_variant *variant,
		      const struct iou_bench_work *work, struct iou_err *err)
{
	uint64_t count = batches_of(work, 1, MULTIPLE);
	char text[64];

	(void)variant;
	snprintf(text, sizeof(text), "count=%" PRIu64, count);
	return iou_bench_loop_open(state, work, "nop-chain", (const char *[]){text, NULL}, count,
				   err);
}

static int open_batch(void **state, const struct iou_bench_variant *variant,
		      const struct iou_bench_work *work, struct iou_err *err)
{
	uint32_t depth = (uint32_t)work->values[DEPTH].number;
	uint64_t count = batches_of(work, depth, depth) * depth;
	char texts[2][64];

	(void)variant;
	snprintf(texts[0], sizeof(texts[0]), "count=%" PRIu64, count);
	snprintf(texts[1], sizeof(texts[1]), "depth=%" PRIu32, depth);
	return iou_bench_loop_open(state, work, "nop-batch",
				   (const char *[]){texts[0], texts[1], NULL}, count, err);
}

/* ---- With liburing ---- */

struct plain {
	struct io_uring ring;
	uint64_t batches;
	uint32_t nr;
	bool linked;
};

static int wrong(int res, struct iou_err *err)
{
	return iou_err_set(err, IOU_CAUSE_FAILED, "bench", res < 0 ? -res : EPROTO,
			   "a NOP did not do nothing");
}

static int open_plain_of(void **state, uint64_t batches, uint32_t nr, bool linked,
			 struct iou_err *err)
{
	IOU_FREE struct plain *p = calloc(1, sizeof(*p));
	int ret;

	if (!p)
		return iou_bench_no_ring(-ENOMEM, err);
	p->batches = batches;
	p->nr = nr;
	p->linked = linked;
	ret = io_uring_queue_init(nr < 8 ? 8 : nr, &p->ring,
				  IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN);
	if (ret)
		return iou_bench_no_ring(ret, err);
	*state = TAKE_PTR(p);
	return 0;
}

static int open_plain_chain(void **state, const struct iou_bench_variant *variant,
			    const struct iou_bench_work *work, struct iou_err *err)
{
	return open_plain_of(state, batches_of(work, variant->nr, MULTIPLE), variant->nr,
			     !variant->unordered, err);
}

static int open_plain_batch(void **state, const struct iou_bench_variant *variant,
			    const struct iou_bench_work *work, struct iou_err *err)
{
	uint32_t depth = (uint32_t)work->values[DEPTH].number;

	(void)variant;
	return open_plain_of(state, batches_of(work, depth, depth), depth, false, err);
}

static int one_by_one(struct plain *p, struct iou_err *err)
{
	for (uint64_t i = 0; i < p->batches; i++) {
		struct io_uring_sqe *sqe = io_uring_get_sqe(&p->ring);
		struct io_uring_cqe *cqe;
		int ret;

		io_uring_prep_nop(sqe);
		io_uring_sqe_set_data64(sqe, i);
		ret = io_uring_submit_and_wait(&p->ring, 1);
		if (ret < 0)
			return wrong(ret, err);
		ret = io_uring_wait_cqe(&p->ring, &cqe);
		if (ret || cqe->res || cqe->user_data != i)
			return wrong(ret ?: cqe->res, err);
		io_uring_cqe_seen(&p->ring, cqe);
	}
	return 0;
}

static int together(struct plain *p, struct iou_err *err)
{
	uint64_t next = 0;

	for (uint64_t i = 0; i < p->batches; i++) {
		struct io_uring_cqe *cqe;
		unsigned int head, nr = 0;
		int ret;

		for (uint32_t j = 0; j < p->nr; j++) {
			struct io_uring_sqe *sqe = io_uring_get_sqe(&p->ring);

			io_uring_prep_nop(sqe);
			io_uring_sqe_set_data64(sqe, next + j);
			if (p->linked && j + 1 < p->nr)
				io_uring_sqe_set_flags(sqe, IOSQE_IO_LINK);
		}
		ret = io_uring_submit_and_wait(&p->ring, p->nr);
		if (ret < 0)
			return wrong(ret, err);
		io_uring_for_each_cqe(&p->ring, head, cqe)
		{
			if (cqe->res || cqe->user_data != next + nr)
				return wrong(cqe->res, err);
			nr++;
		}
		if (nr != p->nr)
			return wrong(0, err);
		io_uring_cq_advance(&p->ring, nr);
		next += nr;
	}
	return 0;
}

static int run_plain(void *state, struct iou_bench_done *done, struct iou_err *err)
{
	struct plain *p = state;
	int ret = p->nr == 1 ? one_by_one(p, err) : together(p, err);

	done->requests = p->batches * p->nr;
	done->enters = p->batches;
	return ret;
}

static void close_plain(void *state)
{
	struct plain *p = state;

	io_uring_queue_exit(&p->ring);
	free(p);
}

/* ---- Tuned ---- */

struct tuned {
	struct iou_uring ring;
	uint64_t batches;
	uint32_t nr;
	bool linked; /* links go on only when they are asked for; NOPs by themselves are done at
			once */
};

/* All SQEs are NOPs for good; user_data is all that changes. */
static void fill(struct tuned *t)
{
	for (uint32_t i = 0; i < t->ring.ring.params.sq_entries; i++)
		t->ring.sqes[i] = (struct io_uring_sqe){
			.opcode = IORING_OP_NOP,
			.flags = t->linked && i % t->nr + 1 < t->nr ? IOSQE_IO_LINK : 0,
		};
}

static int open_tuned_of(void **state, uint64_t batches, uint32_t nr, bool linked,
			 struct iou_err *err)
{
	IOU_FREE struct tuned *t = calloc(1, sizeof(*t));
	int ret;

	if (!t)
		return iou_bench_no_ring(-ENOMEM, err);
	t->batches = batches;
	t->nr = nr;
	t->linked = linked && nr > 1;
	ret = iou_uring_open(&t->ring, nr, err);
	if (ret)
		return ret;
	fill(t);
	*state = TAKE_PTR(t);
	return 0;
}

static int open_tuned_chain(void **state, const struct iou_bench_variant *variant,
			    const struct iou_bench_work *work, struct iou_err *err)
{
	return open_tuned_of(state, batches_of(work, variant->nr, MULTIPLE), variant->nr,
			     !variant->unordered, err);
}

static int open_tuned_batch(void **state, const struct iou_bench_variant *variant,
			    const struct iou_bench_work *work, struct iou_err *err)
{
	uint32_t depth = (uint32_t)work->values[DEPTH].number;

	(void)variant;
	return open_tuned_of(state, batches_of(work, depth, depth), depth, false, err);
}

static int run_tuned(void *state, struct iou_bench_done *done, struct iou_err *err)
{
	struct tuned *t = state;
	struct iou_uring *ring = &t->ring;
	uint32_t nr = t->nr;

	for (uint64_t i = 0; i < t->batches; i++) {
		uint64_t next = i * nr;
		int ret;

		for (uint32_t j = 0; j < nr; j++)
			iou_uring_sqe(ring)->user_data = next + j;
		ret = iou_uring_submit(ring, t->linked ? nr : 0);
		if (ret != (int)nr)
			return wrong(ret, err);
		for (uint32_t j = 0; j < nr; j++) {
			const struct io_uring_cqe *cqe = iou_uring_wait_cqe(ring);

			if (!cqe || cqe->res || cqe->user_data != next + j)
				return wrong(cqe ? cqe->res : 0, err);
			iou_uring_seen(ring, 1);
		}
		iou_uring_publish(ring);
	}
	done->requests = t->batches * nr;
	done->enters = ring->enters;
	return 0;
}

static void close_tuned(void *state)
{
	struct tuned *t = state;

	iou_uring_close(&t->ring);
	free(t);
}

/* ---- The jobs ---- */

#define PLAIN(name, help, nr, unordered, kind)                                            \
	{                                                                                 \
		name, help, IOU_BENCH_PLAIN, unordered, nr, open_plain_##kind, run_plain, \
			close_plain                                                       \
	}
#define TUNED(name, help, nr, unordered, kind)                                            \
	{                                                                                 \
		name, help, IOU_BENCH_TUNED, unordered, nr, open_tuned_##kind, run_tuned, \
			close_tuned                                                       \
	}

static const struct iou_bench_variant chain_variants[] = {
	{"loop", "nop-chain", IOU_BENCH_LOOP, false, 1, open_chain, iou_bench_loop_run,
	 iou_bench_loop_close},
	PLAIN("liburing", "one at a time", 1, false, chain),
	TUNED("tuned", "one at a time, tuned", 1, false, chain),
	PLAIN("links-2", "SQE links of 2", 2, false, chain),
	TUNED("links-2-tuned", "SQE links of 2, tuned", 2, false, chain),
	PLAIN("links-32", "SQE links of 32", 32, false, chain),
	TUNED("links-32-tuned", "SQE links of 32, tuned", 32, false, chain),
	PLAIN("batch-32", "batches of 32, without order", 32, true, chain),
	TUNED("batch-32-tuned", "batches of 32, without order, tuned", 32, true, chain),
};

static const struct iou_bench_variant batch_variants[] = {
	{"loop", "nop-batch", IOU_BENCH_LOOP, false, 1, open_batch, iou_bench_loop_run,
	 iou_bench_loop_close},
	PLAIN("liburing", "batches", 1, false, batch),
	TUNED("tuned", "batches, tuned", 1, false, batch),
};

const struct iou_bench_job iou_bench_nop = {
	.name = "nop",
	.help = "NOPs, each submitted when the one before is done",
	.request = "NOP",
	.params = chain_params,
	.params_nr = ARRAY_SIZE(chain_params),
	.variants = chain_variants,
	.variants_nr = ARRAY_SIZE(chain_variants),
};

const struct iou_bench_job iou_bench_nop_batch = {
	.name = "nop-batch",
	.help = "NOPs, so many at a time",
	.request = "NOP",
	.params = batch_params,
	.params_nr = ARRAY_SIZE(batch_params),
	.variants = batch_variants,
	.variants_nr = ARRAY_SIZE(batch_variants),
};
