/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The command line of iouctl attach. */
#pragma once

#include <argp.h>
#include <stdbool.h>
#include <sys/types.h>

#include "attach/attach.h"
#include "dump/dump.h"
#include "loopargs.h"

struct iou_attach_args {
	struct iou_loop_args loop;
	struct iou_hold_config hold;
	const char *ring_fd, *pin;
	pid_t pid;
	bool dry_run;
	char **command; /* what is behind "--", or NULL */
	int signum;     /* that ended us, or 0 */
	bool came_late; /* a ring that was seen was closed before it could have the loop */
	bool held;      /* there was a loop to take off when it came */
	struct iou_dump_config dump;
};

/* Its input is a struct iou_attach_args. */
extern const struct argp iou_attach_argp;

/* Take off what is behind "--": the words of a program of its own. */
int iou_attach_args_split(struct iou_attach_args *args, int *argc, char **argv);
