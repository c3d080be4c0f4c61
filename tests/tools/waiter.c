// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * waiter READY GO WAIT:TIMEOUT:T,T,...
 *
 * An application that waits. For each argument, requests are submitted that complete T ms later,
 * and WAIT of them are waited for in the same call, TIMEOUT ms at most (0: for ever). For each it
 * prints a line: how many ms the call took, and how many completions were there after it.
 *
 * A TIMEOUT of aMS is told as an absolute time, AS and RS are an absolute and a relative time of S
 * seconds, whatever that is; and one with mMS behind it has a min_wait_usec of so many ms. With
 * "boot" for an argument the clock of the ring is CLOCK_BOOTTIME from then on.
 *
 * Writes "PID FD" to READY, and begins when GO is there.
 */
#include <ctype.h>
#include <fcntl.h>
#include <liburing.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { NR = 64 };

/* include/uapi/linux/io_uring.h; older copies of it lack them. */
enum { ENTER_ABS_TIMER = 1 << 5, REGISTER_CLOCK = 29 };

struct getevents_arg {
	uint64_t sigmask;
	uint32_t sigmask_sz, min_wait_usec;
	uint64_t ts;
};

static clockid_t clock_id = CLOCK_MONOTONIC;
static struct io_uring ring;
static int timers[NR];

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static struct __kernel_timespec time_of(unsigned long ms)
{
	return (struct __kernel_timespec){(int64_t)(ms / 1000), (long)(ms % 1000) * 1000000};
}

/* No timeouts of io_uring, which end a wait, however many completions it is for. */
static void set(int timer, unsigned long ms)
{
	struct itimerspec spec = {.it_value = {(time_t)(ms / 1000), (long)(ms % 1000) * 1000000}};

	timerfd_settime(timer, 0, &spec, NULL);
}

static unsigned int reap(void)
{
	struct io_uring_cqe *cqes[NR];
	unsigned int got = io_uring_peek_batch_cqe(&ring, cqes, NR);

	io_uring_cq_advance(&ring, got);
	return got;
}

/* As text has it. What is told to io_uring_enter(2) beside IORING_ENTER_EXT_ARG. */
static unsigned int tell(const char *text, struct getevents_arg *arg,
			 struct __kernel_timespec *limit)
{
	char kind = isalpha((unsigned char)*text) && *text != 'm' ? *text++ : '\0';
	char *rest = (char *)text;
	long long nr = *text == 'm' ? 0 : strtoll(text, &rest, 0);
	struct timespec now;

	if (*rest == 'm')
		arg->min_wait_usec = (uint32_t)strtoul(rest + 1, NULL, 0) * 1000;
	if (!kind && !nr)
		return 0;
	arg->ts = (uint64_t)(uintptr_t)limit;
	*limit = kind == 'A' || kind == 'R' ? (struct __kernel_timespec){nr, 0}
					    : time_of((unsigned long)nr);
	if (kind == 'a') {
		clock_gettime(clock_id, &now);
		limit->tv_sec += now.tv_sec;
		limit->tv_nsec += now.tv_nsec;
	}
	return kind == 'a' || kind == 'A' ? ENTER_ABS_TIMER : 0;
}

static void one(char *text)
{
	struct __kernel_timespec limit;
	static uint64_t fired[NR];
	unsigned int nr = 0, got, wait = (unsigned int)strtoul(strsep(&text, ":"), NULL, 0);
	const char *timeout = strsep(&text, ":");
	struct getevents_arg arg = {};
	unsigned int flags;
	uint64_t begin;
	char *word;

	while (nr < NR && (word = strsep(&text, ","))) {
		if (!timers[nr])
			timers[nr] = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
		set(timers[nr], strtoul(word, NULL, 0));
		io_uring_prep_read(io_uring_get_sqe(&ring), timers[nr], &fired[nr], 8, 0);
		nr++;
	}
	flags = tell(timeout, &arg, &limit);
	/* liburing counts SQEs as taken when it tells the kernel of them. */
	io_uring_smp_store_release(ring.sq.ktail, ring.sq.sqe_tail);
	ring.sq.sqe_head = ring.sq.sqe_tail;
	begin = now_ns();
	syscall(SYS_io_uring_enter, ring.ring_fd, nr, wait,
		IORING_ENTER_GETEVENTS | IORING_ENTER_EXT_ARG | flags, &arg, sizeof(arg));
	begin = now_ns() - begin;
	got = io_uring_cq_ready(&ring);
	printf("%llu %u\n", (unsigned long long)begin / 1000000, got);
	for (got = reap(); got < nr; got += reap())
		syscall(SYS_io_uring_enter, ring.ring_fd, 0, 1, IORING_ENTER_GETEVENTS, NULL, 0);
}

static void take_boottime(void)
{
	uint32_t clock[4] = {CLOCK_BOOTTIME};

	if (syscall(SYS_io_uring_register, ring.ring_fd, REGISTER_CLOCK, clock, 0))
		exit(3);
	clock_id = CLOCK_BOOTTIME;
}

int main(int argc, char **argv)
{
	struct io_uring_params p = {.flags = IORING_SETUP_SINGLE_ISSUER |
					     IORING_SETUP_DEFER_TASKRUN};
	FILE *ready = argc > 3 ? fopen(argv[1], "we") : NULL;

	if (!ready || io_uring_queue_init_params(NR, &ring, &p))
		return 2;
	alarm(120);
	fprintf(ready, "%d %d\n", getpid(), ring.ring_fd);
	fclose(ready);
	while (access(argv[2], F_OK))
		usleep(2000);
	for (int i = 3; i < argc; i++)
		if (strcmp(argv[i], "boot") == 0)
			take_boottime();
		else
			one(argv[i]);
	return 0;
}
