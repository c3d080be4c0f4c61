/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the author of a BPF io_uring loop includes.
 *
 * A loop is a function `static int step(struct iou_ring *ring)` and one IOU_LOOP() that names it.
 * The kernel calls it in place of io_uring_enter(2)'s own loop, again and again, until it returns
 * IOU_LOOP_STOP (io_uring/loop.c). A step submits requests, reads completions, and says with
 * iou_wait() what to sleep for before the next one.
 *
 *	IOU_PARAM_U64(count, 10, 1, 1000, "requests", "how many NOPs to send");
 *	IOU_PROGRESS(completed, count, "requests", "NOPs that came back");
 *
 *	static bool sent;
 *
 *	static __always_inline int step(struct iou_ring *ring)
 *	{
 *		struct io_uring_cqe *cqe = iou_cqe_peek(ring);
 *		struct io_uring_sqe *sqe;
 *
 *		if (sent && !cqe)
 *			return iou_wait(ring, 1);
 *		if (sent) {
 *			iou_cqe_seen(ring);
 *			completed++;
 *		}
 *		if (completed == count)
 *			return iou_done(ring);
 *		iou_batch_begin(ring);
 *		sqe = iou_batch_add(ring);
 *		if (!sqe)
 *			return IOU_FAIL(ring, 16, "the SQ is full");
 *		iou_prep_nop(sqe);
 *		if (iou_batch_submit(ring) != 1)
 *			return IOU_FAIL(ring, 5, "the kernel did not take a NOP");
 *		sent = true;
 *		return iou_wait(ring, 1);
 *	}
 *
 *	IOU_LOOP(hello, step, "sends NOPs", 8, 16);
 *
 * Everything a loop declares (parameters, statistics, its name) is a variable with a BTF
 * declaration tag, which is where iouctl reads it from.
 *
 * Compile with: clang -target bpf -g -O2 -mcpu=v3
 */
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
 * ---- Declarations -------------------------------------------------------------------------
 *
 * A tag is "iou:WHAT;KEY=VALUE;…;help=TEXT", help being last. A name's underscores are dashes
 * to the user (max_conns is --max-conns).
 */
#define IOU_STR_(x) #x
#define IOU_STR(x) IOU_STR_(x)
#define IOU_TAG(text) __attribute__((btf_decl_tag(text)))

/* Parameters: constants to the program, set by the user before it is loaded. */
#define IOU_PARAM_(type, kind, name, def, min, max, unit, text)                           \
	const volatile type name IOU_TAG("iou:param;kind=" kind ";min=" #min ";max=" #max \
					 ";unit=" unit ";help=" text) = (def)

#define IOU_PARAM_U32(name, def, min, max, unit, help) \
	IOU_PARAM_(__u32, "u32", name, def, min, max, unit, help)
#define IOU_PARAM_U64(name, def, min, max, unit, help) \
	IOU_PARAM_(__u64, "u64", name, def, min, max, unit, help)
#define IOU_PARAM_S64(name, def, min, max, unit, help) \
	IOU_PARAM_(__s64, "s64", name, def, min, max, unit, help)
/* Bytes, written as 128K. */
#define IOU_PARAM_SIZE(name, def, min, max, help) \
	IOU_PARAM_(__u64, "size", name, def, min, max, "bytes", help)
/* Nanoseconds, written as 50us. */
#define IOU_PARAM_DURATION(name, def, min, max, help) \
	IOU_PARAM_(__u64, "duration", name, def, min, max, "ns", help)
#define IOU_PARAM_FLAG(name, def, help) IOU_PARAM_(__u8, "flag", name, def, 0, 1, "", help)

/*
 * Statistics. A counter only grows; IOU_PROGRESS is a counter that ends at the value of a
 * parameter, which is what a progress display shows. Keep them in locals and write them back
 * once per step or block.
 */
#define IOU_STAT_(kind, of, name, unit, text) \
	__u64 name IOU_TAG("iou:stat;kind=" kind of ";unit=" unit ";help=" text) = 0

#define IOU_COUNTER(name, unit, help) IOU_STAT_("counter", "", name, unit, help)
#define IOU_GAUGE(name, unit, help) IOU_STAT_("gauge", "", name, unit, help)
#define IOU_PROGRESS(name, param, unit, help) IOU_STAT_("counter", ";of=" #param, name, unit, help)

/*
 * ---- What the tool fills in, and what it reads --------------------------------------------
 */

