// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Which rings can be made: each setup flag is tried. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "probe/checks.h"
#include "ring/ring.h"

static int try_ring(uint32_t flags)
{
	struct io_uring_params params = {.flags = flags};
	int fd = iou_ring_setup_raw(2, &params);

	iou_close(fd);
	return fd < 0 ? fd : 0;
}

static void add(struct iou_probe *probe, const char *id, const char *what, bool needed, int ret,
		const char *why)
{
	iou_probe_add(probe,
		      &(struct iou_check){
			      .group = "ring",
			      .answer = ret ? IOU_ANSWER_NO : IOU_ANSWER_YES,
			      .needed = needed,
		      },
		      id, what, ret ? strerror(-ret) : why);
}

void iou_probe_rings(struct iou_probe *probe)
{
	/* A flag, and those that the kernel wants beside it. */
	static const struct {
		uint32_t flag, with;
		const char *why;
	} flags[] = {
		{IORING_SETUP_SUBMIT_ALL, 0, ""},
		{IORING_SETUP_R_DISABLED, 0, ""},
		{IORING_SETUP_SQE128, 0, ""},
		{IORING_SETUP_CQE32, 0, ""},
		{IORING_SETUP_NO_SQARRAY, 0, "no SQ array to keep: faster"},
		{IORING_SETUP_SQ_REWIND, IORING_SETUP_NO_SQARRAY, "no SQ head to move: faster"},
		{IORING_SETUP_CQE_MIXED, 0, ""},
		{IORING_SETUP_SQE_MIXED, 0, ""},
	};
	int ret = try_ring(0);

	add(probe, "io-uring", "io_uring_setup(2)", true, ret, "");
	if (ret)
		return;
	add(probe, "ring-defer-taskrun", "rings: single-issuer and defer-taskrun", true,
	    try_ring(IOU_RING_LOOP_FLAGS), "");
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		const char *name = iou_ring_flag_name((unsigned int)__builtin_ctz(flags[i].flag));
		char id[64], what[64];

		snprintf(id, sizeof(id), "ring-%s", name);
		snprintf(what, sizeof(what), "rings: %s", name);
		add(probe, id, what, false,
		    try_ring(IOU_RING_LOOP_FLAGS | flags[i].flag | flags[i].with), flags[i].why);
	}
}
