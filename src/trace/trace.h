/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a traced loop says of its SQEs and CQEs, read while it runs and written as lines. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/err.h"
#include "loop/loop.h"

struct iou_trace;

/*
 * Read the trace of @loop, which is loaded and was told to be traced, and write it to @file (the
 * caller's). Times are written as since this call. Stage "run", cause FAILED: ENOMEM and what
 * epoll_create1(2) says.
 */
int iou_trace_open(struct iou_trace **out, const struct iou_loop *loop, FILE *file,
		   struct iou_err *err);

/*
 * Write, and flush, what has come since the last call, but no more than a few milliseconds' worth:
 * true where there may be more. From one thread at a time. What is missing of the sequence is said
 * where it is missing.
 */
bool iou_trace_consume(struct iou_trace *trace);

/* How many SQEs and CQEs were written, and how many were lost. */
void iou_trace_count(const struct iou_trace *trace, uint64_t *written, uint64_t *lost);

/* NULL is accepted. */
void iou_trace_free(struct iou_trace *trace);
