// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Requests that are under way, and the errors of calls. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "app.h"

/* So often in a row a call may fail with EFAULT: a loop went away under it. */
#define EFAULTS_MAX 1

#define SETTLE_MAX 20

void make_room(struct worker *w, unsigned int nr)
{
	struct ring *ring = &w->ring;

	if (ring->sq_entries - ring_queued(ring) >= nr)
		return;
	submit(w, 0, 0);
	/* A loop may hold back what was queued until others are done. */
	while (ring->sq_entries - ring_queued(ring) < nr)
		submit(w, ring_unread(ring) + 1, 0);
}

struct io_uring_sqe *next_sqe(struct worker *w)
{
	make_room(w, 1);
	return ring_sqe(&w->ring);
}

static struct request *find(struct worker *w, uint64_t user_data)
{
	struct request *request = &w->requests[user_data % REQUESTS_MAX];

	return request->in_flight && request->generation == user_data >> 32 ? request : NULL;
}

struct request *track(struct worker *w, struct io_uring_sqe *sqe, int op, uint64_t value)
{
	struct request *request = w->free;

	if (!request)
		abort();
	w->free = request->next_free;
	w->in_flight++;
	request->generation++;
	request->in_flight = true;
	request->timeout = sqe->opcode == IORING_OP_TIMEOUT;
	w->timeouts += request->timeout;
	request->op = op;
	request->nr = w->requests_nr++;
	request->value = value;
	request->queued_ns = now_ns();
	sqe->user_data = (uint64_t)request->generation << 32 | (uint64_t)(request - w->requests);
	return request;
}

static void release(struct worker *w, struct request *request)
{
	request->in_flight = false;
	request->next_free = w->free;
	w->free = request;
	w->in_flight--;
	w->timeouts -= request->timeout;
}

static uint64_t left_of(uint64_t timeout_ns, uint64_t begin)
{
	uint64_t gone = now_ns() - begin;

	return !timeout_ns ? 0 : gone < timeout_ns ? timeout_ns - gone : 1;
}

int submit(struct worker *w, unsigned int wait, uint64_t timeout_ns)
{
	struct ring *ring = &w->ring;
	uint64_t begin = now_ns();
	unsigned int efaults = 0;

	for (;;) {
		int ret = ring_call(ring, wait, left_of(timeout_ns, begin));

		if (ring->trouble[0])
			wrong(w->result, "%s", ring->trouble);
		if (ret == 0 || ret == -ETIME)
			return ret;
		/* So many are there as the CQ holds: they have to be read first. */
		if (ret == -EBUSY)
			return 0;
		ring->calls.early += ret == -ENODATA && !w->timeouts;
		ring->calls.timeouts += ret == -ENODATA && w->timeouts;
		if (ret == -ENODATA && !w->timeouts && !stopping && !ring->config.leaves)
			wrong(w->result, "a wait for %u CQEs ended with %u", wait,
			      ring_unread(ring));
		if (stopping && (ret == -EINTR || ret == -ENODATA))
			return -EINTR;
		if (ret == -EFAULT && efaults++ < EFAULTS_MAX)
			continue;
		if (ret == -EAGAIN && !wait)
			return 0;
		if (ret != -ENODATA && ret != -EINTR && ret != -EAGAIN) {
			wrong(w->result, "io_uring_enter: %s", strerror(-ret));
			return 0;
		}
	}
}

bool reap(struct worker *w, struct io_uring_cqe *cqe, struct request **request)
{
	while (ring_reap(&w->ring, cqe, true)) {
		*request = find(w, cqe->user_data);
		if (*request) {
			w->progress_ns = now_ns();
			if (!(cqe->flags & IORING_CQE_F_MORE))
				release(w, *request);
			return true;
		}
		wrong(w->result, "a CQE of no request: user_data %#llx, res %d",
		      (unsigned long long)cqe->user_data, cqe->res);
	}
	return false;
}

bool reap_wait(struct worker *w, struct io_uring_cqe *cqe, struct request **request)
{
	while (!reap(w, cqe, request)) {
		if (!w->in_flight)
			return false;
		submit(w, 1, 0);
	}
	return true;
}

void forget(struct worker *w, struct request *request)
{
	release(w, request);
}

void settle(struct worker *w)
{
	bool at_once = false;

	for (int i = 0; i < SETTLE_MAX && !at_once; i++) {
		struct io_uring_sqe *sqe = next_sqe(w);
		struct io_uring_cqe cqe;
		struct request *request;

		io_uring_prep_nop(sqe);
		track(w, sqe, 0, 0);
		submit(w, 0, 0);
		at_once = ring_unread(&w->ring);
		if (reap_wait(w, &cqe, &request))
			result_is(w, request, cqe.res, 0);
		if (!at_once)
			sleep_until(now_ns() + MS);
	}
}

bool result_is(struct worker *w, const struct request *request, int res, int want)
{
	if (res == want)
		return true;
	if (res < 0)
		count_error(w->result, request->nr, -res, w->opt->expect_errors);
	if (res >= 0 || !w->opt->expect_errors)
		wrong(w->result, "request %llu: result %d, not %d", (unsigned long long)request->nr,
		      res, want);
	return false;
}

void job_end(struct worker *w)
{
	if (w->in_flight)
		wrong(w->result, "%u requests have not completed", w->in_flight);
	if (ring_unread(&w->ring))
		wrong(w->result, "%u CQEs were not read", ring_unread(&w->ring));
}
