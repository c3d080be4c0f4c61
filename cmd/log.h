/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Messages on standard error that are not errors. Only cmd/ logs: the layers below it return what
 * they have to say.
 */
#pragma once

enum iou_log_level {
	IOU_LOG_QUIET = -1, /* errors only */
	IOU_LOG_NORMAL = 0, /* errors and notes */
	IOU_LOG_VERBOSE = 1,
};

extern enum iou_log_level iou_log_level;

/* A line on standard error, "iouctl: " before it, unless quiet. What could harm a terminal is
 * escaped. */
void iou_note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* The same, only when verbose. */
void iou_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
