/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which types of a kernel's BTF an object needs: those of its names, and what they are made of. */
#pragma once

#include "object/needs.h"
#include "object/rawbtf.h"

struct iou_choice {
	struct iou_rawbtf btf;
	uint32_t *at, nr;      /* where type 1 + i is, and how many there are */
	uint8_t *depth;        /* how much of it is needed */
	uint32_t *ids, ids_nr; /* those that are, ascending */
	uint32_t ids_room;
};

/* @choice->btf is there. 0, -ENOENT, -EINVAL, -ENOTSUP or -ENOMEM; to be released in any case. */
int iou_choice_make(struct iou_choice *choice, struct iou_needs *needs);

/* Of a chosen type: whether its name and size are enough, without what is in it. So for structs and
 * enums that are only pointed to. */
bool iou_choice_is_head(const struct iou_choice *choice, uint32_t id);

void iou_choice_release(struct iou_choice *choice);
