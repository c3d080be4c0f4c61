/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* 'run --trace': where the trace is written, and how it ends. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/err.h"
#include "trace/trace.h"

struct iou_tracing {
	const char *path; /* NULL: standard error */
	FILE *file;
	struct iou_trace *trace;
};

/*
 * Open the file, before the run is prepared. Stage "usage" or "open"; what it made is released by
 * iou_tracing_release(), also on failure.
 */
int iou_tracing_open_file(struct iou_tracing *tracing, struct iou_err *err);

/* Write what is left when the run is over. Stage "run", cause FAILED: it could not be written. */
int iou_tracing_finish(struct iou_tracing *tracing, struct iou_err *err);

void iou_tracing_release(struct iou_tracing *tracing);
