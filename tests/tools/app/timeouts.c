// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * timeouts: calls and requests that end by the clock, not before their time and not much later.
 *
 *	a wait with a timeout for more than comes; for what comes earlier; with nothing to submit
 *	requests: timeouts that end in their order, one that counts completions, one that is
 *removed, one that is updated, one that is linked to a read from an empty pipe
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "app.h"
#include "files.h"
#include "jobs.h"

enum { TIMEOUT, REMOVE, NOP, READ, LINKED };

struct timeouts {
	struct samples waits, requests;
	int pipe[2];
	uint8_t byte;
};

static struct __kernel_timespec ts_of(uint64_t ns)
{
	return (struct __kernel_timespec){(int64_t)(ns / SEC), (int64_t)(ns % SEC)};
}

static void on_time(struct worker *w, struct samples *samples, const char *what, uint64_t ns,
		    uint64_t want)
{
	w->result->operations++;
	if (ns < want && !stopping) {
		wrong(w->result, "%s of %llu us was over after %llu us", what,
		      (unsigned long long)want / 1000, (unsigned long long)ns / 1000);
		return;
	}
	if (ns > want + w->opt->late_ns)
		wrong(w->result, "%s of %llu us was over %llu ms late", what,
		      (unsigned long long)want / 1000, (unsigned long long)((ns - want) / MS));
	if (ns >= want)
		sample(samples, ns - want);
}

/* The next CQE has to be of this request, if one is given. */
static void expect_cqe(struct worker *w, const struct request *want, int res)
{
	struct io_uring_cqe cqe;
	struct request *request;

	if (!reap_wait(w, &cqe, &request)) {
		wrong(w->result, "no CQE");
		return;
	}
	if (want && request != want)
		wrong(w->result, "the CQE of request %llu came before that of %llu",
		      (unsigned long long)request->nr, (unsigned long long)want->nr);
	result_is(w, request, cqe.res, res);
}

/* Nothing comes: with an SQE to submit, which is what the timeout starts with, and without one. */
static void wait_in_vain(struct worker *w, struct timeouts *t)
{
	uint64_t ns = (1 + next_random(w) % 20) * MS, begin;
	struct io_uring_sqe *sqe = next_sqe(w);
	struct request *request;

	io_uring_prep_read(sqe, t->pipe[0], &t->byte, 1, 0);
	request = track(w, sqe, READ, 0);
	for (int i = 0; i < 3; i++) {
		unsigned int nr = i < 2 ? 1 : 2;

		begin = now_ns();
		if (submit(w, nr, ns) != -ETIME && !stopping)
			wrong(w->result, "a wait for nothing ended without its timeout");
		on_time(w, &t->waits, "a wait", now_ns() - begin, ns);
	}
	if (write(t->pipe[1], "x", 1) != 1)
		wrong(w->result, "cannot write to a pipe");
	expect_cqe(w, request, 1);
}

/* What is waited for comes before the wait's own timeout. */
static void wait_and_get(struct worker *w, struct timeouts *t)
{
	uint64_t ns = (1 + next_random(w) % 10) * MS, begin;
	struct __kernel_timespec ts = ts_of(ns);
	struct io_uring_sqe *sqe = next_sqe(w);
	struct request *request;
	int ret;

	io_uring_prep_timeout(sqe, &ts, 0, 0);
	request = track(w, sqe, TIMEOUT, 0);
	if (next_random(w) % 2)
		submit(w, 0, 0);
	begin = request->queued_ns;
	ret = submit(w, 1, ns + 5 * SEC);
	on_time(w, &t->waits, "a wait for a timeout", now_ns() - begin, ns);
	if (ret && !stopping)
		wrong(w->result, "a wait did not see what came: %s", strerror(-ret));
	expect_cqe(w, request, -ETIME);
}

/*
 * Queued with the longest first. Each begins when it is submitted: where the processor was given to
 * others in between, for as long as the next is longer, any of them may be over first.
 */
static void requests_in_order(struct worker *w, struct timeouts *t)
{
	struct __kernel_timespec ts[4];
	struct request *requests[4];
	uint64_t step = (3 + next_random(w) % 5) * MS, submitted;
	bool in_order;

	make_room(w, 4);
	for (int i = 3; i >= 0; i--) {
		struct io_uring_sqe *sqe = next_sqe(w);

		ts[i] = ts_of((uint64_t)(i + 1) * step);
		io_uring_prep_timeout(sqe, &ts[i], 0, 0);
		requests[i] = track(w, sqe, TIMEOUT, 0);
	}
	submitted = now_ns();
	submit(w, 0, 0);
	in_order = now_ns() - submitted < step;
	for (int i = 0; i < 4; i++) {
		uint64_t begin = requests[i]->queued_ns;

		submit(w, 1, 0);
		if (in_order)
			on_time(w, &t->requests, "a timeout", now_ns() - begin,
				(uint64_t)(i + 1) * step);
		expect_cqe(w, in_order ? requests[i] : NULL, -ETIME);
	}
}

