// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A loop that reads beyond the region it asked for, after enough branches for a long log. */
#include <iouctl/loop.bpf.h>

static __always_inline int step(struct iou_ring *ring)
{
	__u64 sum = 0;

	iou_repeat(i, 64) {
		if (iou_load(&ring->sqes[0].user_data) & (1ULL << i))
			sum += i;
	}
	if (sum == 5)
		return IOU_FAIL(ring, 5, "never");
	return ring->sqes[ring->sq_mask + 1].opcode ? iou_done(ring) : iou_again(ring);
}

IOU_LOOP(rejected, step, "is refused by the verifier", 8, 16);
