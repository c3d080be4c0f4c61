/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The object travels with the loop: its bytes are in a map that is bound to the loop's program, so
 * that another iouctl can read the loop's variables by the names and types that its author gave
 * them, without the file.
 */
#pragma once

#include "base/err.h"
#include "loop/image.h"
#include "meta/meta.h"

/* The map's name. */
#define IOU_CARRY_MAP "iouctl_object"

/* Tie the bytes of @image to the program. *@map_fd is the map's. Stage "attach", cause FAILED. */
int iou_carry_bind(int prog_fd, const struct iou_image *image, int *map_fd, struct iou_err *err);

/*
 * The object in the map, called as @meta says; it is as good as any file that one was given.
 * -ENOENT where it is not such a map, with stage "open" and cause REJECTED as of others.
 */
int iou_carry_read(struct iou_image *image, int map_fd, const struct iou_meta *meta,
		   struct iou_err *err);
