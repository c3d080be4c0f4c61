// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A loop written without iouctl's header that neither sleeps nor stops. */
#include <linux/types.h>
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

struct iou_ctx {
};

struct iou_loop_params {
	__u32 cq_wait_idx;
};

struct io_uring_bpf_ops {
	int (*loop_step)(struct iou_ctx *ctx, struct iou_loop_params *params);
	__u32 ring_fd;
	void *priv;
};

__u64 spins;

SEC("struct_ops.s/spin_step")
int BPF_PROG(spin_step, struct iou_ctx *ring, struct iou_loop_params *params)
{
	spins++;
	return 0;
}

SEC(".struct_ops.link")
struct io_uring_bpf_ops spinner = {
	.loop_step = (void *)spin_step,
};

char LICENSE[] SEC("license") = "GPL";
