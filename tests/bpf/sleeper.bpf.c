// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A loop that waits for a descriptor to become readable, which may be for ever. */
#include <iouctl/loop.bpf.h>

IOU_PARAM_U32(fd, 0, 0, 1048576, "", "what to poll");
IOU_PARAM_FLAG(deaf, 0, "do not stop when asked to");
IOU_PARAM_FLAG(tidy, 0, "when asked to stop, run a NOP before it does");

IOU_COUNTER(polled, "completions", "completions that were read");

static bool sent;

static __always_inline int step(struct iou_ring *ring)
{
	struct io_uring_sqe *sqe;

	if (!deaf && iou_stop_requested()) {
		iou_batch_begin(ring);
		sqe = tidy ? iou_batch_add(ring) : NULL;
		if (sqe) {
			io_uring_prep_nop(sqe);
			iou_batch_submit(ring);
		}
		return iou_interrupted(ring);
	}
	if (sent) {
		if (!iou_cqe_peek(ring))
			return iou_wait(ring, 1);
		iou_cqe_seen(ring);
		polled++;
		return iou_done(ring);
	}
	iou_batch_begin(ring);
	sqe = iou_batch_add(ring);
	if (!sqe)
		return IOU_FAIL(ring, 16, "the SQ is full");
	io_uring_prep_nop(sqe);
	sqe->opcode = IORING_OP_POLL_ADD;
	sqe->fd = fd;
	sqe->poll32_events = 1; /* POLLIN */
	if (iou_batch_submit(ring) != 1)
		return IOU_FAIL(ring, 5, "the kernel did not take the poll");
	sent = true;
	return iou_wait(ring, 1);
}

IOU_LOOP(sleeper, step, "waits for a descriptor", 8, 16);
