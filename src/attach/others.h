/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What can be told of a loop that iouctl did not bind: the maps that its step uses. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* As many of them are listed as this. */
#define IOU_OTHERS_MAPS_MAX 64

struct iou_others_map {
	uint32_t id;   /* as in 'bpftool map show id ID' */
	char name[16]; /* anything, but terminated */
};

/*
 * The maps of the program @prog_id: how many, or -errno; -EPERM without CAP_SYS_ADMIN. One that
 * cannot be looked at has no name.
 */
int iou_others_maps(uint32_t prog_id, struct iou_others_map maps[IOU_OTHERS_MAPS_MAX]);
