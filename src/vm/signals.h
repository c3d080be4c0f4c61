/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The signals that are the command's rather than the starter's, for as long as the VM runs. */
#pragma once

#include <signal.h>
#include <stdbool.h>

struct iou_vm_signals {
	int fd; /* signalfd, O_NONBLOCK */
	sigset_t mask;
	struct sigaction pipe;
};

/* @stops: also SIGTSTP and SIGCONT. 0 or -errno. */
int iou_vm_signals_take(struct iou_vm_signals *signals, bool stops);
/* As it was before. */
void iou_vm_signals_restore(struct iou_vm_signals *signals);
/* The next one that came, or 0. */
int iou_vm_signals_next(struct iou_vm_signals *signals);
