/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A program that is started to have a loop on its ring. */
#pragma once

#include <sys/types.h>

#include "base/err.h"

struct iou_program {
	pid_t pid; /* 0: none was started */
	int pidfd;
	int signals; /* a signalfd for those that iou_hold_block() blocks */
};

#define IOU_PROGRAM_INIT                   \
	(struct iou_program)               \
	{                                  \
		.pidfd = -1, .signals = -1 \
	}

/*
 * Start @argv, found as execvp(3) does. The signals of iou_hold_block() are blocked in this process
 * from here on, so that none ends it and leaves the program alone. Stage "program". Causes: USAGE
 * (no such program), PERMISSION, FAILED.
 */
int iou_program_start(struct iou_program *program, char *const *argv, struct iou_err *err);

/*
 * Wait for so long. -ESRCH: the program ended; -EINTR: a signal came, *@signum, which the program
 * has got, too.
 */
int iou_program_pause(const struct iou_program *program, int ms, int *signum);

/*
 * Wait for its end, once @first (0: none) was sent to it: its exit code, or 128 and the signal.
 * Signals that come meanwhile are sent on to it, and the last is *@signum. Who had sent one before,
 * as *@signum tells, waits no longer at the next: -EINTR, and it goes on by itself.
 */
int iou_program_end(struct iou_program *program, int first, int *signum);
