/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The process between the starter and the VM's programs; see vm.h. */
#pragma once

#include "vm/machine.h"
#include "vm/proto.h"

enum iou_vm_report_kind {
	IOU_VM_REPORT_READY,  /* the first one: all is prepared, the programs are started next */
	IOU_VM_REPORT_FAILED, /* ->failure says why; before READY, nothing was started */
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
	enum iou_vm_isolation isolation;
	const char *denied; /* why it is not a better one */
	uid_t uid;          /* the starter's */
	gid_t gid;
	int control, agent, console, qemu_log, virtiofsd_log;
};

void iou_vm_supervisor_main(const struct iou_vm_supervisor *supervisor) __attribute__((noreturn));
