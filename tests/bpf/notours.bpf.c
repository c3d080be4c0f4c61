// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A struct_ops link on kernels without loops: a congestion control that nobody uses. */
#include <linux/types.h>
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char iou_license[] SEC("license") = "Dual BSD/GPL";

struct sock;

struct tcp_congestion_ops {
	__u32 (*ssthresh)(struct sock *sk);
	void (*cong_avoid)(struct sock *sk, __u32 ack, __u32 acked);
	__u32 (*undo_cwnd)(struct sock *sk);
	char name[16];
} __attribute__((preserve_access_index));

SEC("struct_ops")
__u32 BPF_PROG(notours_two, struct sock *sk)
{
	return 2;
}

SEC("struct_ops")
__u32 BPF_PROG(notours_undo, struct sock *sk)
{
	return 2;
}

SEC("struct_ops")
void BPF_PROG(notours_none, struct sock *sk, __u32 ack, __u32 acked)
{
}

SEC(".struct_ops.link")
struct tcp_congestion_ops notours = {
	.ssthresh = (void *)notours_two,
	.cong_avoid = (void *)notours_none,
	.undo_cwnd = (void *)notours_undo,
	.name = "iou_notours",
};
