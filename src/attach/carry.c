// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "attach/carry.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"

/* Larger ones do not come from compilers. */
#define SIZE_MOST (64U << 20)

int iou_carry_bind(int prog_fd, const struct iou_image *image, int *map_fd, struct iou_err *err)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_RDONLY_PROG);
	IOU_CLOSE int fd = -1;
	__u32 zero = 0;
	int ret;

	if (image->size > SIZE_MOST)
		return iou_err_set(err, IOU_CAUSE_FAILED, "attach", EFBIG,
				   "cannot tie the object of '%s' to its program", image->name);
	fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, IOU_CARRY_MAP, sizeof(zero), (__u32)image->size, 1,
			    &opts);
	ret = fd < 0 ? fd : bpf_map_update_elem(fd, &zero, image->data, BPF_ANY);
	if (!ret)
		ret = bpf_map_freeze(fd) ?: bpf_prog_bind_map(prog_fd, fd, NULL);
	if (ret)
		return iou_err_set(err, IOU_CAUSE_FAILED, "attach", -ret,
				   "cannot tie the object of '%s' to its program", image->name);
	*map_fd = TAKE_FD(fd);
	return 0;
}

/* Its bytes may be anybody's: they are looked at as those of a file. */
int iou_carry_read(struct iou_image *image, int map_fd, const struct iou_meta *meta,
		   struct iou_err *err)
{
	struct bpf_map_info info = {};
	__u32 length = sizeof(info), zero = 0;
	IOU_FREE void *data = NULL;

	if (bpf_map_get_info_by_fd(map_fd, &info, &length) || info.type != BPF_MAP_TYPE_ARRAY ||
	    info.max_entries != 1 || info.value_size > SIZE_MOST ||
	    strncmp(info.name, IOU_CARRY_MAP, sizeof(info.name)) != 0)
		return iou_err_set(err, IOU_CAUSE_REJECTED, "open", ENOENT,
				   "the object of '%s' is not with it", meta->loop);
	data = malloc(info.value_size);
	if (!data || bpf_map_lookup_elem(map_fd, &zero, data))
		return iou_err_set(err, IOU_CAUSE_FAILED, "open", errno,
				   "cannot read the object of '%s'", meta->loop);
	return iou_image_from_bytes(image, meta->loop, meta->source, TAKE_PTR(data),
				    info.value_size, err);
}
