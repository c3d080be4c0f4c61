/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The kernel's side of a loop, and what C for BPF needs. Included by <iouctl/loop.bpf.h>. */
#pragma once

#include <stdbool.h>
#include <linux/types.h>
#include <linux/bpf.h>
#include <linux/io_uring.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

/* include/uapi/linux/io_uring.h; Linux 6.1's copy of it lacks them. */
#ifndef IORING_SETUP_NO_SQARRAY
#define IORING_SETUP_NO_SQARRAY (1U << 16)
#endif
#ifndef IORING_SETUP_SQ_REWIND
#define IORING_SETUP_SQ_REWIND (1U << 20)
#endif

/*
 * The kernel's side (io_uring/bpf-ops.c, io_uring/loop.h). The context is opaque; 7.1 calls it
 * struct io_ring_ctx, and a pointer that is only passed on loads there as well.
 */
struct iou_ctx {
};

struct iou_loop_params {
	__u32 cq_wait_idx; /* sleep while (__s32)(cq_wait_idx - CQ tail) > 0 */
} __attribute__((preserve_access_index));

struct io_uring_bpf_ops {
	int (*loop_step)(struct iou_ctx *ctx, struct iou_loop_params *params);
	__u32 ring_fd;
	void *priv;
};

enum iou_loop_verdict {
	IOU_LOOP_CONTINUE = 0,
	IOU_LOOP_STOP = 1,
};

enum iou_region {
	IOU_REGION_MEM = 0, /* IORING_REGISTER_MEM_REGION */
	IOU_REGION_CQ = 1,  /* ring headers, CQEs, SQ array */
	IOU_REGION_SQ = 2,  /* SQEs */
};

extern int bpf_io_uring_submit_sqes(struct iou_ctx *ctx, __u32 nr) __ksym;
extern __u8 *bpf_io_uring_get_region(struct iou_ctx *ctx, __u32 region_id,
				     const __u64 rdwr_buf_size) __ksym;

/* The kernel gives its kfuncs to programs under the GPL. Define IOU_LICENSE to state another. */
#ifndef IOU_LICENSE
#define IOU_LICENSE "Dual BSD/GPL"
#endif
char iou_license[] SEC("license") = IOU_LICENSE;

/*
 * ---- C for BPF ----
 */

/* Accesses to memory that is shared with the kernel or the tool. */
#define iou_load(p) (*(const volatile __typeof__(*(p)) *)(p))
#define iou_store(p, v) (*(volatile __typeof__(*(p)) *)(p) = (v))

/*
 * Hide where a value came from, so that clang neither turns it into an induction variable nor
 * moves a bound away from the access that needs it: either makes the verifier lose track.
 */
#define iou_opaque(var) asm volatile("" : "+r"(var))

/*
 * `iou_forever { … }` is a loop that the verifier accepts without a bound (may_goto, Linux 6.9):
 * it ends by break, or after some 250 ms by itself.
 */
#define iou_may_continue()                                                                      \
	({                                                                                      \
		__label__ leave, out;                                                           \
		bool go = true;                                                                 \
		asm volatile goto("1: .byte 0xe5; .byte 0; .long ((%l[leave] - 1b - 8) / 8) & " \
				  "0xffff; .short 0" :: ::leave);                               \
		goto out;                                                                       \
leave:                                                                                          \
		go = false;                                                                     \
out:;                                                                                           \
		go;                                                                             \
	})
#define iou_forever while (iou_may_continue())

/* Unrolled @n times, @n a constant. */
#define iou_repeat(i, n) _Pragma("clang loop unroll(full)") for (__u32 i = 0; i < (n); i++)