/* The ring that the loop will be bound to: constants to the verifier, so bounds are too. */
struct iou_geometry {
	__u32 sq_entries;
	__u32 cq_entries;
	__u32 setup_flags; /* IORING_SETUP_* */
	__u32 sq_head_off; /* these are offsets into IOU_REGION_CQ, in bytes */
	__u32 sq_tail_off;
	__u32 cq_head_off;
	__u32 cq_tail_off;
	__u32 cqes_off;
};

const volatile struct iou_geometry iou_geometry = {};

enum iou_stop_reason {
	IOU_STOP_NONE = 0,        /* has not stopped by itself */
	IOU_STOP_DONE = 1,        /* did what it was asked to */
	IOU_STOP_FAILED = 2,      /* errno and text say why */
	IOU_STOP_INTERRUPTED = 3, /* stop_requested was seen and followed */
};

struct iou_control {
	__u32 stop_requested; /* set by the tool: finish in your own way, soon */
	__u32 stop_reason;    /* enum iou_stop_reason */
	__u32 stop_errno;     /* positive, or 0 */
	/*
	 * Requests per step, at most. Writable on purpose: the verifier would walk a loop with a
	 * constant bound to its end and run out of instructions.
	 */
	__u32 step_budget;
	__u64 steps;
	__s64 in_flight; /* requests submitted, less completions consumed */
	char stop_text[96];
};

struct iou_control iou_control = {.step_budget = 1024};

/*
 * ---- The ring -----------------------------------------------------------------------------
 *
 * Lives on the program's stack for one step, and so do the pointers into the regions.
 */
struct iou_ring {
	struct iou_ctx *ctx;
	struct iou_loop_params *params;
	struct io_uring_sqe *sqes;
	void *rings;
	/*
	 * Ahead of the shared one until iou_cq_publish(). Only its lower half is an index; it has
	 * 64 bits so that the compiler need not cut it down after each increment.
	 */
	__u64 cq_head;
	__u32 sq_tail; /* next free SQE; with SQ_REWIND: SQEs added so far */
	__u32 queued;  /* SQEs added and not submitted */
	__u32 sq_mask;
	__u32 cq_mask;
	__u32 cq_tail_off, cq_head_off, sq_tail_off, sq_head_off, cqes_off;
	__s64 in_flight; /* by how much this step changed it */
	bool rewind; /* IORING_SETUP_SQ_REWIND: a constant to the compiler in each copy of a step */
};

/* CQEs that are read, and freed, as one block where their ring allows it. */
#define IOU_CQ_BLOCK 32

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

static __always_inline int iou_ring_begin(struct iou_ring *ring, struct iou_ctx *ctx,
					  struct iou_loop_params *params)
{
	__u32 sq_entries = iou_geometry.sq_entries, cq_entries = iou_geometry.cq_entries;

	ring->ctx = ctx;
	ring->params = params;
	ring->sq_mask = sq_entries - 1;
	ring->cq_mask = cq_entries - 1;
	ring->cqes_off = iou_geometry.cqes_off;
	ring->cq_head_off = iou_geometry.cq_head_off;
	ring->cq_tail_off = iou_geometry.cq_tail_off;
	ring->sq_head_off = iou_geometry.sq_head_off;
	ring->sq_tail_off = iou_geometry.sq_tail_off;
	ring->sqes = (void *)bpf_io_uring_get_region(
		ctx, IOU_REGION_SQ, (__u64)sq_entries * sizeof(struct io_uring_sqe));
	ring->rings = bpf_io_uring_get_region(ctx, IOU_REGION_CQ,
					      ring->cqes_off + (__u64)cq_entries *
								       sizeof(struct io_uring_cqe));
	if (!ring->sqes || !ring->rings)
		return -1;
	ring->cq_head = iou_load((__u32 *)(ring->rings + ring->cq_head_off));
	iou_opaque(ring->cq_head);
	ring->sq_tail = 0;
	ring->queued = 0;
	ring->in_flight = 0;
	/* It starts at 0 in each io_uring_enter(2), so that an unset one can sleep for ever. */
	params->cq_wait_idx = (__u32)ring->cq_head;
	return 0;
}

