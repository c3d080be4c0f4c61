// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * held DEPTH: a program with a ring that goes through what a loop may hold back. Prints "PID FD",
 * waits for SIGUSR1, and does each of these; DEPTH is what the loop
 * admits at a time, and 0 without one. Exit code 1: something was wrong.
 */
#include <errno.h>
#include <liburing.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static struct io_uring ring;
static unsigned int depth;
static int wrong;
static int pipes[2];

#define CHECK(what, got, want)                                                       \
	do {                                                                         \
		long got_ = (long)(got), want_ = (long)(want);                       \
                                                                                     \
		if (got_ != want_) {                                                 \
			printf("%s: %s is %ld, not %ld\n", what, #got, got_, want_); \
			wrong = 1;                                                   \
		}                                                                    \
	} while (0)

static long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static struct io_uring_sqe *nop(unsigned long user_data, unsigned int flags)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&ring);

	io_uring_prep_nop(sqe);
	sqe->flags = (unsigned char)flags;
	sqe->user_data = user_data;
	return sqe;
}

/* A request that completes when somebody writes a byte. */
static struct io_uring_sqe *pipe_read(unsigned long user_data, unsigned int flags)
{
	static char byte;
	struct io_uring_sqe *sqe = io_uring_get_sqe(&ring);

	io_uring_prep_read(sqe, pipes[0], &byte, 1, 0);
	sqe->flags = (unsigned char)flags;
	sqe->user_data = user_data;
	return sqe;
}

static void feed(int nr)
{
	while (nr--)
		if (write(pipes[1], "x", 1) != 1)
			wrong = 1;
}

/* Waits for a CQE: its user_data, with what it returned in @res. liburing takes it for a timeout
 * when a loop that leaves ends a wait. */
static long reap(int *res)
{
	struct __kernel_timespec ts = {.tv_sec = 5};
	struct io_uring_cqe *cqe;
	long begin = now_ms(), user_data;

	while (io_uring_peek_cqe(&ring, &cqe))
		if (io_uring_wait_cqe_timeout(&ring, &cqe, &ts) == -ETIME &&
		    now_ms() - begin > 5000)
			return -1;
	user_data = (long)cqe->user_data;
	*res = cqe->res;
	io_uring_cqe_seen(&ring, cqe);
	return user_data;
}

static void reap_in_order(const char *what, int from, int to)
{
	int res = 0;

	for (int i = from; i <= to; i++)
		CHECK(what, reap(&res), i);
}

/* Those who read the same pipe are woken in any order. */
static void reap_each(const char *what, unsigned int from, unsigned int to)
{
	unsigned long seen = 0;
	int res = 0;

	for (unsigned int i = from; i <= to; i++)
		seen |= 1UL << (reap(&res) & 63);
	CHECK(what, seen, (2UL << to) - (1UL << from));
}

/* What does not fit stays in the SQ, and the call does not wait; a later one submits it, though it
 * is not told to. */
static void nowait(void)
{
	unsigned int held = depth ? 6 - depth : 0;
	long begin;

	for (unsigned int i = 1; i <= 6; i++)
		pipe_read(i, 0);
	begin = now_ms();
	io_uring_submit(&ring);
	CHECK("nowait", now_ms() - begin < 1000, 1);
	CHECK("nowait", io_uring_sq_ready(&ring), held);
	feed(6);
	reap_each("nowait", 1, 6);
	CHECK("nowait", io_uring_sq_ready(&ring), 0);
}

/* A chain goes as a whole, longer as it is than what may be under way. */
static void chain(void)
{
	int res = 0;

	pipe_read(1, 0);
	for (unsigned int i = 2; i <= 5; i++)
		pipe_read(i, i < 5 ? IOSQE_IO_LINK : 0);
	nop(6, 0);
	io_uring_submit(&ring);
	CHECK("chain", io_uring_sq_ready(&ring), depth ? 5 : 0);
	feed(1);
	/* What is behind it has to wait only where somebody holds it back. */
	if (!depth)
		CHECK("chain", reap(&res), 6);
	feed(4);
	reap_each("chain", 1, 4);
	if (depth)
		CHECK("chain", reap(&res), 6);
	feed(1);
	CHECK("chain", reap(&res), 5);
}

