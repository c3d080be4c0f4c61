// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What nop-chain does on a ring with SQ_REWIND and NO_SQARRAY, and nothing besides: it counts no
 * steps and no requests in flight, cannot be asked to stop, says nothing of how it ended, and has
 * no copies for other rings and for a trace. What it takes less is what those cost.
 */
#define IOU_NO_TRACE
#include <iouctl/loop.bpf.h>

IOU_PARAM_U64(count, 1000000, 1, 9223372036854775807, "requests", "NOPs to run, one by one");

#define BLOCK 8
#define BLOCKS 2

/* Writable, so that the verifier does not walk all of a step. */
__u64 budget = 1024;
__u64 sent = 0;

static __always_inline bool is_there(const struct iou_ring *ring, const struct io_uring_cqe *cqe)
{
	return cqe->user_data == ring->cq_head && cqe->res == 0;
}

static __always_inline bool send(struct iou_ring *ring)
{
	ring->sqes->user_data = ring->cq_head;
	return bpf_io_uring_submit_sqes(ring->ctx, 1) == 1;
}

SEC("struct_ops.s/loop_step")
int BPF_PROG(bare_step, struct iou_ctx *ctx_, struct iou_loop_params *params)
{
	struct iou_ring ring = {.rewind = true};
	__u64 left = count - sent, start, nr = left < budget ? left : budget;
	struct io_uring_cqe *cqe, *block;

	if (iou_ring_begin(&ring, ctx_, params))
		return 2;
	start = ring.cq_head;
	if (!sent) {
		io_uring_prep_nop(ring.sqes);
		nr = 1;
	}
	iou_forever {
		__u64 done = (__u32)(ring.cq_head - start);

		if (done >= nr)
			break;
		if (nr - done >= BLOCKS * BLOCK && iou_cq_block_of(&ring, BLOCK)) {
			iou_repeat(j, BLOCKS) {
				block = iou_cq_block_of(&ring, BLOCK);
				if (!block)
					return 2;
				iou_repeat(i, BLOCK) {
					if (!send(&ring) || !is_there(&ring, &block[i]))
						return 2;
					ring.cq_head++;
					iou_opaque(ring.cq_head);
				}
				if (ring.cq_mask < BLOCKS * BLOCK - 1)
					iou_cq_publish(&ring);
			}
			iou_cq_publish(&ring);
			continue;
		}
		if (!send(&ring))
			return 2;
		cqe = iou_cqe_peek(&ring);
		if (!cqe || !is_there(&ring, cqe))
			return 2;
		ring.cq_head++;
		iou_opaque(ring.cq_head);
		iou_cq_publish(&ring);
	}
	sent += (__u32)(ring.cq_head - start);
	return sent == count ? IOU_LOOP_STOP : IOU_LOOP_CONTINUE;
}

SEC(".struct_ops.link")
struct io_uring_bpf_ops bare = {
	.loop_step = (void *)bare_step,
};
