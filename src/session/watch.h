/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The thread beside a run. The thread that made the ring sleeps in io_uring_enter(2), where it
 * can look after nothing; this one takes the signals, keeps the time, calls the tick, and kicks
 * the other out of the kernel when the run has to end.
 */
#pragma once

#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "session/session.h"

struct iou_watch {
	const struct iou_run_config *config;
	const struct iou_ring *ring;
	/* In the loop's data; NULL for a loop that does not have them. */
	volatile uint32_t *stop_requested; /* without it, it cannot be asked to stop */
	const volatile uint64_t *steps;
	const volatile int64_t *in_flight;
	bool holds_sigpipe; /* a pipe that nobody reads is an error of the write, and no more */
	uint64_t start_ns;  /* CLOCK_MONOTONIC */

	/* Written by the watcher, read by the runner. */
	atomic_int signal;     /* the first that asked to stop, or 0 */
	atomic_bool timed_out; /* the time was over before the run was */
	atomic_bool abort;     /* do not enter again */
	bool asleep; /* it was, when the time was over, so that these two belong together: */
	struct iou_ring_snapshot ring_asleep;
	int64_t in_flight_asleep;

	/* Private. */
	pthread_t runner, thread;
	sem_t ready;
	atomic_bool finished;
	sigset_t old_mask;
	struct sigaction old_kick;
};

/* Before: signals that come from now on wait for the watcher. What was blocked is *@old. */
void iou_watch_hold(sigset_t *old);

/* Called by the thread that will run the ring, which gets kicked. 0 or -errno. */
int iou_watch_start(struct iou_watch *watch);

/* End the watcher and restore the caller's signal mask. */
void iou_watch_stop(struct iou_watch *watch);
