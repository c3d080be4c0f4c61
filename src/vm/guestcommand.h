/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* In the guest: the command, and the other ends of its streams. */
#pragma once

#include <sys/types.h>

#include "base/err.h"
#include "vm/start.h"

struct iou_vm_command {
	pid_t pid;  /* also its session and process group */
	int tty;    /* master of the pty that stands for the terminal; -1: no stream is one */
	int in;     /* all O_NONBLOCK; -1 where the stream is the terminal */
	int out[2]; /* stdout, stderr */
};

/* 0, or -errno with @err: IOU_CAUSE_USAGE where the program cannot be run. */
int iou_vm_command_start(struct iou_vm_command *command, const struct iou_vm_start *start,
			 struct iou_err *err);

/* As the host's terminal would: SIGINT and SIGQUIT go to the foreground job if there is one. */
void iou_vm_command_signal(const struct iou_vm_command *command, int signal);
