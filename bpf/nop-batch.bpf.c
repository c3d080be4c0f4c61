// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * nop-batch: NOPs, `depth` at a time. A batch is submitted when all of the one before it came back,
 * so that what is measured is what many requests share: one submission, one look at the CQ.
 */
#include <iouctl/loop.bpf.h>

IOU_PARAM_U64(count, 1000000, 1, 9223372036854775807, "requests", "NOPs to run");
IOU_PARAM_U32(depth, 32, 1, 32768, "requests", "how many to submit at a time");

IOU_PROGRESS(completed, count, "requests", "NOPs whose completion was read");
IOU_COUNTER(batches, "submissions", "how often NOPs were submitted");

/* What was submitted and has not come back. */
static __u64 in_flight;

/* Read what is there: how many, or -1 if one of them failed. */
static __always_inline __s64 reap(struct iou_ring *ring)
{
	__u64 start = ring->cq_head;
	struct io_uring_cqe *cqe, *block;
	__s32 res = 0;

	iou_forever {
		block = iou_cq_block(ring);
		if (block && iou_cq_ready(ring) >= IOU_CQ_BLOCK) {
			iou_repeat(i, IOU_CQ_BLOCK) {
				res |= block[i].res;
				iou_cqe_seen(ring);
			}
		} else {
			cqe = iou_cqe_peek(ring);
			if (!cqe)
				break;
			res |= cqe->res;
			iou_cqe_seen(ring);
		}
		iou_forget(res);
		iou_forget(ring->cq_head);
	}
	iou_cq_publish(ring);
	return res ? -1 : (__u32)(ring->cq_head - start);
}

/* How many of @nr NOPs were taken, or -errno. */
static __always_inline int send(struct iou_ring *ring, __u64 nr)
{
	struct io_uring_sqe *sqe;

	iou_batch_begin(ring);
	iou_forever {
		if (ring->queued >= nr)
			break;
		sqe = iou_batch_add(ring);
		if (!sqe)
			break;
		io_uring_prep_nop(sqe);
		iou_forget(ring->queued);
	}
	return iou_batch_submit(ring);
}

static __always_inline int step(struct iou_ring *ring)
{
	__u64 budget = iou_control.step_budget, done = 0;

	iou_forever {
		__s64 nr = reap(ring);
		__u64 left;
		int taken;

		if (nr < 0)
			return IOU_FAIL(ring, 5, "a NOP failed");
		in_flight -= nr;
		completed += nr;
		done += nr;
		if (in_flight)
			return iou_wait(ring, in_flight);
		if (completed == count)
			return iou_done(ring);
		if (iou_stop_requested())
			return iou_interrupted(ring);
		if (done >= budget)
			return iou_again(ring);
		left = count - completed;
		taken = send(ring, left < depth ? left : depth);
		if (taken <= 0)
			return IOU_FAIL(ring, taken ? -taken : 5, "the kernel does not take NOPs");
		in_flight += taken;
		batches++;
		iou_forget(done);
	}
	return iou_again(ring);
}

IOU_LOOP(nop_batch, step, "N requests, some at a time", depth, 2 * depth);
