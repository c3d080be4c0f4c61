/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A ring as tuned programs drive it, without liburing, whose version 2.3 of Debian 12 knows no
 * rings without an SQ array: a registered descriptor, no SQ array, SQEs that are not cleared, and
 * where the kernel has it (7.1) an SQ that begins anew with each submission (SQ_REWIND), so that
 * what does not change in an SQE is written once.
 */
#pragma once

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ring/ring.h"

/* For those with liburing, too: @ret, -errno, is why there is none. */
int iou_bench_no_ring(int ret, struct iou_err *err);

struct iou_uring {
	struct iou_ring ring;
	struct io_uring_sqe *sqes;
	struct io_uring_cqe *cqes;
	uint32_t *sq_tail_at, *cq_head_at, *cq_tail_at;
	uint32_t sq_mask, cq_mask;
	uint32_t sq_tail, cq_head; /* ours */
	uint32_t queued;           /* SQEs since the last submission */
	int fd;                    /* the registered one, or the ring's */
	unsigned int enter_flags;  /* that say which */
	bool rewinds;
	uint64_t enters;
};

/* Its CQ is twice as large, and not smaller than that of a loop. */
int iou_uring_open(struct iou_uring *uring, uint32_t sq_entries, struct iou_err *err);
void iou_uring_close(struct iou_uring *uring);

/* The next SQE, as the last request in its place left it. There must be room. */
static inline struct io_uring_sqe *iou_uring_sqe(struct iou_uring *uring)
{
	uint32_t at = uring->rewinds ? uring->queued : uring->sq_tail & uring->sq_mask;

	uring->queued++;
	uring->sq_tail++;
	return &uring->sqes[at];
}

/* Submit all, and wait for so many CQEs; with 0, do not even look for what is there. How many were
 * taken, or -errno. */
static inline int iou_uring_submit(struct iou_uring *uring, uint32_t wait)
{
	uint32_t queued = uring->queued;
	long ret;

	uring->queued = 0;
	if (!uring->rewinds)
		__atomic_store_n(uring->sq_tail_at, uring->sq_tail, __ATOMIC_RELEASE);
	uring->enters++;
	ret = syscall(SYS_io_uring_enter, uring->fd, queued, wait,
		      uring->enter_flags | (wait ? IORING_ENTER_GETEVENTS : 0), NULL, 0);
	return ret < 0 ? -errno : (int)ret;
}

/* The next CQE, or NULL. */
static inline struct io_uring_cqe *iou_uring_cqe(struct iou_uring *uring)
{
	if (uring->cq_head == __atomic_load_n(uring->cq_tail_at, __ATOMIC_ACQUIRE))
		return NULL;
	return &uring->cqes[uring->cq_head & uring->cq_mask];
}

/* So many CQEs were read: the next ones are behind them, which the kernel learns by the other. */
static inline void iou_uring_seen(struct iou_uring *uring, uint32_t nr)
{
	uring->cq_head += nr;
}

static inline void iou_uring_publish(struct iou_uring *uring)
{
	__atomic_store_n(uring->cq_head_at, uring->cq_head, __ATOMIC_RELEASE);
}

/* The next CQE, which is waited for. NULL: that failed. */
static inline struct io_uring_cqe *iou_uring_wait_cqe(struct iou_uring *uring)
{
	struct io_uring_cqe *cqe;

	while (!(cqe = iou_uring_cqe(uring))) {
		/* Those that were read are there as well, as long as the kernel is not told. */
		iou_uring_publish(uring);
		if (iou_uring_submit(uring, 1) < 0)
			return NULL;
	}
	return cqe;
}
