/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Exit codes, as iouctl(1) lists them. Never an errno. */
#pragma once

#include "base/err.h"
#include "session/session.h"

enum iou_exit {
	IOU_EXIT_OK = 0,
	IOU_EXIT_FAILED = 1,      /* the loop failed, or something else did */
	IOU_EXIT_USAGE = 2,       /* the command line */
	IOU_EXIT_UNSUPPORTED = 3, /* the kernel lacks what is needed */
	IOU_EXIT_PERMISSION = 4,
	IOU_EXIT_REJECTED = 5, /* the object: not a loop, unreadable, refused by the verifier */
	IOU_EXIT_TIMEOUT = 124,
	IOU_EXIT_VM = 125,     /* the micro-VM could not run */
	IOU_EXIT_SIGNAL = 128, /* + N: ended by signal N */
};

int iou_exit_of_cause(enum iou_cause cause);
/* End by @signum, as if it had never been taken; the code is for one that does not end us. */
int iou_exit_by_signal(int signum);

int iou_exit_of_run(const struct iou_run *run);
