/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Parameters for people and for programs: what they are, and what they may be. */
#pragma once

#include "loop/loop.h"
#include "render/doc.h"

/* Room for the longest of the texts below: all words of a choice. */
#define IOU_PARAM_TEXT_MAX 2560

/*
 * What @param may be: "1 to 64", "1 or more", "yes or no", "one, two, three"; "" for resources.
 * Returns @buf.
 */
char *iou_param_values_text(char *buf, size_t size, const struct iou_decl *param);

/*
 * What @param is unless it is set: "64 KiB", "yes", "depth x 2 * bs", "none" for what may be left
 * out; "" for what must be set.
 * Returns @buf.
 */
char *iou_param_default_text(char *buf, size_t size, const struct iou_loop *loop,
			     const struct iou_decl *param);

/*
 * The value that @param has now, as a field of @in: a number, a boolean, a string, or an array of
 * words. NULL where it
 * has none.
 */
struct iou_doc *iou_param_add_value(struct iou_doc *in, const char *key, const char *label,
				    const struct iou_loop *loop, const struct iou_decl *param);
