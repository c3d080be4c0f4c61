// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A loop that does what it is told, right or wrong, and one that asks for memory. */
#include <iouctl/types.bpf.h>

#include "torture.h"

SEC(".rodata.layout") const volatile struct layout layout = {};
SEC(".data.shared") struct shared shared = {};

/* CQEs that are looked at in a step, and SQEs that are queued. */
#define NR_MAX 64

/* Of a ring with @entries, a power of two; for the verifier as late as that. */
static __always_inline __u32 slot_of(__u32 index, __u32 entries)
{
	iou_opaque(index);
	return index & (entries - 1);
}

static __always_inline void reap(__u8 *rings)
{
	__u32 *head = (__u32 *)(rings + layout.cq_head);
	__u32 at = iou_load(head), tail = iou_load((__u32 *)(rings + layout.cq_tail));

	for (__u32 i = 0; i < NR_MAX && at != tail; i++, at++) {
		__u32 slot = slot_of(at, layout.cq_entries);
		struct io_uring_cqe *cqe =
			(void *)(rings + layout.cqes + (slot << layout.cqe_shift));
		if (iou_load(&cqe->res) < 0)
			shared.failed++;
		shared.done++;
	}
	iou_store(head, at);
}

static __always_inline bool has_more(__u32 nr)
{
	if (shared.depth && (int)(shared.submitted + nr - shared.done) >= (int)shared.depth)
		return false;
	return nr < shared.batch && (!shared.wanted || shared.submitted + nr < shared.wanted);
}

static __always_inline void submit(struct iou_ctx *ctx, __u8 *rings, __u8 *sqes)
{
	__u32 *tail = (__u32 *)(rings + layout.sq_tail), at = layout.rewinds ? 0 : iou_load(tail);
	__u32 nr = 0;
	int taken;

	while (nr < NR_MAX && has_more(nr)) {
		__u32 slot = slot_of(at + nr, layout.sq_entries);
		__u64 *sqe = (void *)(sqes + (slot << layout.sqe_shift));

		for (int i = 0; i < 8; i++)
			sqe[i] = shared.sqe[i];
		nr++;
	}
	if (!nr)
		return;
	if (!layout.rewinds)
		iou_store(tail, at + nr);
	taken = bpf_io_uring_submit_sqes(ctx, nr);
	if (taken < 0)
		taken = 0;
	shared.submitted += taken;
	/* What was not taken is not queued any more. */
	if (!layout.rewinds && taken != (int)nr)
		iou_store(tail, at + taken);
}

static __always_inline void be_busy(void)
{
	__u64 end = bpf_ktime_get_ns() + shared.busy_ns;

	iou_forever {
		if (bpf_ktime_get_ns() >= end)
			break;
	}
}

SEC("struct_ops.s/loop_step")
int BPF_PROG(torture_step, struct iou_ctx *ctx_, struct iou_loop_params *params)
{
	__u8 *rings = bpf_io_uring_get_region(ctx_, IOU_REGION_CQ, layout.rings_size);
	__u8 *sqes = bpf_io_uring_get_region(ctx_, IOU_REGION_SQ, layout.sqes_size);

	iou_store(&shared.in_step, 1);
	shared.steps++;
	if (!rings || !sqes)
		return -1;
	if (shared.steps > shared.hold_steps)
		reap(rings);
	if (shared.batch)
		submit(ctx_, rings, sqes);
	if (shared.busy_ns)
		be_busy();
	iou_store(&shared.in_step, 0);
	if (shared.wanted && shared.submitted >= shared.wanted &&
	    (shared.leaves || (int)(shared.done - shared.submitted) >= 0))
		return shared.verdict;
	if (shared.wait)
		params->cq_wait_idx = iou_load((__u32 *)(rings + layout.cq_head)) + shared.wait;
	return IOU_LOOP_CONTINUE;
}

SEC("struct_ops.s/loop_step")
int BPF_PROG(region_step, struct iou_ctx *ctx_, struct iou_loop_params *params)
{
	__u8 *memory = bpf_io_uring_get_region(ctx_, layout.region, layout.region_size);

	shared.is_there = !!memory;
	if (memory) {
		iou_store(&memory[0], iou_load(&memory[0]));
		iou_store(&memory[layout.region_size - 1],
			  iou_load(&memory[layout.region_size - 1]));
	}
	return IOU_LOOP_STOP;
}

SEC(".struct_ops.link")
struct io_uring_bpf_ops torture = {
	.loop_step = (void *)torture_step,
};

SEC(".struct_ops.link")
struct io_uring_bpf_ops region = {
	.loop_step = (void *)region_step,
};
