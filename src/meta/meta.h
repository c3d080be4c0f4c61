/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What iouctl ties to a loop that it binds to another program's ring, so that whoever finds the
 * loop later knows what it is: a frozen map of one value, bound to the loop's program, which lives
 * as long as that. Its BTF calls the variables bpf_metadata_…, so that 'bpftool prog show' prints
 * them (where the program has no .rodata of its own before it: bpftool takes the first).
 *
 * Anybody who may load programs can write such a map: what is read is a claim, and its text may
 * hold anything.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct iou_meta {
	char loop[64];     /* the loop's name */
	char source[256];  /* "built-in", or the path of its object */
	char ops[64];      /* which loop of the object it is */
	char version[32];  /* iouctl's, that bound it */
	int32_t pid;       /* of the target, as the process that bound it saw it */
	int32_t ring_fd;   /* the target's number for the ring, or -1 */
	uint64_t ring_ino; /* the inode of the ring's file, or 0 */
	int32_t holder;    /* pid of the iouctl that holds the link, or 0: it is pinned */
	uint64_t since_ns; /* CLOCK_REALTIME */
};

/*
 * Tie @meta to the program @prog_fd, before or after its loop is bound. *@map_fd, which may be
 * pinned or closed, is the map's. Stage "attach"; causes PERMISSION and FAILED.
 */
int iou_meta_bind(int prog_fd, const struct iou_meta *meta, int *map_fd, struct iou_err *err);

/* What is in the map, such as one that was pinned. -ENOENT: it is not such a map. Strings are
 * terminated. */
int iou_meta_of_map(int map_fd, struct iou_meta *meta);

/* ---- For who reads a map's value by other means ---- */

/* Its name, in which bpftool looks for ".rodata", and how large its value is. */
#define IOU_META_MAP "iouctl.rodata"
#define IOU_META_SIZE 456

/* Read a value of @size bytes, anybody's: 0 or -ENOENT. */
int iou_meta_decode(const void *value, size_t size, struct iou_meta *meta);
