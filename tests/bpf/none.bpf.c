// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A BPF object without a loop. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("socket")
int nothing(void *ctx)
{
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
