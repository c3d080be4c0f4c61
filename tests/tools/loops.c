// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * loops: what of loops there is in the kernel, a line each: "link ID" and "map ID" of struct_ops.
 * Does what bpftool and jq would, in a fraction of the time under software emulation.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

static int each_link(void)
{
	__u32 id = 0;

	while (bpf_link_get_next_id(id, &id) == 0) {
		struct bpf_link_info info = {};
		__u32 size = sizeof(info);
		int fd = bpf_link_get_fd_by_id(id);

		if (fd < 0)
			continue;
		if (bpf_link_get_info_by_fd(fd, &info, &size) == 0 &&
		    info.type == BPF_LINK_TYPE_STRUCT_OPS)
			printf("link %u\n", id);
		close(fd);
	}
	return errno == ENOENT ? 0 : 1;
}

static int each_map(void)
{
	__u32 id = 0;

	while (bpf_map_get_next_id(id, &id) == 0) {
		struct bpf_map_info info = {};
		__u32 size = sizeof(info);
		int fd = bpf_map_get_fd_by_id(id);

		if (fd < 0)
			continue;
		if (bpf_map_get_info_by_fd(fd, &info, &size) == 0 &&
		    info.type == BPF_MAP_TYPE_STRUCT_OPS)
			printf("map %u\n", id);
		close(fd);
	}
	return errno == ENOENT ? 0 : 1;
}

int main(void)
{
	return each_link() | each_map();
}
