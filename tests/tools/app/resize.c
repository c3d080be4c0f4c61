// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * resize: the ring gets other sizes while requests are under way, while CQEs are unread, and while
 * SQEs are queued; nothing is lost, a wait is for what the CQ has room for now, and it is as large
 * as it was in the end.
 */
#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "app.h"
#include "files.h"
#include "jobs.h"

#define TIMERS 8

enum { NOP, TIMER };

struct resize {
	int timers[TIMERS];
	uint64_t ended[TIMERS];
	uint64_t times;
};

static void queue_nops(struct worker *w, unsigned int nr)
{
	for (unsigned int i = 0; i < nr; i++) {
		struct io_uring_sqe *sqe = next_sqe(w);

		io_uring_prep_nop(sqe);
		track(w, sqe, NOP, 0);
	}
}

static void to(struct worker *w, struct resize *r, unsigned int entries, unsigned int cq_entries)
{
	int ret = ring_resize(&w->ring, entries, cq_entries);

	if (ret)
		wrong(w->result, "%u and %u entries: %s", entries, cq_entries, strerror(-ret));
	else if (w->ring.sq_entries != entries || w->ring.cq_entries != cq_entries)
		wrong(w->result, "not %u and %u entries, but %u and %u", entries, cq_entries,
		      w->ring.sq_entries, w->ring.cq_entries);
	r->times++;
}

static void resize_round(struct worker *w, struct resize *r)
{
	unsigned int entries = w->opt->ring.entries << next_random(w) % 3;
	unsigned int nops = 1 + (unsigned int)(next_random(w) % w->opt->depth);
	struct io_uring_cqe cqe;
	struct request *request;

	for (unsigned int i = 0; i < TIMERS && i < w->opt->depth; i++) {
		struct io_uring_sqe *sqe = next_sqe(w);

		timer_set(r->timers[i], now_ns() + (1 + next_random(w) % 4) * MS);
		io_uring_prep_read(sqe, r->timers[i], &r->ended[i], 8, 0);
		track(w, sqe, TIMER, i);
	}
	/* Unread ones, and queued ones where they go along. */
	queue_nops(w, nops);
	submit(w, 1, 0);
	if (w->ring.config.kind != RING_SQ_REWIND)
		queue_nops(w, nops / 2);
	to(w, r, entries, entries << (1 + next_random(w) % 2));
	while (w->in_flight) {
		submit(w, 1, 0);
		while (reap(w, &cqe, &request)) {
			result_is(w, request, cqe.res, request->op == NOP ? 0 : 8);
			w->result->operations++;
		}
	}
}

/* As many as the CQ held at first, and one more, which completes late. */
static void wait_for_more(struct worker *w, struct resize *r, unsigned int nr)
{
	struct io_uring_cqe cqe;
	struct io_uring_sqe *sqe;
	struct request *request;

	queue_nops(w, nr);
	sqe = next_sqe(w);
	timer_set(r->timers[0], now_ns() + 20 * MS);
	io_uring_prep_read(sqe, r->timers[0], &r->ended[0], 8, 0);
	track(w, sqe, TIMER, 0);
	/* It is wrong if that ends early. */
	submit(w, nr + 1, 0);
	while (w->in_flight && reap_wait(w, &cqe, &request)) {
		result_is(w, request, cqe.res, request->op == NOP ? 0 : 8);
		w->result->operations++;
	}
}

/* More than the CQ holds: it is enough that it is full. */
static void wait_for_too_many(struct worker *w, unsigned int room, unsigned int nr)
{
	struct io_uring_cqe cqe;
	struct request *request;

	queue_nops(w, room);
	submit(w, 0, 0);
	/* Directly, since it is not what the application would call enough. */
	syscall(SYS_io_uring_enter, w->ring.fd, 0, nr, IORING_ENTER_GETEVENTS, NULL, 0);
	while (w->in_flight && reap_wait(w, &cqe, &request)) {
		result_is(w, request, cqe.res, 0);
		w->result->operations++;
	}
}

void resize_run(struct worker *w)
{
	unsigned int sq = w->ring.sq_entries, cq = w->ring.cq_entries;
	struct resize r = {0};

	for (int i = 0; i < TIMERS; i++)
		r.timers[i] = timer_new();
	for (uint64_t round = 0; more(w, round, 20); round++)
		resize_round(w, &r);
	to(w, &r, sq, 4 * cq);
	wait_for_more(w, &r, cq);
	to(w, &r, sq, sq);
	wait_for_too_many(w, sq, cq);
	to(w, &r, sq, cq);
	say(w->result, "resized", (int64_t)r.times);
	for (int i = 0; i < TIMERS; i++)
		close(r.timers[i]);
}
