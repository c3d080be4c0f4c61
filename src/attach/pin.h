/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A loop that stays bound without a process that holds it: a directory in a BPF file system, for
 * its owner alone, with
 *
 *	link          the loop is on its ring as long as this, or what was opened of it, is there
 *	meta, object  iouctl's own: see meta/meta.h and attach/carry.h
 *	maps/NAME     the object's maps
 */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "loop/loop.h"

/*
 * Before load: make the directory @path, whose parent must be there, or take an empty one that is
 * its owner's alone, and nothing's mount point. *@made: it was made. Stage "pin". Causes: USAGE
 * (not in a BPF file system, not empty, not ours alone), PERMISSION, FAILED.
 */
int iou_pin_prepare(const char *path, bool *made, struct iou_err *err);

/* Before it is bound: pin what goes with the loop, which binds nothing. Stage "pin". */
int iou_pin(const struct iou_loop *loop, const char *path, int meta_fd, int object_fd,
	    struct iou_err *err);

/* Pin the loop that is bound: from now on it stays. */
int iou_pin_link(const struct iou_loop *loop, const char *path, struct iou_err *err);

/* What was prepared is not needed: remove what was pinned in it, and, if it was @made, itself. */
void iou_pin_undo(const char *path, bool made);

/* A descriptor for what is pinned there: "link", "meta", "object"; or a map. -errno. */
int iou_pin_get(const char *path, const char *name);
int iou_pin_get_map(const char *path, const char *map);

/*
 * Remove the pins that iouctl makes, and the directory, unless something else is in it: what is not
 * there is no failure. Nothing but pins is removed, and no symbolic link is followed. 0 or -errno.
 */
int iou_pin_remove(const char *path);
