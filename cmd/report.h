/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a command prints at its end: its document, or why there is none. */
#pragma once

#include "base/err.h"
#include "render/render.h"

/*
 * Report @err, once, and release it: a message on standard error, or with JSON an
 * iouctl.error/1 document on standard output. Returns the exit code.
 */
int iou_report_error(struct iou_err *err, enum iou_format format);

/*
 * Print @doc on standard output (not freed) and return @code, or the exit code of a failure to
 * write it, which is reported.
 */
int iou_report_doc(const struct iou_doc *doc, enum iou_format format, int code);

/* Flush standard output; what could not be written is a failure. @code, or IOU_EXIT_FAILED. */
int iou_report_flush(int code);
