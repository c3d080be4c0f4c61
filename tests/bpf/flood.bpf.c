// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A loop that lets the CQ overflow: it submits `batches` full SQs before it reads anything, then
 * reads all, and says whether each request came back once. Waits on a full CQ on purpose.
 */
#include <iouctl/loop.bpf.h>

IOU_PARAM_U32(batches, 4, 1, 64, "batches", "SQs to fill before the first completion is read");

IOU_COUNTER(sent_nr, "requests", "NOPs that the kernel took");
IOU_COUNTER(read_nr, "completions", "completions that were read");
IOU_COUNTER(sum, "", "of the user_data of all completions");
IOU_COUNTER(full_steps, "steps", "that found the CQ full");

static __u32 batch;

static __always_inline int fill(struct iou_ring *ring)
{
	struct io_uring_sqe *sqe;

	iou_batch_begin(ring);
	for (__u32 i = 0; i < 64; i++) {
		sqe = iou_batch_add(ring);
		if (!sqe)
			break;
		io_uring_prep_nop(sqe);
		sqe->user_data = sent_nr + i;
	}
	return iou_batch_submit(ring);
}

static __always_inline int step(struct iou_ring *ring)
{
	struct io_uring_cqe *cqe;
	int ret;

	if (iou_stop_requested())
		return iou_interrupted(ring);
	if (iou_load((__u32 *)(ring->rings + ring->cq_tail_off)) - (__u32)ring->cq_head ==
	    ring->cq_mask + 1)
		full_steps++;
	if (batch < batches) {
		ret = fill(ring);
		if (ret <= 0)
			return IOU_FAIL(ring, -ret, "the kernel took no batch");
		sent_nr += ret;
		batch++;
		return iou_wait(ring, ring->cq_mask + 1);
	}
	for (__u32 i = 0; i < 64; i++) {
		cqe = iou_cqe_peek(ring);
		if (!cqe)
			break;
		sum += cqe->user_data;
		read_nr++;
		iou_cqe_seen(ring);
	}
	return read_nr == sent_nr ? iou_done(ring) : iou_wait(ring, 1);
}

IOU_LOOP(flood, step, "overflows the CQ", 8, 8);
