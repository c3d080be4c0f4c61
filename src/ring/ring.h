/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * An io_uring of our own, made and entered by raw system calls: liburing 2.3 does not know
 * rings without an SQ array (IORING_SETUP_NO_SQARRAY) and would corrupt their indices.
 *
 * A loop needs IORING_SETUP_SINGLE_ISSUER and IORING_SETUP_DEFER_TASKRUN, and neither SQPOLL
 * nor IOPOLL (io_uring/bpf-ops.c). The task that makes the ring is the one that has to enter it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "ring/uapi.h"

/* What a ring must be set up with for a loop to be bound to it. */
#define IOU_RING_LOOP_FLAGS (IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN)

struct iou_ring_config {
	uint32_t sq_entries;   /* rounded up to a power of two by the kernel */
	uint32_t cq_entries;   /* 0: the kernel's default, twice the SQ's */
	uint32_t flags;        /* IORING_SETUP_*, without CQSIZE and CLAMP */
	uint32_t flags_wanted; /* set as well where the kernel knows them, left out otherwise */
};

struct iou_ring {
	int fd;
	struct io_uring_params params; /* as the kernel filled them in */
	void *rings;                   /* SQ and CQ headers, CQEs, SQ array (IOU_REGION_CQ) */
	size_t rings_size;
	void *sqes; /* IOU_REGION_SQ */
	size_t sqes_size;
};

#define IOU_RING_INIT     \
	(struct iou_ring) \
	{                 \
		.fd = -1  \
	}

/* Heads and tails as they are at this moment, and what the SQ and CQ flags words say. */
struct iou_ring_snapshot {
	uint32_t sq_head, sq_tail, cq_head, cq_tail;
	uint32_t cq_overflow; /* CQEs lost because memory for the overflow list was short */
	uint32_t sq_dropped;
	bool cq_overflowed; /* CQEs wait outside the CQ, which was full */
};

/*
 * Make a ring and map it. An SQ array, where there is one, is filled with the identity and stays
 * so. Stage "ring". Causes: USAGE (entries, flags: EINVAL), PERMISSION (EPERM: io_uring_disabled
 * or a seccomp filter), UNSUPPORTED (ENOSYS), FAILED (ENOMEM, EMFILE, …).
 */
int iou_ring_init(struct iou_ring *ring, const struct iou_ring_config *config, struct iou_err *err);

void iou_ring_release(struct iou_ring *ring);

/*
 * io_uring_enter(fd, 0, 0, IORING_ENTER_GETEVENTS): runs the loop that is attached. Returns 0
 * when the loop stopped, else -errno: -EINTR (signal), -EFAULT (loop taken off), -EINVAL (loop
 * returned neither CONTINUE nor STOP), -EEXIST (caller is not the submitter task).
 */
int iou_ring_enter(const struct iou_ring *ring);

void iou_ring_snapshot(const struct iou_ring *ring, struct iou_ring_snapshot *out);

/*
 * IORING_SETUP_* by their names in lower case with dashes ("sq-rewind"). iou_ring_flag_name()
 * gives the name of the bit numbered @bit, or NULL for one that this version does not know;
 * iou_ring_flag_bit() gives the number, or -ENOENT.
 */
const char *iou_ring_flag_name(unsigned int bit);
int iou_ring_flag_bit(const char *name);

/* io_uring_setup(2), raw: a file descriptor or -errno. */
int iou_ring_setup_raw(uint32_t entries, struct io_uring_params *params);
