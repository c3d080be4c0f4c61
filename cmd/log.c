// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "log.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/text.h"

enum iou_log_level iou_log_level = IOU_LOG_NORMAL;

/* What strangers named may be in it. */
static void line(const char *fmt, va_list ap)
{
	char text[2048], safe[4 * sizeof(text)];

	vsnprintf(text, sizeof(text), fmt, ap);
	fprintf(stderr, "iouctl: %s\n", iou_text_escape(safe, sizeof(safe), text));
}

void iou_note(const char *fmt, ...)
{
	va_list ap;

	if (iou_log_level < IOU_LOG_NORMAL)
		return;
	va_start(ap, fmt);
	line(fmt, ap);
	va_end(ap);
}

void iou_debug(const char *fmt, ...)
{
	va_list ap;

	if (iou_log_level < IOU_LOG_VERBOSE)
		return;
	va_start(ap, fmt);
	line(fmt, ap);
	va_end(ap);
}
