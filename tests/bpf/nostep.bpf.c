// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A loop whose step is a number, where libbpf would have put a program. */
#include <linux/types.h>
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct io_uring_bpf_ops {
	void *loop_step;
	__u32 ring_fd;
	void *priv;
};

SEC(".struct_ops.link")
struct io_uring_bpf_ops nostep = {
	.loop_step = (void *)0x4141414141414140,
};

char LICENSE[] SEC("license") = "GPL";
