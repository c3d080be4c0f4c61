/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The source of a loop to begin with: bpf/template.bpf.c.in under a name of the user's. */
#pragma once

#include "base/err.h"

/*
 * Whether a loop may be called @name: [a-z0-9_-]{1,32} from a letter on, no built-in's name, and,
 * with underscores for its dashes, nothing else in C. 0, or -EINVAL with stage and cause "usage".
 */
int iou_scaffold_check(const char *name, struct iou_err *err);

/* The source of a loop called @name. To be freed; NULL for no memory. */
char *iou_scaffold_text(const char *name);

/* Make the file @path, which must not be there, with @text. Stage "output"; leaves nothing behind
 * when it fails. */
int iou_scaffold_write(const char *path, const char *text, struct iou_err *err);