/* Give the CQEs consumed so far back to the kernel: one store, best once per block. */
static __always_inline void iou_cq_publish(struct iou_ring *ring)
{
	__u32 *head = ring->rings + ring->cq_head_off;

	iou_store(head, (__u32)ring->cq_head);
	/*
	 * Read back, it is any number to the verifier: had it counted on, no two rounds of a loop
	 * would look alike to it, and it would walk them all.
	 */
	ring->cq_head = iou_load(head);
	iou_opaque(ring->cq_head);
}

static __always_inline void iou_ring_end(struct iou_ring *ring)
{
	iou_cq_publish(ring);
	iou_control.in_flight += ring->in_flight;
	iou_control.steps++;
}

/*
 * ---- Submitting ---------------------------------------------------------------------------
 *
 * A batch is begun, gets its SQEs, and is submitted:
 *
 *	iou_batch_begin(ring);
 *	while (… && (sqe = iou_batch_add(ring)))
 *		iou_prep_nop(sqe);
 *	ret = iou_batch_submit(ring);
 *
 * On a ring with SQ_REWIND each batch starts at SQE 0, and an SQE keeps what was put into it:
 * a loop that sends the same request again only rewrites what changes. On other rings the tail
 * moves on and the SQ array stays the identity that the tool filled it with.
 */
static __always_inline void iou_batch_begin(struct iou_ring *ring)
{
	ring->queued = 0;
	ring->sq_tail = 0;
	if (!ring->rewind)
		ring->sq_tail = iou_load((__u32 *)(ring->rings + ring->sq_tail_off));
}

/* The next SQE of the batch, with whatever it last held; NULL when the SQ is full. */
static __always_inline struct io_uring_sqe *iou_batch_add(struct iou_ring *ring)
{
	__u32 used = ring->queued;

	if (!ring->rewind)
		used = ring->sq_tail + ring->queued -
		       iou_load((__u32 *)(ring->rings + ring->sq_head_off));
	if (used > ring->sq_mask)
		return NULL;
	return &ring->sqes[(ring->sq_tail + ring->queued++) & ring->sq_mask];
}

/*
 * How many SQEs the kernel took, or -errno. A request that fails at once ends a batch early: what
 * was behind it is not taken, stays where it was put, and is not sent by itself later. A new
 * batch starts in its place.
 */
static __always_inline int iou_batch_submit(struct iou_ring *ring)
{
	int ret;

	if (!ring->rewind)
		iou_store((__u32 *)(ring->rings + ring->sq_tail_off), ring->sq_tail + ring->queued);
	ret = bpf_io_uring_submit_sqes(ring->ctx, ring->queued);
	/* All of them as a rule, so that the compiler can sum up over several batches. */
	ring->in_flight += ring->queued;
	if (ret != (int)ring->queued) {
		__u32 taken = ret > 0 ? ret : 0;

		ring->in_flight -= ring->queued - taken;
		/* Take back the rest, which the next submit would send before its own. */
		if (!ring->rewind)
			iou_store((__u32 *)(ring->rings + ring->sq_tail_off),
				  ring->sq_tail + taken);
	}
	return ret;
}

/* All 64 bytes, as liburing's io_uring_prep_nop(). */
static __always_inline void iou_prep_nop(struct io_uring_sqe *sqe)
{
	__u64 *words = (__u64 *)sqe;

	words[0] = IORING_OP_NOP;
	((__s32 *)sqe)[1] = -1;
	iou_repeat(i, sizeof(*sqe) / sizeof(*words) - 1)
		words[i + 1] = 0;
}

/*
 * ---- Completions --------------------------------------------------------------------------
 *
 * The kernel posts CQEs at the tail; a loop looks at them from cq_head on and is done with one
 * when it says iou_cqe_seen(). Their slots go back to the kernel at the end of the step, or
 * before by iou_cq_publish(). Requests that finish inline (a NOP, a page-cached read) have posted
 * theirs when iou_batch_submit() returns; all others are there in a later step, never by looking
 * again within this one.
 */

/* Whether there is a CQE at the head. */
static __always_inline bool iou_cq_has(const struct iou_ring *ring)
{
	return iou_load((__u32 *)(ring->rings + ring->cq_tail_off)) != (__u32)ring->cq_head;
}

/* The CQE at the head, or NULL. */
static __always_inline struct io_uring_cqe *iou_cqe_peek(const struct iou_ring *ring)
{
	struct io_uring_cqe *cqes = ring->rings + ring->cqes_off;

	return iou_cq_has(ring) ? &cqes[ring->cq_head & ring->cq_mask] : NULL;
}

