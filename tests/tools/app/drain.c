// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * drain: IOSQE_IO_DRAIN, request by request. Of requests that write their number to a pipe, or read
 * a timer, some are drains: nothing that was queued after a drain is done before it, nor is the
 * drain done before all that was queued before it. The order in which they did what they do is in
 * the pipe, that in which they completed is that of the CQEs; both have to be right. A chain may be
 * a drain.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "app.h"
#include "files.h"
#include "jobs.h"

#define BATCH_MAX 32

enum { WRITE, WAIT };

struct drain {
	int pipe[2], timers[BATCH_MAX];
	uint64_t ended[BATCH_MAX];
	uint8_t numbers[BATCH_MAX];
	/* Requests of the same section have no order among each other. */
	unsigned int section[BATCH_MAX], nr, sections;
	bool failed[BATCH_MAX];
	uint64_t drains, chains;
};

static void queue(struct worker *w, struct drain *d, unsigned int i, unsigned int flags)
{
	int op = next_random(w) % 3 ? WRITE : WAIT;
	struct io_uring_sqe *sqe = next_sqe(w);

	if (op == WRITE) {
		d->numbers[i] = (uint8_t)i;
		io_uring_prep_write(sqe, d->pipe[1], &d->numbers[i], 1, 0);
	} else {
		timer_set(d->timers[i], now_ns() + (1 + next_random(w) % 5) * MS);
		io_uring_prep_read(sqe, d->timers[i], &d->ended[i], 8, 0);
	}
	sqe->flags |= flags;
	track(w, sqe, op, i);
	d->section[i] = d->sections;
	d->failed[i] = false;
}

/* A drain is a section of its own; so is a chain that begins with one, in which the order is that
 * of the chain. */
static void queue_drain(struct worker *w, struct drain *d, unsigned int room)
{
	unsigned int length = 1;

	if (room >= 3 && next_random(w) % 4 == 0)
		length = 2 + (unsigned int)(next_random(w) % 2);
	make_room(w, length);
	for (unsigned int i = 0; i < length; i++) {
		d->sections++;
		queue(w, d, d->nr++,
		      (i ? 0 : IOSQE_IO_DRAIN) | (i + 1 < length ? IOSQE_IO_LINK : 0));
	}
	d->sections++;
	d->drains++;
	d->chains += length > 1;
}

static void check_order(struct worker *w, const struct drain *d, const char *what,
			unsigned int before, unsigned int after)
{
	if (d->section[before] > d->section[after])
		wrong(w->result, "request %u of section %u was %s before %u of section %u", before,
		      d->section[before], what, after, d->section[after]);
}

static void check_pipe(struct worker *w, const struct drain *d, unsigned int written)
{
	uint8_t numbers[BATCH_MAX];
	int there = 0;
	ssize_t got = 0;

	ioctl(d->pipe[0], FIONREAD, &there);
	if (there > 0)
		got = read(d->pipe[0], numbers, sizeof(numbers));
	if (got != (ssize_t)written)
		wrong(w->result, "%zd writes were done, not %u", got, written);
	for (ssize_t i = 1; i < got; i++)
		check_order(w, d, "done", numbers[i - 1], numbers[i]);
}

static void drain_round(struct worker *w, struct drain *d)
{
	unsigned int most = w->opt->depth < BATCH_MAX ? w->opt->depth : BATCH_MAX;
	unsigned int last = 0, reaped = 0, written = 0;
	struct io_uring_cqe cqe;
	struct request *request;

	d->nr = d->sections = 0;
	while (d->nr < most) {
		if (next_random(w) % 4 == 0)
			queue_drain(w, d, most - d->nr);
		else
			queue(w, d, d->nr++, 0);
		if (next_random(w) % 8 == 0)
			submit(w, 0, 0);
	}
	while (w->in_flight) {
		/* Not for more: what completes while so many cannot yet does not wake who waits
		 * (io_req_local_work_add(), which is lazy until enough for the wait has come). */
		submit(w, 1, 0);
		while (reap(w, &cqe, &request)) {
			unsigned int nr = (unsigned int)request->value;

			if (result_is(w, request, cqe.res, request->op == WRITE ? 1 : 8))
				written += request->op == WRITE;
			if (reaped++)
				check_order(w, d, "completed", last, nr);
			last = nr;
			w->result->operations++;
		}
	}
	check_pipe(w, d, written);
}

void drain_run(struct worker *w)
{
	struct drain *d;

	if (w->skipped) {
		wrong(w->result, "the kernel takes no drains after 'skip'");
		return;
	}
	d = calloc(1, sizeof(*d));
	pipe_new(d->pipe);
	for (int i = 0; i < BATCH_MAX; i++)
		d->timers[i] = timer_new();
	for (uint64_t round = 0; more(w, round, 20); round++)
		drain_round(w, d);
	settle(w);
	say(w->result, "drains", (int64_t)d->drains);
	say(w->result, "drained_chains", (int64_t)d->chains);
	for (int i = 0; i < BATCH_MAX; i++)
		close(d->timers[i]);
	close(d->pipe[0]);
	close(d->pipe[1]);
	free(d);
}
