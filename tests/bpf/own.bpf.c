// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* With iouctl's header, and variables and a map that it knows nothing of. */
#include <iouctl/loop.bpf.h>

char LICENSE[] SEC("license") = "GPL";

IOU_PARAM_U32(count, 5, 1, 10, "things", "how many");
IOU_COUNTER(done_nr, "things", "how many were done");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, __u32);
	__uint(max_entries, 2);
} seen SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, __u32);
	__uint(max_entries, 1);
} iou_hidden SEC(".maps");

__u32 extra;

static __always_inline int step(struct iou_ring *ring)
{
	__u32 key = 1, *value = bpf_map_lookup_elem(&seen, &key);

	done_nr = count;
	extra = 2 * count;
	if (value)
		*value = count;
	key = 0;
	value = bpf_map_lookup_elem(&iou_hidden, &key);
	if (value)
		*value = 1;
	return iou_done(ring);
}

IOU_LOOP(own, step, "has a map", 8, 16);
