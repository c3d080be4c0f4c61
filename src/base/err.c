// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int iou_err_set(struct iou_err *err, enum iou_cause cause, const char *stage, int errnum,
		const char *fmt, ...)
{
	va_list ap;

	if (err) {
		iou_err_release(err);
		err->cause = cause;
		err->stage = stage;
		err->errnum = errnum;
		va_start(ap, fmt);
		vsnprintf(err->message, sizeof(err->message), fmt, ap);
		va_end(ap);
	}
	return errnum ? -errnum : -EINVAL;
}

void iou_err_hint(struct iou_err *err, const char *fmt, ...)
{
	va_list ap;

	if (!err)
		return;
	va_start(ap, fmt);
	vsnprintf(err->hint, sizeof(err->hint), fmt, ap);
	va_end(ap);
}

void iou_err_detail(struct iou_err *err, char *detail)
{
	if (!err) {
		free(detail);
		return;
	}
	free(err->detail);
	err->detail = detail;
}

void iou_err_release(struct iou_err *err)
{
	free(err->detail);
	memset(err, 0, sizeof(*err));
}

const char *iou_errno_name(int errnum)
{
	const char *name = strerrorname_np(errnum);

	return name ?: "UNKNOWN";
}
