/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a traced loop puts into its ring buffer. Included by <iouctl/loop.bpf.h>. */
#pragma once

#include <linux/types.h>

/* Of the ring buffer, in bytes: a power of two, and whole pages. */
#define IOU_TRACE_SIZE (16U << 20)

enum iou_trace_kind {
	IOU_TRACE_SQE = 1, /* submitted, and taken by the kernel */
	IOU_TRACE_CQE = 2, /* reaped */
};

struct iou_trace_record {
	__u64 time_ns;  /* CLOCK_MONOTONIC; of a submitted SQE: before the submission */
	__u64 sequence; /* counts SQEs and CQEs, from 0; one that is missing was lost */
	__u32 kind;     /* enum iou_trace_kind */
	__u32 reserved;
	__u64 data[8]; /* struct io_uring_sqe, or in its first half struct io_uring_cqe */
};
