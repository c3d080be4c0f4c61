// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A loop that another process loaded and bound. */
#include <errno.h>
#include <fcntl.h>

#include "base/cleanup.h"
#include "loop/internal.h"

int iou_loop_adopt(struct iou_loop *loop, const struct iou_adoption *from, struct iou_err *err)
{
	struct bpf_map *map;
	int ret = 0;

	bpf_object__for_each_map(map, loop->object)
	{
		IOU_CLOSE int fd = -1;

		if (bpf_map__type(map) == BPF_MAP_TYPE_STRUCT_OPS || !bpf_map__autocreate(map))
			continue;
		fd = from->find_map(from->data, bpf_map__name(map));
		if (fd < 0)
			ret = fd;
		else
			ret = bpf_map__reuse_fd(map, fd);
		if (ret)
			return iou_err_set(err, IOU_CAUSE_FAILED, "open", -ret,
					   "cannot open map '%s' of '%s'", bpf_map__name(map),
					   iou_loop_name(loop));
	}
	ret = iou_loop_map_data(loop);
	if (ret)
		return iou_err_set(err, IOU_CAUSE_FAILED, "open", -ret,
				   "cannot map the data of '%s'", iou_loop_name(loop));
	if (from->wake_fd >= 0)
		loop->wake_fd = fcntl(from->wake_fd, F_DUPFD_CLOEXEC, 3);
	if (from->link_fd >= 0)
		loop->link_fd = fcntl(from->link_fd, F_DUPFD_CLOEXEC, 3);
	loop->loaded = true;
	loop->was_attached = true;
	return 0;
}
