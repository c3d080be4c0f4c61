/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The starter's part while a VM runs: from its first message to the command's end. */
#pragma once

#include "vm/hoststreams.h"
#include "vm/machine.h"
#include "vm/signals.h"
#include "vm/vm.h"

struct iou_vm_dialog {
	struct iou_vm_machine machine;
	struct iou_vm_link link;
	struct iou_vm_host_streams *streams;
	struct iou_vm_signals *signals;
	const char *start; /* the START frame's payload */
	size_t start_length;
	uint64_t timeout_ns; /* for the message */
	int64_t deadline_ms; /* on CLOCK_MONOTONIC; 0: none */
	int64_t boot_ms;     /* how long the boot may take */

	/* Its outcome */
	bool hello;       /* the guest came up */
	bool interrupted; /* a signal or the timeout ended it, not a failure of its own */
	bool ended;       /* the command ended, as @result says */
	struct iou_vm_result result;
	unsigned int signals_nr; /* forwarded */
};

/* 0 with dialog->result filled in, or -errno with @err. The machine is stopped in any case. */
int iou_vm_dialog_run(struct iou_vm_dialog *dialog, struct iou_err *err);

void iou_vm_dialog_release(struct iou_vm_dialog *dialog);
