// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Declares buffers in a struct of its own, two fields of which are one. */
#include <iouctl/loop.bpf.h>

struct overlap {
	__u64 addr, size;
	union {
		__u32 first, nr;
	};
};

const volatile struct overlap bufs IOU_TAG("iou:param;kind=buffers;nr=2000;size=64;help=x") = {};

static __always_inline int step(struct iou_ring *ring)
{
	return bufs.addr ? iou_done(ring) : IOU_FAIL(ring, 22, "no buffers");
}

IOU_LOOP(overlap, step, "has fields that lie in each other", 8, 16);