/* Go on to the next CQE. */
static __always_inline void iou_cqe_seen(struct iou_ring *ring)
{
	ring->cq_head++;
	iou_opaque(ring->cq_head);
	ring->in_flight--;
}

/*
 * The IOU_CQ_BLOCK slots from the head on, side by side, so that their addresses are constants
 * apart; NULL where the head is not at the start of a block or the CQ is smaller than one. A slot
 * may be read once iou_cq_has() says so and the ones before it were seen.
 */
static __always_inline struct io_uring_cqe *iou_cq_block(const struct iou_ring *ring)
{
	struct io_uring_cqe *cqes = ring->rings + ring->cqes_off;
	__u64 head = ring->cq_head;

	if (ring->cq_mask < IOU_CQ_BLOCK - 1 || head % IOU_CQ_BLOCK)
		return NULL;
	/* Else LLVM 19 leaves out the last mask, having just seen that it changes nothing; but
	 * the verifier has not, and needs it. */
	iou_opaque(head);
	return &cqes[head & ring->cq_mask & ~(IOU_CQ_BLOCK - 1)];
}

/*
 * ---- Ending a step ------------------------------------------------------------------------
 */

/*
 * Sleep until @nr CQEs from the head on are there, which is a hint: a step may come early and
 * find fewer. No more than the CQ can hold are waited for, since a wait that a full CQ cannot
 * end would spin with the ring's lock held.
 */
static __always_inline int iou_wait(struct iou_ring *ring, __u32 nr)
{
	__u32 most = ring->cq_mask + 1;

	ring->params->cq_wait_idx = (__u32)ring->cq_head + (nr < most ? nr : most);
	return IOU_LOOP_CONTINUE;
}

/* Another step at once. */
static __always_inline int iou_again(struct iou_ring *ring)
{
	ring->params->cq_wait_idx = (__u32)ring->cq_head;
	return IOU_LOOP_CONTINUE;
}

static __always_inline int iou_done(struct iou_ring *ring)
{
	iou_control.stop_reason = IOU_STOP_DONE;
	return IOU_LOOP_STOP;
}

/* Whether the tool asks the loop to finish; a loop that does returns iou_interrupted(). */
static __always_inline bool iou_stop_requested(void)
{
	return iou_load(&iou_control.stop_requested);
}

static __always_inline int iou_interrupted(struct iou_ring *ring)
{
	iou_control.stop_reason = IOU_STOP_INTERRUPTED;
	return IOU_LOOP_STOP;
}

/* Stop with @errnum (positive) and @text, a string literal that says what failed. */
#define IOU_FAIL(ring, errnum, text)                                          \
	({                                                                    \
		_Static_assert(sizeof(text) <= sizeof(iou_control.stop_text), \
			       "the text is too long");                       \
		iou_control.stop_reason = IOU_STOP_FAILED;                    \
		iou_control.stop_errno = (__u32)(errnum);                     \
		__builtin_memcpy(iou_control.stop_text, text, sizeof(text));  \
		(int)IOU_LOOP_STOP;                                           \
	})

/*
 * The loop @name (dashes for its underscores), whose step is @fn, described by @text, with the
 * ring sizes that suit it. The step is compiled twice, once for each form of the SQ; the
 * verifier drops the one that the ring is not of.
 */
#define IOU_LOOP(name, fn, text, sq, cq)                                                      \
	SEC("struct_ops.s/loop_step")                                                         \
	int BPF_PROG(name##_loop, struct iou_ctx *ctx_, struct iou_loop_params *params)       \
	{                                                                                     \
		struct iou_ring ring;                                                         \
		int verdict;                                                                  \
                                                                                              \
		if (iou_ring_begin(&ring, ctx_, params))                                      \
			return IOU_FAIL(&ring, 22, "the ring is smaller than was said");      \
		if (iou_geometry.setup_flags & IORING_SETUP_SQ_REWIND) {                      \
			ring.rewind = true;                                                   \
			verdict = fn(&ring);                                                  \
		} else {                                                                      \
			ring.rewind = false;                                                  \
			verdict = fn(&ring);                                                  \
		}                                                                             \
		iou_ring_end(&ring);                                                          \
		return verdict;                                                               \
	}                                                                                     \
	SEC(".struct_ops.link")                                                               \
	struct io_uring_bpf_ops name IOU_TAG("iou:loop;sq=" #sq ";cq=" #cq ";help=" text) = { \
		.loop_step = (void *)name##_loop,                                             \
	}
