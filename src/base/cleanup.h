/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Scoped ownership: what a variable owns is released when it leaves its scope, unless it was
 * handed on with TAKE_PTR() or TAKE_FD(). File descriptors that own nothing are -1.
 */
#pragma once

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define IOU_CLEANUP(fn) __attribute__((cleanup(fn)))

#define TAKE_PTR(p)                        \
	({                                 \
		__typeof__(p) taken = (p); \
		(p) = NULL;                \
		taken;                     \
	})

#define TAKE_FD(fd)               \
	({                        \
		int taken = (fd); \
		(fd) = -1;        \
		taken;            \
	})

/* Close @fd if it is one; errno stays what it was. */
static inline void iou_close(int fd)
{
	int saved = errno;

	if (fd >= 0)
		close(fd);
	errno = saved;
}

static inline void iou_closep(int *fd)
{
	iou_close(*fd);
}

static inline void iou_freep(void *p)
{
	free(*(void **)p);
}

static inline void iou_fclosep(FILE **f)
{
	if (*f)
		fclose(*f);
}

#define IOU_CLOSE IOU_CLEANUP(iou_closep)
#define IOU_FREE IOU_CLEANUP(iou_freep)
#define IOU_FCLOSE IOU_CLEANUP(iou_fclosep)

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
