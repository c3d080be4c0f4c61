/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The document of a run: iouctl.run/1. */
#pragma once

#include "base/err.h"
#include "dump/dump.h"
#include "render/render.h"
#include "session/session.h"
#include "trace/trace.h"

/*
 * Print what @run was, with the statistics, variables and maps of its loop as they are now, and
 * what of @trace (NULL: none) is over. Returns an exit code, that of a failure to read or to print
 * them (reported) or else the run's.
 */
int iou_rundoc_print(const struct iou_session *session, const struct iou_run *run,
		     const struct iou_dump_config *dump, const struct iou_trace *trace,
		     enum iou_format format, struct iou_err *err);
