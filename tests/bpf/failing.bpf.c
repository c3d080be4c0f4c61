// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A loop that fails, with a text that would do something to a terminal. */
#include <iouctl/loop.bpf.h>

IOU_COUNTER(steps_seen, "steps", "steps before it failed");

static __always_inline int step(struct iou_ring *ring)
{
	if (++steps_seen < 3)
		return iou_again(ring);
	return IOU_FAIL(ring, 28, "no \033[31mroom\a");
}

IOU_LOOP(failing, step, "fails in its third step", 8, 16);
