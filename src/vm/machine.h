/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A running micro-VM as the starter sees it: the supervisor, and what comes out of the others. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "vm/isolation.h"
#include "vm/tail.h"
#include "vm/tools.h"
#include "vm/vm.h"

struct iou_vm_plan {
	struct iou_vm_tools tools;
	enum iou_vm_accel accel; /* not AUTO */
	unsigned int cpus;
	uint64_t memory;           /* bytes */
	const char *append;        /* the kernel's command line, without what names its init */
	const char *const *shares; /* real paths */
	size_t shares_nr;
	const int *disks; /* file descriptors, see disks.h */
	size_t disks_nr;
	int kernel;  /* file descriptors, opened in the starter's view of the file system */
	int program; /* this program's binary, */
	const char *program_path; /* and where it lies */
};

struct iou_vm_machine {
	pid_t supervisor; /* 0: none */
	enum iou_vm_isolation isolation;
	int control; /* SOCK_SEQPACKET: struct iou_vm_report; at its end all are gone */
	int agent;   /* what QEMU joins to the guest's port; O_NONBLOCK */
	struct iou_vm_tail console, qemu, virtiofsd;
};

/*
 * Start it, with the first kind of isolation that this process may have. 0, or -errno with @err.
 * Says nothing yet of whether QEMU could start: iou_vm_machine_report().
 */
int iou_vm_machine_start(struct iou_vm_machine *machine, const struct iou_vm_plan *plan,
			 struct iou_err *err);

/* Kill all of it and wait for the last process. The tails keep their text. Idempotent. */
void iou_vm_machine_stop(struct iou_vm_machine *machine);

/*
 * To be called when there is something to read on ->control, which there is only when the VM is
 * no more or never came to be. Fills in @err and returns -errno.
 */
int iou_vm_machine_report(struct iou_vm_machine *machine, struct iou_err *err);
