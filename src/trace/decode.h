/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A traced SQE or CQE as a line of text. */
#pragma once

#include <iouctl/trace.h>
#include <stddef.h>
#include <stdint.h>

/* Long enough for any line. */
#define IOU_TRACE_LINE_MAX 512

/*
 * What @record says, without a newline: the time since @start_ns (CLOCK_MONOTONIC) in seconds, the
 * sequence number, "sqe" or "cqe", and what is set:
 *
 *	0.000123456 7 sqe READ fd=5 off=0 len=4096 addr=0x7f0012340000 user_data=0x1
 *	0.000234567 8 cqe user_data=0x1 res=-9 EBADF (Bad file descriptor)
 *
 * Of an SQE those fields are named that its opcode uses, and others where they are not 0.
 */
void iou_trace_decode(char *line, size_t size, const struct iou_trace_record *record,
		      uint64_t start_ns);
