// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A loop written without iouctl's header: it sleeps and cannot be asked to stop. */
#include <linux/types.h>
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

struct io_ring_ctx {
};

struct iou_loop_params {
	__u32 cq_wait_idx;
} __attribute__((preserve_access_index));

struct io_uring_bpf_ops {
	int (*loop_step)(struct io_ring_ctx *ctx, struct iou_loop_params *params);
	__u32 ring_fd;
	void *priv;
};

SEC("struct_ops.s/sleep_step")
int BPF_PROG(sleep_step, struct io_ring_ctx *ring, struct iou_loop_params *params)
{
	params->cq_wait_idx = 1;
	return 0;
}

SEC(".struct_ops.link")
struct io_uring_bpf_ops foreign = {
	.loop_step = (void *)sleep_step,
};

char LICENSE[] SEC("license") = "GPL";
