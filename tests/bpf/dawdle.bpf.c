// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* NOPs, one a step, and after each of them work that nobody wants: slow on purpose. */
#include <iouctl/loop.bpf.h>

#define WORK 20000

IOU_PARAM_U64(count, 1000, 1, 1000000000, "requests", "NOPs to run");
IOU_PROGRESS(completed, count, "requests", "NOPs whose completion was read");

static __u64 submitted, sum;

static __always_inline int step(struct iou_ring *ring)
{
	struct io_uring_sqe *sqe;
	__u32 i = 0;

	if (iou_stop_requested())
		return iou_interrupted(ring);
	if (iou_cqe_peek(ring)) {
		iou_cqe_seen(ring);
		completed++;
	}
	if (completed == count)
		return iou_done(ring);
	if (submitted > completed)
		return iou_wait(ring, 1);
	iou_forever {
		if (i++ >= WORK)
			break;
		iou_forget(i);
		sum += i;
	}
	iou_batch_begin(ring);
	sqe = iou_batch_add(ring);
	if (!sqe)
		return iou_wait(ring, 1);
	io_uring_prep_nop(sqe);
	if (iou_batch_submit(ring) == 1)
		submitted++;
	return iou_wait(ring, 1);
}

IOU_LOOP(dawdle, step, "NOPs that take their time", 8, 512);