/* A chain that a call cuts is two, also when it is held. */
static void cut(void)
{
	int res = 0;

	for (unsigned int i = 1; i <= depth; i++)
		pipe_read(i, 0);
	io_uring_submit(&ring);
	pipe_read(10, IOSQE_IO_LINK)->fd = -1;
	io_uring_submit(&ring);
	/* It would be cancelled if it were of a chain with the one that fails. */
	nop(11, 0);
	io_uring_submit(&ring);
	feed((int)depth);
	for (unsigned int i = 0; i < depth + 2; i++) {
		long user_data = reap(&res);

		CHECK("cut", res, user_data == 10 ? -EBADF : user_data == 11 ? 0 : 1);
	}
}

/* What is not valid ends a submission: the rest is the program's to submit again. */
static void invalid(void)
{
	int res = 0;

	nop(1, 0)->opcode = 255;
	nop(2, 0);
	nop(3, 0);
	io_uring_submit(&ring);
	CHECK("invalid", io_uring_sq_ready(&ring), 2);
	CHECK("invalid", reap(&res), 1);
	CHECK("invalid", res, -EINVAL);
	CHECK("invalid", io_uring_sq_ready(&ring), 2);
	io_uring_submit(&ring);
	reap_in_order("invalid", 2, 3);
}

/* What is not counted: it may be under way beside as many as are admitted, and so may what ends
 * one of these. */
static void uncounted(void)
{
	unsigned int nr = depth ?: 2;
	struct io_uring_sqe *sqe = io_uring_get_sqe(&ring);
	int res = 0;

	io_uring_prep_poll_multishot(sqe, pipes[0], POLLPRI);
	sqe->user_data = 100;
	nop(101, IOSQE_CQE_SKIP_SUCCESS);
	for (unsigned int i = 1; i <= nr; i++)
		pipe_read(i, 0);
	sqe = io_uring_get_sqe(&ring);
	io_uring_prep_cancel64(sqe, 1, 0);
	sqe->user_data = 102;
	sqe = io_uring_get_sqe(&ring);
	io_uring_prep_cancel64(sqe, 100, 0);
	sqe->user_data = 103;
	io_uring_submit(&ring);
	CHECK("uncounted", io_uring_sq_ready(&ring), 0);
	for (unsigned int i = 0, seen = 0; i < 4; i++) {
		long user_data = reap(&res);

		seen |= user_data == 1 ? 1 : user_data >= 100 ? 1U << (user_data - 98) : 0;
		if (i == 3)
			CHECK("uncounted", seen, 1 | 1U << 2 | 1U << 4 | 1U << 5);
	}
	feed((int)nr - 1);
	reap_each("uncounted", 2, nr);
}

/* The SQE keeps its flag. */
static void drained(void)
{
	struct io_uring_sqe *sqe;

	for (int round = 0; round < 3; round++) {
		pipe_read(1, 0);
		sqe = nop(2, IOSQE_IO_DRAIN);
		nop(3, 0);
		io_uring_submit(&ring);
		CHECK("drained", io_uring_cq_ready(&ring), 0);
		feed(1);
		reap_in_order("drained", 1, 3);
		CHECK("drained", sqe->flags, IOSQE_IO_DRAIN);
	}
}

static void go(void)
{
	sigset_t set;
	int signal;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigwait(&set, &signal);
}

/* The loop is taken off meanwhile: a call that submits nothing by itself finds that what was held
 * has been submitted, though nothing has completed that would make room. */
static void leave(void)
{
	long begin = now_ms();

	for (unsigned int i = 1; i <= 6; i++)
		pipe_read(i, 0);
	io_uring_submit(&ring);
	puts("leave");
	fflush(stdout);
	while (io_uring_sq_ready(&ring) && now_ms() - begin < 20000) {
		usleep(20000);
		io_uring_get_events(&ring);
	}
	CHECK("leave", io_uring_sq_ready(&ring), 0);
	feed(6);
	reap_each("leave", 1, 6);
}

int main(int argc, char **argv)
{
	struct io_uring_params params = {.flags = IORING_SETUP_SINGLE_ISSUER |
						  IORING_SETUP_DEFER_TASKRUN};
	sigset_t set;

	depth = argc > 1 ? (unsigned int)atoi(argv[1]) : 0;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	if (io_uring_queue_init_params(16, &ring, &params) || pipe(pipes))
		return 2;
	printf("%d %d\n", getpid(), ring.ring_fd);
	fflush(stdout);
	go();
	drained();
	if (argc > 2 && strcmp(argv[2], "drain") == 0)
		return wrong;
	nowait();
	chain();
	cut();
	invalid();
	uncounted();
	leave();
	return wrong;
}
