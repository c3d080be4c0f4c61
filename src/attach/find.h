/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which rings of a process are meant. */
#pragma once

#include <stddef.h>

#include "attach/target.h"

struct iou_targets {
	struct iou_target *list;
	size_t nr;
};

/*
 * Take the rings of @pid that @which names: a descriptor; "auto", its only ring; "all". With 0 for
 * @pid, those that this process was started with. Stage "target", errors as iou_target_take();
 * USAGE as well where "auto" finds none (ENOENT) or several (EINVAL).
 */
int iou_targets_find(struct iou_targets *targets, pid_t pid, const char *which,
		     struct iou_err *err);

void iou_targets_release(struct iou_targets *targets);
