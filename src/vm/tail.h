/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The last lines of what others write (the guest's console, QEMU's stderr), made safe to print. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define IOU_VM_TAIL_LINES 20
#define IOU_VM_TAIL_WIDTH 400

struct iou_vm_tail {
	int fd; /* owned; O_NONBLOCK; -1 at its end */
	char lines[IOU_VM_TAIL_LINES][IOU_VM_TAIL_WIDTH];
	size_t count;                    /* of all complete lines so far; the last ones are kept */
	char partial[IOU_VM_TAIL_WIDTH]; /* the line that is not complete yet */
	size_t partial_len;
	const char *watch;               /* the first line with this in it is kept for good */
	char watched[IOU_VM_TAIL_WIDTH]; /* empty: none came */
	bool cr;                         /* a note's line is to end in CR LF */
	void (*note)(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
};

/* Take in what there is to read now; at the end of file close the descriptor. */
void iou_vm_tail_read(struct iou_vm_tail *tail);

/* The newest line, or NULL. */
const char *iou_vm_tail_last(const struct iou_vm_tail *tail);

/* The kept lines after @title as one text, which the caller frees; NULL where there are none. */
char *iou_vm_tail_text(const struct iou_vm_tail *tail, const char *title);
