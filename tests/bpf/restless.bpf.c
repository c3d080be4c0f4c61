// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Changes its own parameter to what it cannot be. */
#include <iouctl/loop.bpf.h>

__u32 word IOU_TAG("iou:param;kind=choice;choices=one|two;help=x") = 1;

static __always_inline int step(struct iou_ring *ring)
{
	word = 0x7fffffff;
	return iou_done(ring);
}

IOU_LOOP(restless, step, "changes its parameter", 8, 16);
