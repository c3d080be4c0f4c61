/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What starter and guest say to each other over the virtio-serial port, and the link that carries
 * it. Both ends are the same binary on the same architecture, so structs travel as they are.
 *
 * Nobody ever waits to read the link: data of a stream is sent only against credit that its
 * receiver gave (IOU_VM_WINDOW to begin with, more as it delivers), so whatever arrives has room.
 * A stream that is blocked therefore holds up neither the others nor signals.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

#define IOU_VM_PROTOCOL 1
#define IOU_VM_PORT_NAME "iouctl.agent"
/* Bytes of a stream that may be under way. */
#define IOU_VM_WINDOW (256 * 1024)
#define IOU_VM_DATA_MAX (32 * 1024)
/* ARG_MAX is 2 MiB for arguments and environment together; START carries both. */
#define IOU_VM_FRAME_MAX (4 * 1024 * 1024)

enum iou_vm_frame_type {
	IOU_VM_HELLO = 1, /* guest: struct iou_vm_hello */
	IOU_VM_START,     /* starter: struct iou_vm_start_head and strings, see start.h */
	IOU_VM_DATA,      /* bytes of the channel */
	IOU_VM_CREDIT,    /* uint32_t: so many more bytes of the channel may come */
	IOU_VM_END,       /* starter: stdin ended */
	IOU_VM_CLOSE,     /* nobody reads the channel any more */
	IOU_VM_SIGNAL,    /* starter: int32_t */
	IOU_VM_WINSIZE,   /* starter: struct winsize */
	IOU_VM_EXIT,      /* guest: struct iou_vm_exit; no frame follows */
	IOU_VM_ERROR,     /* guest: struct iou_vm_failure; no frame follows */
};

struct iou_vm_frame {
	uint8_t type;
	uint8_t channel; /* STDIN_FILENO, STDOUT_FILENO or STDERR_FILENO */
	uint16_t zero;
	uint32_t length; /* of what follows */
};

struct iou_vm_hello {
	uint32_t protocol;
	char release[65];
};

struct iou_vm_exit {
	int32_t code;
	int32_t signal;
};

/* An error on its way from the guest or the supervisor to the starter. */
struct iou_vm_failure {
	int32_t cause;
	int32_t errnum;
	char message[768];
	char hint[512];
};

void iou_vm_failure_from(struct iou_vm_failure *failure, const struct iou_err *err);
/* Returns -errno. */
int iou_vm_failure_to(const struct iou_vm_failure *failure, struct iou_err *err);

struct iou_vm_buffer {
	char *data; /* owned */
	size_t size, at, end;
};

struct iou_vm_link {
	int fd; /* not owned; must be O_NONBLOCK */
	struct iou_vm_buffer in, out;
};

void iou_vm_link_release(struct iou_vm_link *link);

/* Queue a frame. -ENOMEM, -E2BIG. */
int iou_vm_link_send(struct iou_vm_link *link, enum iou_vm_frame_type type, int channel,
		     const void *data, size_t length);

/* Write what the other side takes now. -EPIPE when it is gone. */
int iou_vm_link_flush(struct iou_vm_link *link);

/* Read once. Bytes, -EAGAIN for none now, -EPIPE when the other side is gone. */
ssize_t iou_vm_link_fill(struct iou_vm_link *link);

/*
 * The next complete frame: 1 with @frame and @data, which is valid until the next call for this
 * link; 0 for none; -EPROTO.
 */
int iou_vm_link_next(struct iou_vm_link *link, struct iou_vm_frame *frame, const char **data);

size_t iou_vm_link_pending(const struct iou_vm_link *link);

/* Room for @more bytes behind buffer->end. -ENOMEM. */
int iou_vm_buffer_reserve(struct iou_vm_buffer *buffer, size_t more);
