/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The file systems of the guest, built in a mount namespace that nobody else has: a clone of the
 * host's tree, read-only with all its submounts, and the shares. Everything is below /run, over
 * which a tmpfs is mounted in that namespace.
 */
#pragma once

#include <stddef.h>

#include "base/err.h"

#define IOU_VM_ROOT "/run/root"
/* Where the guest finds this program. */
#define IOU_VM_INIT "/run/iouctl"

/*
 * Build it all. The caller is alone in its mount namespace. @program is this program's binary;
 * @shares are real paths. 0 or -errno with @err, whose cause is IOU_CAUSE_VM.
 */
int iou_vm_guestroot_build(int program, const char *const *shares, size_t shares_nr,
			   struct iou_err *err);

/* Where share number @nr is mounted: fills in and returns @buf. */
char *iou_vm_share_path(char *buf, size_t size, size_t nr);
