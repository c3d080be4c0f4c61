/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* In the guest: what PID 1 sets up before the command can run. */
#pragma once

#include "base/err.h"

/* The guest's own file systems, loopback interface, host name. 0 or -errno with @err. */
int iou_vm_guest_mount(struct iou_err *err);

/* Mount the shares at their paths on the host. */
int iou_vm_guest_mount_shares(char *const *shares, struct iou_err *err);

/* Write back what the shares still hold, which unmounting waits for. */
void iou_vm_guest_unmount_shares(char *const *shares);
