/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The search path of loops: the directories of $IOUCTL_LOOP_PATH, then iouctl/loops in
 * $XDG_DATA_HOME (~/.local/share) and in each of $XDG_DATA_DIRS (/usr/local/share:/usr/share). In
 * a directory the loop NAME is the file NAME.bpf.o, else NAME.o.
 *
 * Under AT_SECURE (set-user-ID, file capabilities) there is no search path. Root takes nothing from
 * a directory that others can write or own, and no such file.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct iou_path_loop {
	char *name;
	char *path; /* of its file */
};

struct iou_path_loops {
	struct iou_path_loop *list;
	size_t nr;
};

/* Whether a loop on the search path may have this name: [a-z0-9_-]{1,32}. */
bool iou_path_name_fits(const char *name);

/* Whether there is no search path, for this is AT_SECURE. */
bool iou_path_is_off(void);

/*
 * Open the file of the loop @name: a descriptor, and its path, to be freed. -ENOENT where there is
 * none, with @err as it was. Stage "open"; causes PERMISSION (refused, or not readable), FAILED.
 */
int iou_path_open(const char *name, int *fd, char **path, struct iou_err *err);

/*
 * All loops of the search path, by name, without those that are hidden by an earlier one or by a
 * built-in; whether they can be opened is not looked at. -ENOMEM.
 */
int iou_path_list(struct iou_path_loops *loops);

void iou_path_loops_release(struct iou_path_loops *loops);
