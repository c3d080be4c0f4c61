// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "meta/meta.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "meta/internal.h"

/* ---- Writing ---- */

/* The map, empty, or -errno. */
static int make_map(void)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_RDONLY_PROG);
	uint32_t section;
	struct btf *btf = iou_meta_btf(&section);
	int ret;

	if (!btf)
		return -errno;
	ret = btf__load_into_kernel(btf);
	if (!ret) {
		opts.btf_fd = (__u32)btf__fd(btf);
		opts.btf_value_type_id = section;
		ret = bpf_map_create(BPF_MAP_TYPE_ARRAY, IOU_META_MAP, sizeof(__u32),
				     sizeof(struct iou_meta_value), 1, &opts);
	}
	btf__free(btf);
	return ret;
}

static int fill_map(int fd, const struct iou_meta *meta)
{
	struct iou_meta_value value;
	__u32 zero = 0;

	/* Padding, too, goes into the kernel. */
	memset(&value, 0, sizeof(value));
	memcpy(value.format, META_FORMAT, sizeof(value.format));
	memcpy(value.meta.loop, meta->loop, sizeof(value.meta.loop));
	memcpy(value.meta.source, meta->source, sizeof(value.meta.source));
	memcpy(value.meta.ops, meta->ops, sizeof(value.meta.ops));
	memcpy(value.meta.version, meta->version, sizeof(value.meta.version));
	value.meta.pid = meta->pid;
	value.meta.ring_fd = meta->ring_fd;
	value.meta.ring_ino = meta->ring_ino;
	value.meta.holder = meta->holder;
	value.meta.since_ns = meta->since_ns;
	return bpf_map_update_elem(fd, &zero, &value, BPF_ANY) ?: bpf_map_freeze(fd);
}

int iou_meta_bind(int prog_fd, const struct iou_meta *meta, int *map_fd, struct iou_err *err)
{
	IOU_CLOSE int fd = make_map();
	int ret = fd < 0 ? fd : fill_map(fd, meta);

	if (!ret)
		ret = bpf_prog_bind_map(prog_fd, fd, NULL);
	if (ret)
		return iou_err_set(err, ret == -EPERM ? IOU_CAUSE_PERMISSION : IOU_CAUSE_FAILED,
				   "attach", -ret, "cannot tie what '%s' is to its program",
				   meta->loop);
	*map_fd = TAKE_FD(fd);
	return 0;
}

/* ---- Reading ---- */

#define TERMINATE(text) ((text)[sizeof(text) - 1] = '\0')

int iou_meta_decode(const void *value, size_t size, struct iou_meta *meta)
{
	struct iou_meta_value read;

	if (size != sizeof(read))
		return -ENOENT;
	memcpy(&read, value, sizeof(read));
	if (memcmp(read.format, META_FORMAT, sizeof(read.format)) != 0)
		return -ENOENT;
	TERMINATE(read.meta.loop);
	TERMINATE(read.meta.source);
	TERMINATE(read.meta.ops);
	TERMINATE(read.meta.version);
	*meta = read.meta;
	return 0;
}

int iou_meta_of_map(int map_fd, struct iou_meta *meta)
{
	struct bpf_map_info info = {};
	struct iou_meta_value value;
	__u32 size = sizeof(info), zero = 0;
	int ret = bpf_map_get_info_by_fd(map_fd, &info, &size);

	if (ret)
		return ret;
	if (info.type != BPF_MAP_TYPE_ARRAY || info.key_size != sizeof(zero) ||
	    info.max_entries != 1 || info.value_size != sizeof(value) || !info.btf_value_type_id ||
	    strncmp(info.name, IOU_META_MAP, sizeof(info.name)) != 0)
		return -ENOENT;
	ret = bpf_map_lookup_elem(map_fd, &zero, &value);
	return ret ?: iou_meta_decode(&value, sizeof(value), meta);
}
