/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The starter's own stdin, stdout and stderr. They are shared with whoever started it, so their
 * file descriptions are left as they are: in particular none is made O_NONBLOCK, and yet no write
 * may block, since signals have to be heard meanwhile.
 */
#pragma once

#include <termios.h>

#include "vm/start.h"
#include "vm/stream.h"

/* ^] */
#define IOU_VM_ESCAPE '\x1d'

struct iou_vm_host_streams {
	bool terminal[3];
	struct iou_vm_source in;
	struct iou_vm_sink out[2]; /* stdout, stderr */
	int reopened[2];           /* owned */
	int64_t in_retry_ms;       /* not to be read before, on CLOCK_MONOTONIC */
	bool interactive;          /* the terminal may be the guest's, see start.h */
	bool raw;                  /* it is now */
	struct termios settings;   /* as they were */
	int64_t escapes_ms[2];     /* when the last escape characters came */
	bool escaped;              /* the user wants out */
};

/* @interactive: hand the terminal over, if stdin and stdout are one. */
void iou_vm_host_streams_init(struct iou_vm_host_streams *streams, bool interactive);
void iou_vm_host_streams_release(struct iou_vm_host_streams *streams);

/*
 * Hand the terminal over to the guest, and take it back as it was. Neither does anything where
 * there is nothing to do, or while the terminal is another job's. The first says whether it did.
 */
bool iou_vm_host_terminal_give(struct iou_vm_host_streams *streams);
void iou_vm_host_terminal_take(struct iou_vm_host_streams *streams);

/* The size of the window, of whichever stream has one. */
void iou_vm_host_winsize(const struct iou_vm_host_streams *streams, struct winsize *size);

/* Whether to poll for input. */
bool iou_vm_host_wants(const struct iou_vm_host_streams *streams, const struct iou_vm_link *link);

/*
 * There is something to read on stdin: send it, or END. 0 or -ENOMEM. Three IOU_VM_ESCAPE within a
 * second, on a terminal that was handed over, set ->escaped.
 */
int iou_vm_host_read(struct iou_vm_host_streams *streams, struct iou_vm_link *link, bool hangup,
		     int64_t now_ms);
