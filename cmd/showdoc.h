/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What 'iouctl show' prints of a loop. */
#pragma once

#include "loop/loop.h"
#include "render/render.h"

/*
 * What is in the object, as the document iouctl.show/1; with @chosen only what belongs to the loop
 * that was opened, where there are several. Never NULL for want of anything but memory.
 */
struct iou_doc *iou_showdoc_new(const struct iou_loop *loop, const struct iou_image *image,
				bool chosen);
