/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A program that is started to have a loop on its ring. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"

struct iou_program {
	pid_t pid; /* 0: none was started */
	int pidfd;
};

#define IOU_PROGRAM_INIT     \
	(struct iou_program) \
	{                    \
		.pidfd = -1  \
	}

/*
 * Start @argv, found as execvp(3) does, before iou_hold_block(), whose mask it would inherit. Stage
 * "program". Causes: USAGE (no such program), PERMISSION, FAILED.
 */
int iou_program_start(struct iou_program *program, char *const *argv, struct iou_err *err);

/*
 * Wait until the program has a ring. -ESRCH (cause FAILED): it ended without one; -EINTR: a signal
 * that iou_hold_block() blocks came first, and is still pending.
 */
int iou_program_await_ring(const struct iou_program *program, struct iou_err *err);

/* Wait for its end: its exit code, or 128 and the signal. @signum (0: none) is sent to it first. */
int iou_program_end(struct iou_program *program, int signum);
