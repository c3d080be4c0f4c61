/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the files of this layer share. */
#pragma once

#include "meta/meta.h"

struct btf;

/* The map's value. By its format it is known without BTF, which only CAP_SYS_ADMIN may read. */
struct iou_meta_value {
	char format[8];
	struct iou_meta meta;
};

_Static_assert(sizeof(struct iou_meta_value) == IOU_META_SIZE, "the layout is part of the format");

/* The number changes with the layout. */
#define META_FORMAT "iouctl1"

/* The BTF of the value, and the id of its section; NULL with errno where memory is short. */
struct btf *iou_meta_btf(uint32_t *section);
