// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * latency: how long requests take, one at a time, from before the call that submits them until
 * after it, by opcode: nop, read (of a file), readv (of a timer of 2 ms) and timeout (of 3 ms).
 */
#include <errno.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "app.h"
#include "files.h"
#include "jobs.h"

enum { NOP, READ, READV, TIMEOUT, OPS };

#define TIMER_NS (2 * MS)
#define TIMEOUT_NS (3 * MS)

struct latency {
	struct samples samples[OPS];
	int file, timer;
	uint64_t ended;
	uint8_t block[BLOCK];
	struct __kernel_timespec ts;
	struct iovec iov;
};

static int prep(struct latency *l, struct io_uring_sqe *sqe, int op)
{
	switch (op) {
	case READ:
		io_uring_prep_read(sqe, l->file, l->block, BLOCK, 0);
		return BLOCK;
	case READV:
		timer_set(l->timer, now_ns() + TIMER_NS);
		l->iov = (struct iovec){&l->ended, 8};
		io_uring_prep_readv(sqe, l->timer, &l->iov, 1, 0);
		return 8;
	case TIMEOUT:
		l->ts = (struct __kernel_timespec){.tv_nsec = TIMEOUT_NS};
		io_uring_prep_timeout(sqe, &l->ts, 0, 0);
		return -ETIME;
	default:
		io_uring_prep_nop(sqe);
		return 0;
	}
}

static void measure(struct worker *w, struct latency *l, int op)
{
	const uint64_t least[OPS] = {[TIMEOUT] = TIMEOUT_NS};
	struct io_uring_sqe *sqe = next_sqe(w);
	int want = prep(l, sqe, op);
	struct io_uring_cqe cqe;
	struct request *request;
	uint64_t begin, ns;

	track(w, sqe, op, 0);
	begin = now_ns();
	submit(w, 1, 0);
	ns = now_ns() - begin;
	if (!reap_wait(w, &cqe, &request) || !result_is(w, request, cqe.res, want))
		return;
	w->result->operations++;
	/* The signal that says so ends a wait. */
	if (stopping)
		return;
	if (ns < least[op] || ns > least[op] + TIMER_NS + w->opt->late_ns)
		wrong(w->result, "a request of %llu us took %llu us",
		      (unsigned long long)least[op] / 1000, (unsigned long long)ns / 1000);
	sample(&l->samples[op], ns);
}

void latency_run(struct worker *w)
{
	struct latency l = {.file = file_new(w, BLOCK), .timer = timer_new()};

	for (uint64_t round = 0; more(w, round, 30); round++)
		for (int op = 0; op < OPS; op++)
			measure(w, &l, op);
	say_samples(w->result, SAMPLE_NAMES("nop"), &l.samples[NOP]);
	say_samples(w->result, SAMPLE_NAMES("read"), &l.samples[READ]);
	say_samples(w->result, SAMPLE_NAMES("readv"), &l.samples[READV]);
	say_samples(w->result, SAMPLE_NAMES("timeout"), &l.samples[TIMEOUT]);
	close(l.file);
	close(l.timer);
}
