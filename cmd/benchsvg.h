/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A chart of what iouctl bench measured. */
#pragma once

#include "benchdoc.h"

/* Bars, for a page that is light or dark. Written whole or not at all: see iou_file_write(). */
int iou_benchsvg_write(const struct iou_benchdoc *what, const char *path, struct iou_err *err);
