/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Requests that are to be submitted, each a number of the loop's own, which becomes its user_data.
 * One leaves the queue when the kernel took it: the SQ may be smaller than the queue, and a batch
 * may end early.
 *
 * The loop defines prep() and took(), declares the gauge in_flight_max, and has defined QUEUE_SIZE
 * before it includes this: a power of two, no less than the requests that may wait.
 */
#pragma once

#include <iouctl/loop.bpf.h>

static __u32 queue[QUEUE_SIZE], queue_head, queue_tail;

static __u64 in_flight; /* requests */

/* For a loop that links requests, and has defined QUEUE_LINKS: requests that ended well, and left
 * no CQE. took() counts them. */
#ifdef QUEUE_LINKS
static __u32 silent;
#define IS_LINKED(sqe) ((sqe)->flags & IOSQE_IO_LINK)
#else
#define IS_LINKED(sqe) false
#endif

/* A step may take 20 ms, and what is in the page cache is read within it. A request that is smaller
 * takes as long as one of a page. */
#define STEP_BYTES 4194304
#define REQUEST_BYTES 4096

/* Fill @sqe in as what request @nr is now. */
static __always_inline void prep(struct io_uring_sqe *sqe, __u32 nr);

/* Request @nr has come to @res, with the CQE's @flags. */
static __always_inline void took(__u64 nr, __s32 res, __u32 flags);

static __always_inline void submit_later(__u32 nr)
{
	queue[queue_tail++ % QUEUE_SIZE] = nr;
}

static __always_inline bool nothing_is_under_way(void)
{
	return !in_flight && queue_head == queue_tail;
}

/* What has completed: took() for each of them. */
static __always_inline void reap(struct iou_ring *ring)
{
	__u32 left = iou_control.step_budget;
	struct io_uring_cqe *cqe;

	iou_forever {
		__u64 nr;
		__u32 flags;
		__s32 res;

		cqe = iou_cqe_peek(ring);
		if (!cqe || !left)
			break;
		nr = cqe->user_data;
		res = cqe->res;
		flags = cqe->flags;
		iou_cqe_seen(ring);
		/* A notification is no request. */
		if (flags & IORING_CQE_F_NOTIF)
			ring->in_flight++;
		else
			in_flight--;
		took(nr, res, flags);
#ifdef QUEUE_LINKS
		ring->in_flight -= silent;
		in_flight -= silent;
		silent = 0;
#endif
		left--;
		iou_forget(left);
		iou_forget(ring->cq_head);
	}
}

/* Submit what is in the queue, as far as the SQ and @room, bytes in this step, go. What the kernel
 * says: how many it took, or -errno. */
static __always_inline int submit(struct iou_ring *ring, __u32 *room)
{
	__u32 head = queue_head, left = *room, bytes;
	struct io_uring_sqe *sqe;
	bool linked = false;
	int taken = 0;

	iou_batch_begin(ring);
	iou_forever {
		__u32 nr = queue[head % QUEUE_SIZE];

		if (head == queue_tail || (!left && !linked))
			break;
		sqe = iou_batch_add(ring);
		if (!sqe)
			break;
		prep(sqe, nr);
		sqe->user_data = nr;
		linked = IS_LINKED(sqe);
		bytes = sqe->len < REQUEST_BYTES ? REQUEST_BYTES : sqe->len;
		left = bytes < left ? left - bytes : 0;
		head++;
		iou_forget(head);
		iou_forget(left);
		iou_forget(ring->queued);
	}
	/* There was no room for the other half: a link ends where its batch does. */
	if (linked) {
		ring->queued--;
		head--;
	}
	if (head != queue_head)
		taken = iou_batch_submit(ring);
	if (taken > 0) {
		queue_head += taken;
		in_flight += taken;
		if (in_flight > in_flight_max)
			in_flight_max = in_flight;
	}
	*room = left;
	return taken;
}

/* After a submission of which the kernel took @taken: wait for @nr completions, unless there is
 * more to submit, or @again says that there is more to do. */
static __always_inline int wait_after(struct iou_ring *ring, int taken, bool again, __u32 nr)
{
	if (again || (taken > 0 && queue_head != queue_tail))
		return iou_again(ring);
	if (!in_flight && queue_head != queue_tail)
		return IOU_FAIL(ring, taken ? -taken : 5, "the kernel does not take a request");
	return iou_wait(ring, nr);
}

static __always_inline int submit_and_wait(struct iou_ring *ring, bool again)
{
	__u32 room = STEP_BYTES;
	int taken = submit(ring, &room);

	return wait_after(ring, taken, again, 1);
}
