/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The document of an attached loop: iouctl.attach/1. There is one for each ring. */
#pragma once

#include "attach/attach.h"
#include "base/err.h"
#include "dump/dump.h"
#include "render/render.h"

struct iou_attachdoc {
	const struct iou_bound *bounds;
	size_t nr;
	const struct iou_dump_config *dump;
	enum iou_format format;
	const char *pin; /* where it is pinned, or NULL */
	bool dry_run;
};

/* A tick of iou_hold(): print how things stand. @data is a struct iou_attachdoc. */
void iou_attachdoc_tick(void *data, uint64_t elapsed_ns);

/* Print it, and return @code, or the exit code of a failure, which is reported. */
int iou_attachdoc_print(const struct iou_attachdoc *print, int code, struct iou_err *err);
