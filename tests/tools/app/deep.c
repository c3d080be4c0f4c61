// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * deep: --depth requests are always queued or under way. Each waits at the same futex, so that one
 * who wakes all is told by the kernel how many there were: exactly those that it had taken, and had
 * not completed. The most that were so at a time has to be --limit, or --depth when there is no
 * limit: no more, and as many. They complete in the order in which they were queued, each once.
 */
#include <errno.h>
#include <linux/futex.h>
#include <limits.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "app.h"
#include "jobs.h"

/* What liburing 2.3 lacks: Linux 6.7. */
#define OP_FUTEX_WAIT 51
#define FUTEX_FLAGS (0x02 | 0x80) /* 32 bits, private */
#define FUTEX_ANY 0xffffffff

/* One of so many times who wakes lets them gather for a while. */
#define REST_EVERY 64
#define REST_NS (3 * MS)

struct deep {
	uint32_t futex;
	pthread_t thread;
	volatile bool done;
	uint64_t woken, times;
	unsigned int most;
};

static void *wake(void *arg)
{
	struct deep *deep = arg;

	while (!deep->done) {
		long nr;

		if (deep->times % REST_EVERY == 0)
			sleep_until(now_ns() + REST_NS);
		nr = syscall(SYS_futex, &deep->futex, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
		if (nr <= 0) {
			sched_yield();
			continue;
		}
		deep->times++;
		deep->woken += (uint64_t)nr;
		if (nr > deep->most)
			deep->most = (unsigned int)nr;
	}
	return NULL;
}

static void queue(struct worker *w, struct deep *deep)
{
	struct io_uring_sqe *sqe = next_sqe(w);

	io_uring_prep_rw(OP_FUTEX_WAIT, sqe, FUTEX_FLAGS, &deep->futex, 0, 0);
	sqe->addr3 = FUTEX_ANY;
	track(w, sqe, 0, 0);
}

static void reap_in_order(struct worker *w, uint64_t *next)
{
	struct io_uring_cqe cqe;
	struct request *request;

	while (reap(w, &cqe, &request)) {
		/* What fails need not wait for its turn. */
		if (result_is(w, request, cqe.res, 0) && !w->opt->expect_errors &&
		    request->nr != *next)
			wrong(w->result, "request %llu completed when it was the turn of %llu",
			      (unsigned long long)request->nr, (unsigned long long)*next);
		*next = request->nr + 1;
		w->result->operations++;
	}
}

void deep_run(struct worker *w)
{
	unsigned int want = w->opt->limit ? w->opt->limit : w->opt->depth;
	struct deep deep = {0};
	uint64_t begun = 0, next = 0;

	pthread_create(&deep.thread, NULL, wake, &deep);
	for (;;) {
		for (; w->in_flight < w->opt->depth && more(w, begun, 2000); begun++)
			queue(w, &deep);
		if (!w->in_flight)
			break;
		submit(w, 1, 0);
		reap_in_order(w, &next);
	}
	deep.done = true;
	pthread_join(deep.thread, NULL);
	if (next != begun)
		wrong(w->result, "of %llu requests %llu completed", (unsigned long long)begun,
		      (unsigned long long)next);
	if (deep.most > want || (deep.most < want && begun >= want && !w->opt->expect_errors))
		wrong(w->result, "at most %u requests were under way at a time, not %u", deep.most,
		      want);
	say(w->result, "most", deep.most);
	say(w->result, "woken", (int64_t)deep.woken);
	say(w->result, "times", (int64_t)deep.times);
}