/* A timeout that ends with 0 when so many requests that were queued after it are done. */
static void counting(struct worker *w)
{
	struct __kernel_timespec ts = ts_of(60 * SEC);
	struct io_uring_sqe *sqe;
	struct request *timeout, *nops[3];

	make_room(w, 4);
	sqe = next_sqe(w);
	io_uring_prep_timeout(sqe, &ts, 2, 0);
	timeout = track(w, sqe, TIMEOUT, 0);
	submit(w, 0, 0);
	for (int i = 0; i < 2; i++) {
		sqe = next_sqe(w);
		io_uring_prep_nop(sqe);
		nops[i] = track(w, sqe, NOP, 0);
	}
	submit(w, 3, 0);
	expect_cqe(w, nops[0], 0);
	expect_cqe(w, nops[1], 0);
	expect_cqe(w, timeout, 0);
}

static void removed(struct worker *w)
{
	struct __kernel_timespec ts = ts_of(60 * SEC);
	struct io_uring_sqe *sqe = next_sqe(w);
	struct io_uring_cqe cqe;
	struct request *timeout, *request;
	uint64_t user_data;

	io_uring_prep_timeout(sqe, &ts, 0, 0);
	timeout = track(w, sqe, TIMEOUT, 0);
	user_data = sqe->user_data;
	if (next_random(w) % 2)
		submit(w, 0, 0);
	sqe = next_sqe(w);
	io_uring_prep_timeout_remove(sqe, user_data, 0);
	track(w, sqe, REMOVE, 0);
	submit(w, 2, 0);
	for (int i = 0; i < 2 && reap_wait(w, &cqe, &request); i++)
		result_is(w, request, cqe.res, request == timeout ? -ECANCELED : 0);
}

static void updated(struct worker *w, struct timeouts *t)
{
	uint64_t ns = (1 + next_random(w) % 10) * MS, begin = now_ns();
	struct __kernel_timespec ts = ts_of(60 * SEC), sooner = ts_of(ns);
	struct io_uring_sqe *sqe = next_sqe(w);
	struct request *timeout, *update;
	uint64_t user_data;

	io_uring_prep_timeout(sqe, &ts, 0, 0);
	timeout = track(w, sqe, TIMEOUT, 0);
	user_data = sqe->user_data;
	submit(w, 0, 0);
	sqe = next_sqe(w);
	io_uring_prep_timeout_update(sqe, &sooner, user_data, 0);
	update = track(w, sqe, REMOVE, 0);
	submit(w, 1, 0);
	expect_cqe(w, update, 0);
	submit(w, 1, 0);
	on_time(w, &t->requests, "an updated timeout", now_ns() - begin, ns);
	expect_cqe(w, timeout, -ETIME);
}

static void linked(struct worker *w, struct timeouts *t)
{
	uint64_t ns = (1 + next_random(w) % 10) * MS, begin;
	struct __kernel_timespec ts = ts_of(ns);
	struct io_uring_sqe *sqe;
	struct io_uring_cqe cqe;
	struct request *request;

	make_room(w, 2);
	sqe = next_sqe(w);
	io_uring_prep_read(sqe, t->pipe[0], &t->byte, 1, 0);
	sqe->flags |= IOSQE_IO_LINK;
	begin = track(w, sqe, READ, 0)->queued_ns;
	sqe = next_sqe(w);
	io_uring_prep_link_timeout(sqe, &ts, 0);
	track(w, sqe, LINKED, 0);
	submit(w, 2, 0);
	on_time(w, &t->requests, "a linked timeout", now_ns() - begin, ns);
	for (int i = 0; i < 2 && reap_wait(w, &cqe, &request); i++)
		result_is(w, request, cqe.res, request->op == READ ? -ECANCELED : -ETIME);
}

void timeouts_run(struct worker *w)
{
	struct timeouts t = {0};

	if (w->opt->ring.entries < 4) {
		wrong(w->result, "timeouts want an SQ of 4 entries");
		return;
	}
	pipe_new(t.pipe);
	for (uint64_t round = 0; more(w, round, 6); round++) {
		wait_in_vain(w, &t);
		wait_and_get(w, &t);
		requests_in_order(w, &t);
		counting(w);
		removed(w);
		updated(w, &t);
		linked(w, &t);
	}
	close(t.pipe[0]);
	close(t.pipe[1]);
	say_samples(w->result, SAMPLE_NAMES("wait_late"), &t.waits);
	say_samples(w->result, SAMPLE_NAMES("request_late"), &t.requests);
}
