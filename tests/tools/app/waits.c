// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * waits: of K timers that end one after the other, wait for the Mth: not before it is over, not
 * much later, and with at least M CQEs.
 * nowait: calls that only submit come back at once, though a read from an empty pipe is under way.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "app.h"
#include "files.h"
#include "jobs.h"

#define TIMERS 8

struct waits {
	struct samples late;
	int timers[TIMERS];
	uint64_t ended[TIMERS]; /* what the reads got */
};

static void reap_timers(struct worker *w, unsigned int *got)
{
	struct io_uring_cqe cqe;
	struct request *request;

	while (reap(w, &cqe, &request)) {
		if (result_is(w, request, cqe.res, 8) && now_ns() < request->value)
			wrong(w->result, "a timer was over %llu us too early",
			      (unsigned long long)(request->value - now_ns()) / 1000);
		w->result->operations++;
		(*got)++;
	}
}

/* The @want-th is over at @end. */
static void wait_for(struct worker *w, struct waits *waits, unsigned int want, uint64_t end)
{
	uint64_t now;

	submit(w, want, 0);
	now = now_ns();
	if (now < end && !w->opt->expect_errors && !stopping)
		wrong(w->result, "a wait for %u CQEs was over %llu us too early", want,
		      (unsigned long long)(end - now) / 1000);
	if (now > end + w->opt->late_ns)
		wrong(w->result, "a wait was over %llu ms late",
		      (unsigned long long)((now - end) / MS));
	if (now >= end)
		sample(&waits->late, now - end);
}

static void wait_round(struct worker *w, struct waits *waits)
{
	unsigned int nr = 1 + (unsigned int)(next_random(w) % TIMERS), want, got = 0;
	uint64_t step = (1 + next_random(w) % 5) * MS, begin = now_ns();

	if (nr > w->opt->depth)
		nr = w->opt->depth;
	want = 1 + (unsigned int)(next_random(w) % nr);
	for (unsigned int i = 0; i < nr; i++) {
		struct io_uring_sqe *sqe = next_sqe(w);
		uint64_t end = begin + (i + 1) * step;

		timer_set(waits->timers[i], end);
		io_uring_prep_read(sqe, waits->timers[i], &waits->ended[i], 8, 0);
		track(w, sqe, 0, end);
	}
	wait_for(w, waits, want, begin + want * step);
	reap_timers(w, &got);
	if (got < want && !stopping)
		wrong(w->result, "a wait for %u CQEs brought %u", want, got);
	while (w->in_flight) {
		submit(w, 1, 0);
		reap_timers(w, &got);
	}
	if (got != nr)
		wrong(w->result, "of %u timers %u ended", nr, got);
}

void waits_run(struct worker *w)
{
	struct waits waits = {0};

	for (int i = 0; i < TIMERS; i++)
		waits.timers[i] = timer_new();
	for (uint64_t round = 0; more(w, round, 40); round++)
		wait_round(w, &waits);
	say_samples(w->result, SAMPLE_NAMES("late"), &waits.late);
	for (int i = 0; i < TIMERS; i++)
		close(waits.timers[i]);
}

/* ---- nowait ---- */

struct rescue {
	int fd;
	uint64_t late_ns;
	pthread_t thread;
	volatile uint64_t since_ns; /* a call that shall not wait began then; 0: there is none */
	volatile bool done;
};

/* What waits where it should not is let go after a while, and seen by then. */
static void *come_to_rescue(void *arg)
{
	struct rescue *rescue = arg;
	uint64_t since = 0;

	while (!rescue->done && (!since || now_ns() - since < rescue->late_ns + 100 * MS)) {
		sleep_until(now_ns() + MS);
		since = rescue->since_ns;
	}
	if (write(rescue->fd, "x", 1) != 1)
		return NULL;
	return NULL;
}

static void nowait_round(struct worker *w, struct rescue *rescue, struct samples *calls)
{
	struct io_uring_cqe cqe;
	struct request *request;
	unsigned int nr = 1 + next_random(w) % w->opt->depth;
	uint64_t begin, ns;

	for (unsigned int i = 0; i < nr; i++) {
		struct io_uring_sqe *sqe = next_sqe(w);

		io_uring_prep_nop(sqe);
		track(w, sqe, 1, 0);
	}
	begin = rescue->since_ns = now_ns();
	submit(w, 0, 0);
	ns = now_ns() - begin;
	rescue->since_ns = 0;
	sample(calls, ns);
	if (ns > w->opt->late_ns)
		wrong(w->result, "a call that shall not wait took %llu ms",
		      (unsigned long long)(ns / MS));
	while (nr && reap_wait(w, &cqe, &request)) {
		if (request->op != 1) {
			wrong(w->result, "a read from an empty pipe is over: %d", cqe.res);
			return;
		}
		result_is(w, request, cqe.res, 0);
		w->result->operations++;
		nr--;
	}
}

void nowait_run(struct worker *w)
{
	struct rescue rescue = {.late_ns = w->opt->late_ns};
	struct samples calls = {0};
	struct io_uring_sqe *sqe;
	struct io_uring_cqe cqe;
	struct request *request;
	uint8_t byte;
	int ends[2];

	pipe_new(ends);
	sqe = next_sqe(w);
	io_uring_prep_read(sqe, ends[0], &byte, 1, 0);
	track(w, sqe, 0, 0);
	rescue.fd = ends[1];
	pthread_create(&rescue.thread, NULL, come_to_rescue, &rescue);
	for (uint64_t round = 0; more(w, round, 50) && w->in_flight; round++)
		nowait_round(w, &rescue, &calls);
	rescue.done = true;
	while (w->in_flight && reap_wait(w, &cqe, &request))
		if (request->op == 0)
			result_is(w, request, cqe.res, 1);
	pthread_join(rescue.thread, NULL);
	say_samples(w->result, SAMPLE_NAMES("call"), &calls);
	close(ends[0]);
	close(ends[1]);
}
