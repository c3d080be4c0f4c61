/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* How the supervisor starts virtiofsd, once for each file system, and QEMU. */
#pragma once

#include "vm/supervisor.h"

/*
 * All are children of the caller, and die with it. 0 or -errno with @err. What was started by then,
 * and the sockets between them, are left to the end of the caller.
 */
int iou_vm_programs_start(const struct iou_vm_supervisor *supervisor, pid_t *qemu,
			  struct iou_err *err);
