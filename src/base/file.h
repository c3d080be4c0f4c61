/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a command writes beside its output. */
#pragma once

#include <stddef.h>

#include "base/err.h"

/*
 * Make @size bytes the file @path, as a whole or not at all; what a symbolic link leads to is
 * replaced, not the link. A device or a pipe is written to. Stage "output"; cause USAGE where there
 * can be no such file.
 */
int iou_file_write(const char *path, const void *data, size_t size, struct iou_err *err);
