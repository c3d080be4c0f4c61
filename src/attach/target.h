/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The ring of another program: a descriptor for it, and what can be known of it. It is never
 * mapped and never entered. As long as the descriptor is open, it keeps the ring and its requests
 * alive after the program has closed its own: it is closed when the loop is bound.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "ring/uapi.h"

struct iou_target {
	int fd;        /* ours, or -1 once the loop is bound */
	int pidfd;     /* of the process, or -1: not known whose it is */
	pid_t pid;     /* or 0 */
	char comm[16]; /* its name; not trusted. Empty: not known */
	int ring_fd;   /* what it calls the ring; with inherited, what this process was given */
	bool inherited;
	uint64_t inode; /* each ring has one of its own */
	int seen_fd;    /* where the process had it, when that was looked at last */
	bool was_seen;  /* it had it at all, then or before */
	/*
	 * Sizes as they are now, and offsets, which are the same for all rings that are set up
	 * alike. Flags are 0 without has_flags.
	 */
	struct io_uring_params params;
	bool has_flags;
	bool bound;         /* there is a loop on it already, as far as that is known */
	uint32_t in_flight; /* requests, when it was looked at; 0 also where that is not known */
};

#define IOU_TARGET_INIT               \
	(struct iou_target)           \
	{                             \
		.fd = -1, .pidfd = -1 \
	}

/*
 * Take descriptor @ring_fd of process @pid, by pidfd_getfd(2); with 0 for @pid, a descriptor that
 * this process was started with, whose process is then the one that submits to it, where that is
 * known. Stage "target". Causes: USAGE (no such process or descriptor, no ring), PERMISSION (needs
 * what ptrace(2) needs), UNSUPPORTED (Linux before 5.6), FAILED (the ring does not tell its sizes).
 */
int iou_target_take(struct iou_target *target, pid_t pid, int ring_fd, struct iou_err *err);

/* Close our descriptor: the ring is its program's alone again. */
void iou_target_let_go(struct iou_target *target);

/*
 * Whether the process still has the ring, at whichever descriptor; true where that cannot be told,
 * such as of one that was inherited and has never been seen there.
 */
bool iou_target_is_there(struct iou_target *target);

/*
 * The descriptors of @pid that are rings, in their order: how many, which are @max at most, or
 * -errno.
 */
int iou_target_fds(pid_t pid, int *fds, int max);

void iou_target_release(struct iou_target *target);
