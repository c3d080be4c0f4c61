// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A policy that does what io_uring_enter(2) does, and has one of each that can be read of a loop.
 */
#include <iouctl/policy.bpf.h>

IOU_PARAM_U32(bound, 5, 1, 100, "calls", "that are few");
IOU_GAUGE(last, "requests", "of the last call");
IOU_HISTOGRAM(sizes, "requests", "of a call");
IOU_TEXT(state, 16, "how many calls there were");

__u64 seen[2] = {3, 0};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, __u64);
} by_kind SEC(".maps");

static __always_inline int step(struct iou_policy *policy)
{
	__u64 *count = bpf_map_lookup_elem(&by_kind, &(__u32){1});

	if (policy->first) {
		last = policy->call->to_submit;
		iou_histogram_add(&sizes, last);
		seen[1]++;
		if (count)
			(*count)++;
		if (calls > bound)
			__builtin_memcpy(state, "many\n\"calls\"", 13);
	}
	return iou_policy_pass(policy);
}

IOU_POLICY(counting, step, "counts", "");
