/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A loop that stays bound without a process that holds it: a directory in a BPF file system, for
 * its owner alone, with
 *
 *	link          the loop is on its ring as long as this, or what was opened of it, is there
 *	wake          the program that wakes the target (policies)
 *	meta, object  iouctl's own: see meta/meta.h and attach/carry.h
 *	maps/NAME     the object's maps
 */
#pragma once

#include "base/err.h"
#include "loop/loop.h"

/*
 * Before load: make the directory @path, whose parent must be there, or take an empty one. Stage
 * "pin". Causes: USAGE (not in a BPF file system, not empty), PERMISSION, FAILED.
 */
int iou_pin_prepare(const char *path, struct iou_err *err);

/* Pin the attached loop, and what goes with it. What fails leaves nothing. */
int iou_pin(const struct iou_loop *loop, const char *path, int meta_fd, int object_fd,
	    struct iou_err *err);

/* A descriptor for what is pinned there: "link", "wake", "meta", "object"; or a map. -errno. */
int iou_pin_get(const char *path, const char *name);
int iou_pin_get_map(const char *path, const char *map);

/* Remove the pins and the directory: what is not there is no failure. 0 or -errno. */
int iou_pin_remove(const char *path);
