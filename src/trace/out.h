/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Lines for a file descriptor that may be a pipe which nobody reads: who writes them has signals
 * and time to look after, and never waits.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct iou_out {
	int fd; /* the caller's */
	char *buffer;
	size_t at, length; /* what is in it: from, how much */
	int errnum;        /* of the first write that failed, or 0 */
};

/* 0 or -ENOMEM. */
int iou_out_init(struct iou_out *out, int fd);
void iou_out_release(struct iou_out *out);

/* Whether a line of at most @length bytes can be put. */
bool iou_out_has_room(const struct iou_out *out, size_t length);

void iou_out_put(struct iou_out *out, const char *text, size_t length);

/* Write what can be written at once; after @patience_ms without being able to, it gives up (-1:
 * never). Whether all is written, or nothing more can be. */
bool iou_out_flush(struct iou_out *out, int patience_ms);
