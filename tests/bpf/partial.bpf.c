// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A loop whose first batch ends at a request that the kernel refuses: what was behind it must not
 * be sent with the next batch. Nor must a timer behind such a one count as one that was set.
 */
#include <iouctl/loop.bpf.h>

IOU_GAUGE(first_taken, "requests", "that the kernel took of the batch with the bad one");
IOU_GAUGE(second_taken, "requests", "that it took of the next");
IOU_GAUGE(third_taken, "requests", "that it took of one with a bad one and a timer behind it");
IOU_COUNTER(seen, "completions", "completions that were read");
IOU_GAUGE(mask, "", "a bit for each user_data that came back");

IOU_TIMER(timer);

static __always_inline int send(struct iou_ring *ring, __u64 user_data, __u8 opcode, bool timed)
{
	struct io_uring_sqe *sqe;

	iou_batch_begin(ring);
	iou_repeat(i, 3) {
		sqe = iou_batch_add(ring);
		if (!sqe)
			return 0;
		if (timed && i == 1)
			iou_prep_timer(ring, sqe, &timer, 1000000000);
		else
			io_uring_prep_nop(sqe);
		sqe->user_data = user_data + i;
		if (i == 0)
			sqe->opcode = opcode;
	}
	return iou_batch_submit(ring);
}

static __always_inline int step(struct iou_ring *ring)
{
	struct io_uring_cqe *cqe;

	if (!first_taken) {
		first_taken = send(ring, 0, 255, false);
		second_taken = send(ring, 8, IORING_OP_NOP, false);
		third_taken = send(ring, 16, 255, true);
	}
	for (__u32 i = 0; i < 8; i++) {
		cqe = iou_cqe_peek(ring);
		if (!cqe)
			break;
		mask |= 1ULL << (cqe->user_data & 63);
		seen++;
		iou_cqe_seen(ring);
	}
	return seen >= first_taken + second_taken + third_taken ? iou_done(ring)
								: iou_wait(ring, 1);
}

IOU_LOOP(partial, step, "has a bad request in its first batch", 8, 16);
