// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A loop as others write them, without iouctl's header: copies a file, a block at a time, on a ring
 * whose SQ rewinds. The files, the buffer and its size are variables. It returns what is no
 * verdict where a request fails.
 */
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

enum { STEP_CONTINUE, STEP_STOP, STEP_WRONG };

const volatile unsigned int sq_entries;
const volatile unsigned int cq_entries;
const volatile unsigned int cq_head_offset;
const volatile unsigned int cq_tail_offset;
const volatile unsigned int cqes_offset;

int from_fd;
int to_fd;
void *block_uptr;
__u64 block_size;
__u64 position;
unsigned int in_flight;

static int request(struct io_ring_ctx *ring, struct io_uring_sqe *sqe, __u8 opcode, __u64 length)
{
	__builtin_memset(sqe, 0, sizeof(*sqe));
	sqe->opcode = opcode;
	sqe->fd = opcode == IORING_OP_READ ? from_fd : to_fd;
	sqe->addr = (__u64)block_uptr;
	sqe->len = length;
	sqe->off = position;
	sqe->user_data = opcode;
	in_flight = 1;
	return bpf_io_uring_submit_sqes(ring, 1) == 1 ? STEP_CONTINUE : STEP_WRONG;
}

SEC("struct_ops.s/copy_step")
int BPF_PROG(copy_step, struct io_ring_ctx *ring, struct iou_loop_params *params)
{
	struct io_uring_sqe *sqes;
	struct io_uring_cqe *cqe;
	volatile __u32 *head;
	int verdict = STEP_CONTINUE;
	__u8 *rings;

	sqes = (void *)bpf_io_uring_get_region(ring, 2, sq_entries * sizeof(*sqes));
	rings = bpf_io_uring_get_region(ring, 1, cqes_offset + cq_entries * sizeof(*cqe));
	if (!sqes || !rings)
		return STEP_WRONG;
	head = (void *)(rings + cq_head_offset);
	cqe = (struct io_uring_cqe *)(rings + cqes_offset) + (*head & (cq_entries - 1));
	if (!in_flight) {
		verdict = request(ring, sqes, IORING_OP_READ, block_size);
	} else if (*head != *(volatile __u32 *)(rings + cq_tail_offset)) {
		__s32 res = cqe->res;

		*head += 1;
		if (res <= 0)
			return res || cqe->user_data != IORING_OP_READ ? STEP_WRONG : STEP_STOP;
		if (cqe->user_data == IORING_OP_READ) {
			verdict = request(ring, sqes, IORING_OP_WRITE, res);
		} else {
			position += res;
			verdict = request(ring, sqes, IORING_OP_READ, block_size);
		}
	}
	params->cq_wait_idx = *head + 1;
	return verdict;
}

SEC(".struct_ops.link")
struct io_uring_bpf_ops others_copy = {
	.loop_step = (void *)copy_step,
};

char LICENSE[] SEC("license") = "GPL";
