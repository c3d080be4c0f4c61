/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The starter's own stdin, stdout and stderr. They are shared with whoever started it, so their
 * file descriptions are left as they are: in particular none is made O_NONBLOCK, and yet no write
 * may block, since signals have to be heard meanwhile.
 */
#pragma once

#include "vm/start.h"
#include "vm/stream.h"

struct iou_vm_host_streams {
	bool terminal[3];
	struct iou_vm_source in;
	struct iou_vm_sink out[2]; /* stdout, stderr */
	int reopened[2];           /* owned */
	int64_t in_retry_ms;       /* not to be read before, on CLOCK_MONOTONIC */
};

void iou_vm_host_streams_init(struct iou_vm_host_streams *streams);
void iou_vm_host_streams_release(struct iou_vm_host_streams *streams);

/* The size of the window, of whichever stream has one. */
void iou_vm_host_winsize(const struct iou_vm_host_streams *streams, struct winsize *size);

/* There is something to read on stdin: send it, or END. 0 or -ENOMEM. */
int iou_vm_host_read(struct iou_vm_host_streams *streams, struct iou_vm_link *link, bool hangup,
		     int64_t now_ms);
