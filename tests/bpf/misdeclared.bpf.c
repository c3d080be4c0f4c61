// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A loop whose table has the sizes that it should have, but no arrays. */
#include <iouctl/loop.bpf.h>

struct words {
	__u64 list[IOU_TARGETS_MAX / 2];
};

struct table {
	__u32 nr;
	__s32 other;
	__u32 keys_nr;
	struct words keys, of, fds;
	__u8 sockets[IOU_TARGETS_MAX];
};

IOU_RESOURCE_(struct table, "targets", table, "def=", "where to");

static __always_inline int step(struct iou_ring *ring)
{
	return table.nr ? iou_done(ring) : IOU_FAIL(ring, 22, "no targets");
}

IOU_LOOP(misdeclared, step, "has a table that is none", 8, 16);
