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

/* The last batch: its NOPs, and those that have not come back. They end as they were sent, and
 * carry their numbers, from 1 on. */
static __u64 sent, in_flight;
/* A ring whose batches all begin at the first SQE has NOPs in so many for good. */
static __u64 filled;

/* Put NOPs into the SQEs up to @nr of a batch. */
static __always_inline void fill(struct iou_ring *ring, __u64 nr)
{
	struct io_uring_sqe *sqe;

	iou_forever {
		if (ring->queued >= nr)
			break;
		sqe = iou_batch_add(ring);
		if (!sqe)
			break;
		io_uring_prep_nop(sqe);
		io_uring_sqe_set_data64(sqe, ring->queued);
		iou_forget(ring->queued);
	}
}

/* How many of @nr NOPs were taken, or -errno. */
static __always_inline int send(struct iou_ring *ring, __u64 nr)
{
	iou_batch_begin(ring);
	if (ring->rewind)
		iou_batch_keep(ring, nr);
	else
		fill(ring, nr);
	return iou_batch_submit(ring);
}

/* A whole block: whether all ended well, and the last is the one with the number @last. */
static __always_inline bool reap_block(struct iou_ring *ring, const struct io_uring_cqe *block,
				       __u64 last)
{
	__u32 wrong = 0;

	iou_repeat(i, IOU_CQ_BLOCK) {
		wrong |= block[i].res;
		/* Else clang loads all of them first, and has nowhere to put them. */
		iou_opaque(wrong);
	}
	iou_cq_block_seen(ring);
	return !wrong && block[IOU_CQ_BLOCK - 1].user_data == last;
}

/* Read what is there of the @left last NOPs of a batch of @size: how many are left, or -1. */
static __always_inline __s64 reap(struct iou_ring *ring, __u64 left, __u64 size)
{
	const struct io_uring_cqe *block, *cqe;
	bool right = true;

	iou_forever {
		if (!left || !right)
			break;
		block = iou_cq_block(ring);
		if (block && left >= IOU_CQ_BLOCK && iou_cq_ready(ring) >= IOU_CQ_BLOCK) {
			left -= IOU_CQ_BLOCK;
			right = reap_block(ring, block, size - left);
		} else {
			cqe = iou_cqe_peek(ring);
			if (!cqe)
				break;
			left--;
			right = cqe->res == 0 && cqe->user_data == size - left;
			iou_cqe_seen(ring);
		}
		iou_forget(left);
		iou_forget(ring->cq_head);
	}
	return right ? left : -1;
}

static __always_inline int step(struct iou_ring *ring)
{
	__u64 left = count - completed, budget = iou_control.step_budget;
	__u64 most = left < budget ? left : budget;
	__u64 start = ring->cq_head, pending = in_flight, size = sent, nr = 0;
	const struct io_uring_cqe *block;
	int ret = 1;

	if (ring->rewind && !filled) {
		iou_batch_begin(ring);
		fill(ring, depth);
		filled = ring->queued;
	}
	if (iou_stop_requested() && !pending)
		return iou_interrupted(ring);

	iou_forever {
		__u64 done;

		if (pending) {
			pending = reap(ring, pending, size);
			iou_cq_publish(ring);
			if (pending)
				break;
		}
		done = (__u32)(ring->cq_head - start);
		if (done >= most)
			break;
		size = left - done < depth ? left - done : depth;
		ret = send(ring, size);
		if (ret <= 0)
			break;
		nr++;
		size = pending = ret;
		block = iou_cq_block(ring);
		if (block && ret == IOU_CQ_BLOCK && iou_cq_ready(ring) >= IOU_CQ_BLOCK) {
			if (!reap_block(ring, block, IOU_CQ_BLOCK)) {
				pending = -1;
				break;
			}
			iou_cq_publish(ring);
			pending = 0;
		}
		iou_forget(nr);
		iou_forget(pending);
		iou_forget(size);
	}
	completed += (__u32)(ring->cq_head - start);
	batches += nr;
	sent = size;
	in_flight = pending;
	if (pending == -1ULL)
		return IOU_FAIL(ring, 5, "a completion is not the one of the NOP that was sent");
	if (pending)
		return iou_wait(ring, pending);
	if (ret <= 0)
		return IOU_FAIL(ring, ret ? -ret : 5, "the kernel does not take NOPs");
	return completed == count ? iou_done(ring) : iou_again(ring);
}

IOU_LOOP(nop_batch, step, "N requests, some at a time", depth, 2 * depth);
