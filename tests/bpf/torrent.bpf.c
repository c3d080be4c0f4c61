// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* As many NOPs as the verifier lets a step have: more to trace than the buffer holds. */
#include <iouctl/loop.bpf.h>

IOU_PARAM_U32(count, 100000, 1, 1000000, "requests", "how many");

IOU_PROGRESS(completed, count, "requests", "that came back");

static __always_inline int step(struct iou_ring *ring)
{
	struct io_uring_sqe *sqe;

	/* A counter in memory is any number to the verifier, which so sees one round like all. */
	iou_forever {
		if (completed >= count)
			break;
		iou_batch_begin(ring);
		sqe = iou_batch_add(ring);
		if (!sqe)
			break;
		io_uring_prep_nop(sqe);
		io_uring_sqe_set_data64(sqe, completed);
		if (iou_batch_submit(ring) != 1 || !iou_cqe_peek(ring))
			return IOU_FAIL(ring, 5, "a NOP did not come back at once");
		iou_cqe_seen(ring);
		iou_cq_publish(ring);
		completed++;
	}
	return completed < count ? iou_again(ring) : iou_done(ring);
}

IOU_LOOP(torrent, step, "hardly a step", 8, 16);
