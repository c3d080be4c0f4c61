/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The disks in the guest. */
#pragma once

#include <stdint.h>

#include "base/err.h"

/*
 * Wait for @nr disks and make a link to each, /dev/disk0 for the first: the kernel looks for all of
 * them at a time, so that its own numbers may not be in their order. 0 or -errno with @err.
 */
int iou_vm_guest_link_disks(uint32_t nr, struct iou_err *err);

/* Take off the file systems on disks that the command left mounted, so that they are clean. */
void iou_vm_guest_unmount_disks(void);
