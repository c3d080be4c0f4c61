/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A stream of the command has a source at one end of the link, where bytes are read, and a sink
 * at the other, where they are written. Used by the starter and by the guest.
 */
#pragma once

#include "vm/proto.h"

struct iou_vm_source {
	int fd;      /* not owned; -1: nothing to read from */
	int channel; /* -1: what is read is dropped */
	bool ended;
	uint32_t credit;
};

/* Whether to poll for input: there is credit, and the link is not choked already. */
bool iou_vm_source_wants(const struct iou_vm_source *source, const struct iou_vm_link *link);

/*
 * Read once into @link. Bytes, 0 at the end (also an error: a pty of which all slaves are closed
 * says EIO), -EAGAIN, -ENOMEM. Sets source->ended, and says nothing of it to the other side.
 */
ssize_t iou_vm_source_read(struct iou_vm_source *source, struct iou_vm_link *link);

struct iou_vm_sink {
	int fd; /* not owned */
	int channel;
	size_t chunk; /* the most that one write() takes; 0: no limit */
	bool socket;  /* send(MSG_DONTWAIT), since the descriptor may be a blocking one */
	bool ended;   /* nothing more comes */
	bool closed;  /* nobody reads: what comes is dropped */
	int errnum;   /* why it is closed */
	struct iou_vm_buffer queue;
};

void iou_vm_sink_release(struct iou_vm_sink *sink);

/* A DATA frame came. -EPROTO for more than the credit that was given. */
int iou_vm_sink_push(struct iou_vm_sink *sink, struct iou_vm_link *link, const char *data,
		     size_t length);

size_t iou_vm_sink_pending(const struct iou_vm_sink *sink);

/* Write what goes and give credit for it; on an error send CLOSE. 0 or -ENOMEM. */
int iou_vm_sink_write(struct iou_vm_sink *sink, struct iou_vm_link *link);
