// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * idle: one call that sleeps for a long time (--seconds, or 300 ms), and ends when it has to.
 * spin: submits, and looks again and again without ever waiting.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "app.h"
#include "files.h"
#include "jobs.h"

#define IDLE_NS (300 * MS)
#define NAP_NS MS

static void read_timer(struct worker *w, int fd, uint64_t *ended, uint64_t end)
{
	struct io_uring_sqe *sqe = next_sqe(w);

	timer_set(fd, end);
	io_uring_prep_read(sqe, fd, ended, 8, 0);
	track(w, sqe, 0, end);
}

/* What came: not before its time, and not much later. */
static void check_all(struct worker *w, struct samples *late)
{
	struct io_uring_cqe cqe;
	struct request *request;

	while (reap(w, &cqe, &request)) {
		uint64_t now = now_ns(), end = request->value;

		w->result->operations++;
		if (!result_is(w, request, cqe.res, 8) || stopping)
			continue;
		if (now < end)
			wrong(w->result, "it was over %llu us too early",
			      (unsigned long long)(end - now) / 1000);
		else
			sample(late, now - end);
		if (now > end + w->opt->late_ns)
			wrong(w->result, "it was over %llu ms late",
			      (unsigned long long)((now - end) / MS));
	}
}

void idle_run(struct worker *w)
{
	uint64_t end = now_ns() + (w->opt->seconds ? w->opt->seconds * SEC : IDLE_NS), ended;
	struct samples late = {0};
	int timer = timer_new();

	read_timer(w, timer, &ended, end);
	w->progress_ns = end;
	while (w->in_flight) {
		submit(w, 1, 0);
		if (stopping)
			timer_set(timer, 1);
		check_all(w, &late);
	}
	say_samples(w->result, SAMPLE_NAMES("late"), &late);
	close(timer);
}

void spin_run(struct worker *w)
{
	struct samples late = {0};
	int timer = timer_new();
	uint64_t looks = 0, ended;

	for (uint64_t round = 0; more(w, round, 30); round++) {
		read_timer(w, timer, &ended, now_ns() + NAP_NS);
		submit(w, 0, 0);
		while (w->in_flight) {
			if (ring_queued(&w->ring))
				submit(w, 0, 0);
			ring_flush(&w->ring);
			check_all(w, &late);
			looks++;
		}
	}
	say(w->result, "looks", (int64_t)looks);
	say_samples(w->result, SAMPLE_NAMES("late"), &late);
	close(timer);
}
