// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Two loops in one object: which one ran shows in the statistics. */
#include <iouctl/loop.bpf.h>

IOU_COUNTER(first_runs, "runs", "how often the first one ran");
IOU_COUNTER(second_runs, "runs", "how often the second one ran");

static __always_inline int first(struct iou_ring *ring)
{
	first_runs++;
	return iou_done(ring);
}

static __always_inline int second(struct iou_ring *ring)
{
	second_runs++;
	return iou_done(ring);
}

IOU_LOOP(one, first, "counts itself", 8, 16);
IOU_LOOP(other, second, "counts itself", 8, 16);
