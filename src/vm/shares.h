/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The directories that the guest may write. */
#pragma once

#include <stddef.h>

#include "base/err.h"

struct iou_vm_shares {
	char **paths; /* real, each once, a directory before those below it; NULL-terminated */
	size_t nr;
};

/* 0, or -errno with @err (IOU_CAUSE_USAGE) for what is no directory or the guest's own. */
int iou_vm_shares_resolve(struct iou_vm_shares *shares, const char *const *wanted, size_t nr,
			  struct iou_err *err);
void iou_vm_shares_release(struct iou_vm_shares *shares);
