// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A loop that another process loaded and bound. */
#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>

#include "base/cleanup.h"
#include "loop/internal.h"

/* What libbpf and the kernel fill in where the object leaves it to them. */
static bool entries_fit(const struct bpf_map *map, const struct bpf_map_info *info)
{
	return info->max_entries == bpf_map__max_entries(map) ||
	       (info->type == BPF_MAP_TYPE_PERF_EVENT_ARRAY && !bpf_map__max_entries(map));
}

bool iou_map_fits(const struct bpf_map *map, int fd)
{
	struct bpf_map_info info = {};
	__u32 size = sizeof(info), flags;

	if (bpf_map_get_info_by_fd(fd, &info, &size))
		return false;
	flags = info.map_flags;
	if (info.type == BPF_MAP_TYPE_DEVMAP || info.type == BPF_MAP_TYPE_DEVMAP_HASH)
		flags &= ~(__u32)BPF_F_RDONLY_PROG;
	return info.type == bpf_map__type(map) && info.key_size == bpf_map__key_size(map) &&
	       info.value_size == bpf_map__value_size(map) && entries_fit(map, &info) &&
	       flags == bpf_map__map_flags(map);
}

/* libbpf believes what it is told to reuse, and data would be read where the map has none. */
static int adopt_map(struct bpf_map *map, const struct iou_adoption *from)
{
	IOU_CLOSE int fd = from->find_map(from->data, map);

	if (fd < 0)
		return fd;
	return iou_map_fits(map, fd) ? bpf_map__reuse_fd(map, fd) : -EMEDIUMTYPE;
}

static int no_map(const struct iou_loop *loop, const struct bpf_map *map, int ret,
		  struct iou_err *err)
{
	const char *name = bpf_map__name(map);

	if (ret == -EMEDIUMTYPE)
		iou_err_set(err, IOU_CAUSE_REJECTED, "open", 0,
			    "map '%s' of '%s' is not what its object declares", name,
			    iou_loop_name(loop));
	else if (ret == -ENOTUNIQ)
		iou_err_set(err, IOU_CAUSE_FAILED, "open", 0,
			    "several maps may be '%s' of '%s': the kernel keeps %d characters of "
			    "a name",
			    name, iou_loop_name(loop), BPF_OBJ_NAME_LEN - 1);
	else
		iou_err_set(err, IOU_CAUSE_FAILED, "open", -ret, "cannot open map '%s' of '%s'",
			    name, iou_loop_name(loop));
	return ret;
}

int iou_loop_adopt(struct iou_loop *loop, const struct iou_adoption *from, struct iou_err *err)
{
	struct bpf_map *map;
	int ret = 0;

	bpf_object__for_each_map(map, loop->object)
	{
		if (bpf_map__type(map) == BPF_MAP_TYPE_STRUCT_OPS || !bpf_map__autocreate(map))
			continue;
		ret = adopt_map(map, from);
		if (ret)
			return no_map(loop, map, ret, err);
	}
	ret = iou_loop_map_data(loop);
	if (ret)
		return iou_err_set(err, IOU_CAUSE_FAILED, "open", -ret,
				   "cannot map the data of '%s'", iou_loop_name(loop));
	if (from->link_fd >= 0)
		loop->link_fd = fcntl(from->link_fd, F_DUPFD_CLOEXEC, 3);
	loop->loaded = true;
	loop->was_attached = true;
	return 0;
}
