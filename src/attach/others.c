// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "attach/others.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"

static void name_map(struct iou_others_map *map)
{
	IOU_CLOSE int fd = bpf_map_get_fd_by_id(map->id);
	struct bpf_map_info info = {};
	__u32 size = sizeof(info);

	if (fd >= 0 && !bpf_map_get_info_by_fd(fd, &info, &size))
		memcpy(map->name, info.name, sizeof(map->name) - 1);
}

int iou_others_maps(uint32_t prog_id, struct iou_others_map maps[IOU_OTHERS_MAPS_MAX])
{
	IOU_CLOSE int fd = bpf_prog_get_fd_by_id(prog_id);
	uint32_t ids[IOU_OTHERS_MAPS_MAX];
	struct bpf_prog_info info = {
		.nr_map_ids = IOU_OTHERS_MAPS_MAX,
		.map_ids = (uintptr_t)ids,
	};
	__u32 size = sizeof(info);
	int ret = fd < 0 ? fd : bpf_prog_get_info_by_fd(fd, &info, &size), nr;

	if (ret)
		return ret;
	nr = info.nr_map_ids < IOU_OTHERS_MAPS_MAX ? (int)info.nr_map_ids : IOU_OTHERS_MAPS_MAX;
	for (int i = 0; i < nr; i++) {
		maps[i] = (struct iou_others_map){.id = ids[i]};
		name_map(&maps[i]);
	}
	return nr;
}
