/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Signals that end a benchmark, SIGINT, SIGTERM, SIGHUP and SIGQUIT: they are held while rounds go
 * on, so that what a round started is ended before we are.
 */
#pragma once

#include <signal.h>

struct iou_bench_interrupt {
	int fd; /* a signalfd, not blocking */
	sigset_t before;
};

#define IOU_BENCH_INTERRUPT_NONE     \
	(struct iou_bench_interrupt) \
	{                            \
		.fd = -1             \
	}

/* Hold them; those that are ignored stay so. 0 or -errno. */
int iou_bench_interrupt_take(struct iou_bench_interrupt *interrupt);

/* In a process that a round starts: as if they had never been held. */
void iou_bench_interrupt_leave(const struct iou_bench_interrupt *interrupt);

/* The one that came, or 0. */
int iou_bench_interrupt_next(const struct iou_bench_interrupt *interrupt);

void iou_bench_interrupt_release(struct iou_bench_interrupt *interrupt);
