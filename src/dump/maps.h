/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Maps, with what is in those whose entries can be read without changing them. */
#pragma once

#include "dump/value.h"
#include "loop/loop.h"

/* Entries of a map, unless all is asked for. */
#define IOU_DUMP_ENTRIES 64

/* Add to @maps all maps that were made, less data sections and our header's own. */
void iou_dump_maps(struct iou_dump *dump, struct iou_doc *maps, const struct iou_loop *loop);
