// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A loop that sleeps, and whose variable of a name that the tool knows cannot be written. */
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

const volatile struct {
	__u32 stop_requested;
} iou_control;

SEC("struct_ops.s/sleep_step")
int BPF_PROG(sleep_step, struct io_ring_ctx *ring, struct iou_loop_params *params)
{
	params->cq_wait_idx = 1;
	return iou_control.stop_requested;
}

SEC(".struct_ops.link")
struct io_uring_bpf_ops readonly = {
	.loop_step = (void *)sleep_step,
};

char LICENSE[] SEC("license") = "GPL";
