/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the author of a BPF io_uring loop includes.
 *
 * A loop is a function `static int step(struct iou_ring *ring)` and one IOU_LOOP() that names it.
 * The kernel calls it in place of io_uring_enter(2)'s own loop, again and again, until it returns
 * IOU_LOOP_STOP (io_uring/loop.c). A step submits requests, reads completions, and says with
 * iou_wait() what to sleep for before the next one.
 *
 *	IOU_PARAM_U64(count, 10, 1, 1000, "requests", "how many NOPs to send");
 *	IOU_PROGRESS(completed, count, "requests", "NOPs that came back");
 *
 *	static bool sent;
 *
 *	static __always_inline int step(struct iou_ring *ring)
 *	{
 *		struct io_uring_cqe *cqe = iou_cqe_peek(ring);
 *		struct io_uring_sqe *sqe;
 *
 *		if (sent && !cqe)
 *			return iou_wait(ring, 1);
 *		if (sent) {
 *			iou_cqe_seen(ring);
 *			completed++;
 *		}
 *		if (completed == count)
 *			return iou_done(ring);
 *		iou_batch_begin(ring);
 *		sqe = iou_batch_add(ring);
 *		if (!sqe)
 *			return IOU_FAIL(ring, 16, "the SQ is full");
 *		io_uring_prep_nop(sqe);
 *		if (iou_batch_submit(ring) != 1)
 *			return IOU_FAIL(ring, 5, "the kernel did not take a NOP");
 *		sent = true;
 *		return iou_wait(ring, 1);
 *	}
 *
 *	IOU_LOOP(hello, step, "sends NOPs", 8, 16);
 *
 * Everything a loop declares (parameters, statistics, its name) is a variable with a BTF
 * declaration tag, which is where iouctl reads it from.
 *
 * Compile with: clang -target bpf -g -O2 -mcpu=v3
 */
#pragma once

#include <iouctl/ring.bpf.h>
