// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * nop-chain: the smallest sequential job. Each NOP is submitted after the completion of the one
 * before it was read, so that what is measured is the way there and back, not a queue's depth.
 */
#include <iouctl/loop.bpf.h>

IOU_PARAM_U64(count, 1000000, 1, 9223372036854775807, "requests", "NOPs to run, one by one");

IOU_PROGRESS(completed, count, "requests", "NOPs whose completion was read");

/*
 * NOPs in turn that the compiler writes out: blocks that a CQ of 8 has as well, and two of them, so
 * that what is done once for all weighs little. More would not be faster, and more to verify.
 */
#define BLOCK 8
#define BLOCKS 2

/* A NOP was sent whose completion was not there when the step ended. */
static bool in_flight;

/*
 * A NOP carries the index of the CQE that it must come back in. What a slot had before is another
 * one, so that the number alone says that the CQE is there; but for the first, whose slot is empty
 * and as good as number 0. One that is not there is looked for by the next step.
 */
static __always_inline int send(struct iou_ring *ring)
{
	struct io_uring_sqe *sqe;

	iou_batch_begin(ring);
	sqe = iou_batch_add(ring);
	if (!sqe)
		return 0;
	if (!ring->rewind)
		io_uring_prep_nop(sqe);
	sqe->user_data = ring->cq_head;
	return iou_batch_submit(ring);
}

static __always_inline bool is_right(const struct iou_ring *ring, const struct io_uring_cqe *cqe)
{
	return cqe->user_data == ring->cq_head && cqe->res == 0;
}

/* Send and read until there are @nr, or something is in the way. */
static __always_inline int step(struct iou_ring *ring)
{
	__u64 left = count - completed, budget = iou_control.step_budget;
	__u64 start = ring->cq_head, nr = left < budget ? left : budget;
	struct io_uring_cqe *cqe, *block;

	if (iou_stop_requested())
		return iou_interrupted(ring);
	if (ring->rewind)
		io_uring_prep_nop(ring->sqes);
	if (!completed && !in_flight) {
		if (send(ring) != 1)
			goto refused;
		in_flight = true;
	}
	if (in_flight) {
		cqe = iou_cqe_peek(ring);
		if (!cqe)
			return iou_wait(ring, 1);
		if (!is_right(ring, cqe))
			goto wrong;
		iou_cqe_seen(ring);
		in_flight = false;
	}

	iou_forever {
		__u64 done = (__u32)(ring->cq_head - start);

		if (done >= nr)
			break;
		if (nr - done >= BLOCKS * BLOCK && iou_cq_block_of(ring, BLOCK)) {
			iou_repeat(j, BLOCKS) {
				block = iou_cq_block_of(ring, BLOCK);
				if (!block)
					goto wrong;
				iou_repeat(i, BLOCK) {
					if (send(ring) != 1)
						goto refused;
					if (!is_right(ring, &block[i]))
						goto pending;
					iou_cqe_seen(ring);
				}
				/* A small one has no more room. */
				if (ring->cq_mask < BLOCKS * BLOCK - 1)
					iou_cq_publish(ring);
			}
			iou_cq_publish(ring);
			continue;
		}
		if (send(ring) != 1)
			goto refused;
		cqe = iou_cqe_peek(ring);
		if (!cqe)
			goto pending;
		if (!is_right(ring, cqe))
			goto wrong;
		iou_cqe_seen(ring);
		iou_cq_publish(ring);
	}
	completed += (__u32)(ring->cq_head - start);
	return completed == count ? iou_done(ring) : iou_again(ring);

pending:
	completed += (__u32)(ring->cq_head - start);
	in_flight = true;
	return iou_wait(ring, 1);
refused:
	completed += (__u32)(ring->cq_head - start);
	return IOU_FAIL(ring, 5, "the kernel did not take a NOP");
wrong:
	completed += (__u32)(ring->cq_head - start);
	return IOU_FAIL(ring, 5, "a completion is not the one of the NOP that was sent");
}

IOU_LOOP(nop_chain, step, "N requests, each after the last one's completion", 8, 512);
