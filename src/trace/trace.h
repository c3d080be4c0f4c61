/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a traced loop says of its SQEs and CQEs, read while it runs and written as lines. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "loop/loop.h"

struct iou_trace;

/*
 * Read the trace of @loop, which is loaded and was told to be traced, and write it to @fd (the
 * caller's), which may be a pipe that nobody reads. Times are written as since this call. Stage
 * "run", cause FAILED: ENOMEM and what epoll_create1(2) says.
 */
int iou_trace_open(struct iou_trace **out, const struct iou_loop *loop, int fd,
		   struct iou_err *err);

/*
 * Write what has come since the last call, as far as that can be done at once, and no more than a
 * few milliseconds' worth: true where there may be more. From one thread at a time. What is missing
 * of the sequence is said where it is missing.
 */
bool iou_trace_consume(struct iou_trace *trace);

/*
 * The run is over: write all that is left. 0, -errno of what could not be written, or -ETIMEDOUT
 * when it could not go on for @patience_ms (-1: it waits for ever).
 */
int iou_trace_finish(struct iou_trace *trace, int patience_ms);

/* How many SQEs and CQEs were written, and how many were lost. */
void iou_trace_count(const struct iou_trace *trace, uint64_t *written, uint64_t *lost);

/* NULL is accepted. */
void iou_trace_free(struct iou_trace *trace);
