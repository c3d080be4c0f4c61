// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Reads completions in a loop whose rounds are counted, as authors write it; also when traced. */
#include <iouctl/loop.bpf.h>

IOU_PARAM_U32(depth, 64, 1, 64, "requests", "how many at a time");
IOU_PARAM_U32(rounds, 3, 1, 1000, "rounds", "how often");

IOU_COUNTER(completed, "requests", "that came back");

static __always_inline int step(struct iou_ring *ring)
{
	struct io_uring_sqe *sqe;

	for (__u32 i = 0; i < 64; i++) {
		struct io_uring_cqe *cqe = iou_cqe_peek(ring);

		if (!cqe)
			break;
		if (cqe->res < 0)
			return IOU_FAIL(ring, -cqe->res, "a NOP failed");
		iou_cqe_seen(ring);
		completed++;
	}
	if (completed >= depth * rounds)
		return iou_done(ring);
	iou_batch_begin(ring);
	for (__u32 i = 0; i < 64 && i < depth; i++) {
		sqe = iou_batch_add(ring);
		if (!sqe)
			break;
		io_uring_prep_nop(sqe);
	}
	if (iou_batch_submit(ring) != (int)depth)
		return IOU_FAIL(ring, 5, "not all were taken");
	return iou_wait(ring, depth);
}

IOU_LOOP(reaper, step, "NOPs by batches", 64, 128);
