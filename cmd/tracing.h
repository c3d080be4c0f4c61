/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* 'run --trace': where the trace is written, and how it ends. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "trace/trace.h"

struct iou_tracing {
	const char *path; /* NULL: standard error */
	int fd;
	struct iou_trace *trace;
};

#define IOU_TRACING_INIT     \
	(struct iou_tracing) \
	{                    \
		.fd = -1     \
	}

/*
 * Open the file, and trace @loop into it, just before it runs. Stage "open" or "run"; what it made
 * is released by iou_tracing_release(), also on failure.
 */
int iou_tracing_open(struct iou_tracing *tracing, const struct iou_loop *loop, struct iou_err *err);

/*
 * Write what is left when the run is over; of one that was @stopped, only while somebody reads it.
 * Stage "run", cause FAILED: it could not be written.
 */
int iou_tracing_finish(struct iou_tracing *tracing, bool stopped, struct iou_err *err);

void iou_tracing_release(struct iou_tracing *tracing);
