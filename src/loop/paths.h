/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Lists of paths as people write them: "a,b,c", in which "\," and "\\" are a comma and a backslash
 * of a name; or "@LIST", a file with a path on each line ("@-": standard input), or with a NUL
 * behind each, as find -print0 writes them.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

#define IOU_PATHS_MAX 4096

/* Bytes that a path has in the loop's memory, with its NUL: PATH_MAX. */
#define IOU_PATH_STRIDE 4096

struct iou_path_list {
	char *text; /* @nr strings, one behind the other; to be freed */
	size_t nr;
};

/*
 * Read what parameter @name was set to. A list that is a file is opened only if @open says so, else
 * *@list is left alone. Stages "usage" (the form: an empty name, too long a name, too many) and
 * "open" (the file); causes USAGE, PERMISSION, FAILED.
 */
int iou_path_list_read(struct iou_path_list *list, const char *name, const char *text, bool open,
		       struct iou_err *err);

void iou_path_list_release(struct iou_path_list *list);
