/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The files and block devices that the guest has as disks. */
#pragma once

#include <stddef.h>

#include "base/err.h"

struct iou_vm_disks {
	int *fds; /* open for reading and writing, and locked; in the order of the command line */
	size_t nr;
};

/*
 * Open @paths and lock them, as QEMU does, so that no two guests write one disk. 0, or -errno with
 * @err: IOU_CAUSE_USAGE for what cannot be opened or is no disk, IOU_CAUSE_VM for what is in use.
 * The locks go with the last descriptor: the caller's, or that of the QEMU that got it.
 */
int iou_vm_disks_open(struct iou_vm_disks *disks, const char *const *paths, size_t nr,
		      struct iou_err *err);
void iou_vm_disks_release(struct iou_vm_disks *disks);
