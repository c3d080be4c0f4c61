/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The process between the starter and the VM's programs; see vm.h. */
#pragma once

#include "vm/machine.h"
#include "vm/proto.h"

enum iou_vm_report_kind {
	IOU_VM_REPORT_FAILED, /* nothing was started; ->failure says why */
	IOU_VM_REPORT_QEMU_ENDED,
	IOU_VM_REPORT_VIRTIOFSD_ENDED,
};

struct iou_vm_report {
	enum iou_vm_report_kind kind;
	int status; /* as of waitpid() */
	struct iou_vm_failure failure;
};

struct iou_vm_supervisor {
	const struct iou_vm_plan *plan;
	int control, agent, console, qemu_log, virtiofsd_log;
};

void iou_vm_supervisor_main(const struct iou_vm_supervisor *supervisor) __attribute__((noreturn));
