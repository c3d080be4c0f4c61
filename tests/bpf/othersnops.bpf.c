// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A loop as others write them, without iouctl's header: NOPs one after another on a ring of 8 and
 * 8 entries whose SQ moves on. Where the queues are it is told by constants, what came of it is
 * in an array.
 */
#include <stdbool.h>
#include <linux/types.h>
#include <linux/bpf.h>
#include <linux/io_uring.h>
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

extern int bpf_io_uring_submit_sqes(struct io_ring_ctx *ctx, __u32 nr) __ksym;
extern __u8 *bpf_io_uring_get_region(struct io_ring_ctx *ctx, __u32 region_id,
				     const __u64 rdwr_buf_size) __ksym;

#define ENTRIES 8

struct queue {
	__u32 head, tail;
};

const volatile unsigned int sq_hdr_offset;
const volatile unsigned int cq_hdr_offset;
const volatile unsigned int cqes_offset;
int nops_left;
bool linger; /* sleep instead of stopping, so that one can look */

enum result { RESULT_STATE, RESULT_SENT, RESULT_SEEN, RESULTS };

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, RESULTS);
	__type(key, __u32);
	__type(value, __s64);
} results SEC(".maps");

static void add(__u32 slot, __s64 value)
{
	__s64 *result = bpf_map_lookup_elem(&results, &slot);

	if (result)
		*result += value;
}

static int end(struct iou_loop_params *params, const volatile struct queue *cq, __s64 state)
{
	add(RESULT_STATE, state);
	nops_left = 0;
	params->cq_wait_idx = cq->head + 1;
	return linger ? 0 : 1;
}

SEC("struct_ops.s/nops_step")
int BPF_PROG(nops_step, struct io_ring_ctx *ring, struct iou_loop_params *params)
{
	struct io_uring_sqe *sqes, *sqe;
	volatile struct queue *sq, *cq;
	struct io_uring_cqe *cqes;
	__u8 *rings;

	sqes = (void *)bpf_io_uring_get_region(ring, 2, ENTRIES * sizeof(*sqes));
	rings = bpf_io_uring_get_region(ring, 1, cqes_offset + ENTRIES * sizeof(*cqes));
	if (!sqes || !rings)
		return 2;
	sq = (void *)(rings + (sq_hdr_offset & 63));
	cq = (void *)(rings + (cq_hdr_offset & 63));
	cqes = (void *)(rings + cqes_offset);
	params->cq_wait_idx = cq->head + 1;
	if (nops_left <= 0)
		return 0;
	if (cq->tail != cq->head) {
		if (cqes[cq->head & (ENTRIES - 1)].user_data != (__u64)nops_left)
			return end(params, cq, -1);
		cq->head++;
		nops_left--;
		add(RESULT_SEEN, 1);
		if (nops_left <= 0)
			return end(params, cq, 1);
	}
	sqe = &sqes[sq->tail & (ENTRIES - 1)];
	__builtin_memset(sqe, 0, sizeof(*sqe));
	sqe->user_data = nops_left;
	sq->tail++;
	if (bpf_io_uring_submit_sqes(ring, 1) != 1)
		return end(params, cq, -2);
	add(RESULT_SENT, 1);
	return 0;
}

SEC(".struct_ops")
struct io_uring_bpf_ops others_nops = {
	.loop_step = (void *)nops_step,
};

char LICENSE[] SEC("license") = "GPL";
