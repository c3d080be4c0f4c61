// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A loop that returns neither CONTINUE nor STOP. */
#include <iouctl/loop.bpf.h>

static __always_inline int step(struct iou_ring *ring)
{
	return 7;
}

IOU_LOOP(badreturn, step, "returns what no loop may", 8, 16);
