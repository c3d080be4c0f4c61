/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * VAR=VALUE for variables of an object that declares no parameters. Beside what iou_loop_set()
 * takes, a value may be made here:
 *
 *	@ring.FIELD            a field of struct io_uring_params, as the kernel filled it in
 *	@ring.fd               the ring's file descriptor
 *	@open:PATH[:MODE...]   a file descriptor; MODE is r, w, rw, create or direct
 *	@buf:SIZE              the address of a page-aligned buffer of zeroes
 *	@@TEXT                 @TEXT itself
 */
#pragma once

#include <stddef.h>

#include "base/err.h"
#include "loop/loop.h"
#include "ring/ring.h"

/* Files and buffers that were made for a loop; it uses them until its ring is gone. */
struct iou_held {
	struct iou_held_one *list;
	size_t nr;
};

/*
 * Set all @nr of @sets, in order, and keep in @held what they made; also on failure. Without a
 * @ring nothing is set: that only finds what is wrong with them. Without @held no file is opened
 * and no buffer made: for a loop that is only verified. Causes: USAGE (stage "usage",
 * also for a file that is not there), PERMISSION and FAILED (stage "open": the file, the buffer).
 */
int iou_sets_apply(const char *const *sets, size_t nr, struct iou_loop *loop,
		   const struct iou_ring *ring, struct iou_held *held, struct iou_err *err);

/* The run begins: empty the files that were to be made anew. Stage "open", cause FAILED. */
int iou_held_begin(struct iou_held *held, struct iou_err *err);

/* After the ring is gone. Where the run did not begin, files that were made for it go again. */
void iou_held_release(struct iou_held *held);

/*
 * Fill in what loops without our header call the ring's sizes and offsets (cq_entries,
 * cq_head_offset, ...), where they have it as constants.
 */
void iou_set_known_names(struct iou_loop *loop, const struct io_uring_params *params);
