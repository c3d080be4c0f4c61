/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The ring as a loop has it. Included by <iouctl/loop.bpf.h>. */
#pragma once

#include <iouctl/declare.bpf.h>
#include <iouctl/prep.bpf.h>
#include <iouctl/trace.h>

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
	__u64 mem_size; /* of IOU_REGION_MEM, in bytes */
	__u32 sq_mask_off;
	__u32 cq_mask_off;
	__u32 sq_array_off; /* 0: there is none */
	__u32 rings_size;   /* of IOU_REGION_CQ as far as a loop looks into it, in bytes */
	__u32 sq_flags_off; /* IORING_SQ_* */
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
	__u64 trace_sequence; /* SQEs and CQEs that were traced or lost */
	__u64 trace_lost;     /* those for which the ring buffer had no room */
	__u64 scratch;        /* for iou_forget() */
};

struct iou_control iou_control = {.step_budget = 1024};

/*
 * Make @var, a number in the loop's own hands, any number to the verifier, by taking it to memory
 * and back. What counts the rounds of an iou_forever needs it, or no two rounds look alike to the
 * verifier, which then walks them all and gives up.
 */
#define iou_forget(var)                               \
	do {                                          \
		iou_store(&iou_control.scratch, var); \
		var = iou_load(&iou_control.scratch); \
	} while (0)

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
	void *mem; /* IOU_REGION_MEM, or NULL for a loop that asks for none */
	/*
	 * Ahead of the shared one until iou_cq_publish(). Only its lower half is an index; it has
	 * 64 bits so that the compiler need not cut it down after each increment.
	 */
	__u64 cq_head;
	__u32 sq_tail; /* next free SQE; with SQ_REWIND: SQEs added so far */
	__u32 queued;  /* SQEs added and not submitted */
	__u32 timers;  /* those of them that iou_prep_timer() made */
	__u32 sq_mask;
	__u32 cq_mask;
	__u32 cq_tail_off, cq_head_off, sq_tail_off, sq_head_off, cqes_off;
	__s64 in_flight; /* by how much this step changed it */
	bool rewind;     /* IORING_SETUP_SQ_REWIND: a constant to the compiler, unless traced */
	bool trace;      /* always a constant to it */
};

/* CQEs that are read, and freed, as one block where their ring allows it. */
#define IOU_CQ_BLOCK 32

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
	ring->mem = NULL;
	if (iou_geometry.mem_size) {
		ring->mem = bpf_io_uring_get_region(ctx, IOU_REGION_MEM, iou_geometry.mem_size);
		if (!ring->mem)
			return -1;
	}
	ring->cq_head = iou_load((__u32 *)(ring->rings + ring->cq_head_off));
	iou_opaque(ring->cq_head);
	ring->sq_tail = 0;
	ring->queued = 0;
	ring->timers = 0;
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
 * ---- Trace --------------------------------------------------------------------------------
 *
 * Only in the copy of the step that is traced, which an object that defines IOU_NO_TRACE before
 * it includes the header does not have. A function of its own each: the ring's struct stays in
 * registers only as long as nobody has its address.
 */
#ifndef IOU_NO_TRACE
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, IOU_TRACE_SIZE);
} iou_trace SEC(".maps");

static __always_inline void iou_trace_add(__u32 kind, const __u64 *data, __u32 words, __u64 now)
{
	struct iou_trace_record *record = bpf_ringbuf_reserve(&iou_trace, sizeof(*record), 0);
	__u64 sequence = iou_control.trace_sequence++;

	if (!record) {
		iou_control.trace_lost++;
		return;
	}
	record->time_ns = now;
	record->sequence = sequence;
	record->kind = kind;
	record->reserved = 0;
	iou_repeat(i, 8)
		record->data[i] = i < words ? data[i] : 0;
	bpf_ringbuf_submit(record, BPF_RB_NO_WAKEUP);
}

/*
 * Not static: the verifier looks at such a function once, by itself, and not at what it may do in
 * each place where it is called. A loop is so no harder to verify for being traced.
 */
__noinline int iou_trace_sqe(const struct io_uring_sqe *sqe, __u64 now)
{
	if (sqe)
		iou_trace_add(IOU_TRACE_SQE, (const __u64 *)sqe, 8, now);
	return 0;
}

__noinline int iou_trace_cqe(const struct io_uring_cqe *cqe)
{
	if (cqe)
		iou_trace_add(IOU_TRACE_CQE, (const __u64 *)cqe, 2, bpf_ktime_get_ns());
	return 0;
}

/* @nr SQEs from index @first on were taken. */
static __noinline int iou_trace_sqes(const struct io_uring_sqe *sqes, __u32 first, __u32 nr,
				     __u64 now)
{
	__u32 mask = iou_geometry.sq_entries - 1, i = 0;

	iou_forever {
		if (i >= nr)
			break;
		iou_trace_sqe(&sqes[(first + i) & mask], now);
		i++;
		iou_forget(i);
	}
	return 0;
}

/*
 * Whether the reader of the trace is behind: the step is then put off, so that nothing is lost
 * but what one step alone has too much of. One that is asked to stop is not: nobody may read it.
 */
static __noinline bool iou_trace_is_behind(void)
{
	return bpf_ringbuf_query(&iou_trace, BPF_RB_AVAIL_DATA) > IOU_TRACE_SIZE / 2;
}
#else
static __always_inline int iou_trace_sqes(const struct io_uring_sqe *sqes, __u32 first, __u32 nr,
					  __u64 now)
{
	return 0;
}

static __always_inline int iou_trace_cqe(const struct io_uring_cqe *cqe)
{
	return 0;
}

static __always_inline bool iou_trace_is_behind(void)
{
	return false;
}
#endif

/*
 * ---- Submitting ---------------------------------------------------------------------------
 *
 * A batch is begun, gets its SQEs, and is submitted:
 *
 *	iou_batch_begin(ring);
 *	while (… && (sqe = iou_batch_add(ring)))
 *		io_uring_prep_nop(sqe);
 *	ret = iou_batch_submit(ring);
 *
 * On a ring with SQ_REWIND each batch starts at SQE 0, and an SQE keeps what was put into it:
 * a loop that sends the same request again only rewrites what changes. On other rings the tail
 * moves on and the SQ array stays the identity that the tool filled it with.
 */
static __always_inline void iou_batch_begin(struct iou_ring *ring)
{
	ring->queued = 0;
	ring->timers = 0;
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
 * On a ring with SQ_REWIND: begin the batch with the first @nr SQEs as an earlier batch left them.
 * Each is sent again, and costs nothing to fill in.
 */
static __always_inline void iou_batch_keep(struct iou_ring *ring, __u32 nr)
{
	ring->queued = nr <= ring->sq_mask ? nr : ring->sq_mask + 1;
}

/* How many of @nr SQEs from index @first on are timers. */
static __noinline __u32 iou_timers_in(const struct io_uring_sqe *sqes, __u32 first, __u32 nr)
{
	__u32 mask = iou_geometry.sq_entries - 1, i = 0, found = 0;

	iou_forever {
		const struct io_uring_sqe *sqe = &sqes[(first + i) & mask];

		if (i >= nr)
			break;
		if (sqe->opcode == IORING_OP_TIMEOUT && sqe->flags & IOSQE_CQE_SKIP_SUCCESS)
			found++;
		i++;
		iou_forget(i);
		iou_forget(found);
	}
	return found;
}

/*
 * How many SQEs the kernel took, or -errno. A request that fails at once ends a batch early: what
 * was behind it is not taken, stays where it was put, and is not sent by itself later. A new
 * batch starts in its place.
 */
static __always_inline int iou_batch_submit(struct iou_ring *ring)
{
	__u64 now = 0;
	int ret;

	if (ring->trace)
		now = bpf_ktime_get_ns();

	if (!ring->rewind)
		iou_store((__u32 *)(ring->rings + ring->sq_tail_off), ring->sq_tail + ring->queued);
	ret = bpf_io_uring_submit_sqes(ring->ctx, ring->queued);
	if (ring->trace && ret > 0)
		iou_trace_sqes(ring->sqes, ring->sq_tail, ret, now);
	/* All of them as a rule, so that the compiler can sum up over several batches. */
	ring->in_flight += ring->queued;
	ring->in_flight -= ring->timers;
	if (ret != (int)ring->queued) {
		__u32 taken = ret > 0 ? ret : 0;

		ring->in_flight -= ring->queued - taken;
		if (ring->timers)
			ring->in_flight += iou_timers_in(ring->sqes, ring->sq_tail + taken,
							 ring->queued - taken);
		/* Take back the rest, which the next submit would send before its own. */
		if (!ring->rewind)
			iou_store((__u32 *)(ring->rings + ring->sq_tail_off),
				  ring->sq_tail + taken);
	}
	return ret;
}

/*
 * A timer that goes off once, in @ns nanoseconds: a request without a CQE, which only makes the
 * kernel take another step. The loop looks at the clock (bpf_ktime_get_ns()) to see that it is
 * time, and looks at it first before it submits the timer: later, it might find it to be a moment
 * too early when the timer went off, and sleep on. It is no request in flight to the statistics,
 * unless it is cancelled, which posts a CQE.
 */
static __always_inline void iou_prep_timer(struct iou_ring *ring, struct io_uring_sqe *sqe,
					   struct iou_timer *timer, __u64 ns)
{
	timer->tv_sec = ns / 1000000000;
	timer->tv_nsec = ns % 1000000000;
	io_uring_prep_timeout(sqe, timer->addr, 0, IORING_TIMEOUT_ETIME_SUCCESS);
	sqe->flags = IOSQE_CQE_SKIP_SUCCESS;
	ring->timers++;
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

/* How many CQEs there are from the head on. */
static __always_inline __u32 iou_cq_ready(const struct iou_ring *ring)
{
	return iou_index_ready((__u32)ring->cq_head,
			       iou_load((__u32 *)(ring->rings + ring->cq_tail_off)));
}

/* Where the kernel puts the next CQE: as many more as this grows by have been posted. */
static __always_inline __u32 iou_cq_tail(const struct iou_ring *ring)
{
	return iou_load((__u32 *)(ring->rings + ring->cq_tail_off));
}

/* How many CQEs there is room for, of those that were seen and published; 0 where some wait for
 * room already. What a submission posts at once is there when it returns if there is room for it.
 */
static __always_inline __u32 iou_cq_room(const struct iou_ring *ring)
{
	if (iou_load((__u32 *)(ring->rings + iou_geometry.sq_flags_off)) & IORING_SQ_CQ_OVERFLOW)
		return 0;
	return ring->cq_mask + 1 - (iou_cq_tail(ring) - (__u32)ring->cq_head);
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
	if (ring->trace)
		iou_trace_cqe(ring->rings + ring->cqes_off +
			      (ring->cq_head & ring->cq_mask) * sizeof(struct io_uring_cqe));
	ring->cq_head++;
	iou_opaque(ring->cq_head);
	ring->in_flight--;
}

/* The CQE that was seen is not the last of its request (IORING_CQE_F_MORE): that is in flight
 * still.
 */
static __always_inline void iou_cqe_more(struct iou_ring *ring)
{
	ring->in_flight++;
}

/* @nr requests ended without a CQE, as IOSQE_CQE_SKIP_SUCCESS has them: they are in flight no more.
 */
static __always_inline void iou_silent(struct iou_ring *ring, __u32 nr)
{
	ring->in_flight -= nr;
}

/*
 * The @nr slots from the head on, a power of two and a constant, side by side, so that their
 * addresses are constants apart; NULL where the head is not at the start of such a block or the CQ
 * is smaller than one. A slot may be read once iou_cq_has() says so and the ones before it were
 * seen.
 */
static __always_inline struct io_uring_cqe *iou_cq_block_of(const struct iou_ring *ring, __u32 nr)
{
	struct io_uring_cqe *cqes = ring->rings + ring->cqes_off;
	__u64 head = ring->cq_head;

	if (ring->cq_mask < nr - 1 || head % nr)
		return NULL;
	/* Else LLVM 19 leaves out the last mask, having just seen that it changes nothing; but
	 * the verifier has not, and needs it. */
	iou_opaque(head);
	return &cqes[head & ring->cq_mask & ~(nr - 1)];
}

static __always_inline struct io_uring_cqe *iou_cq_block(const struct iou_ring *ring)
{
	return iou_cq_block_of(ring, IOU_CQ_BLOCK);
}

/* Go on behind a whole block, of which all is there. */
static __always_inline void iou_cq_block_seen(struct iou_ring *ring)
{
	__u32 i = 0;

	if (ring->trace)
		iou_forever {
			if (i >= IOU_CQ_BLOCK)
				break;
			iou_trace_cqe(ring->rings + ring->cqes_off +
				      ((ring->cq_head + i) & ring->cq_mask) *
					      sizeof(struct io_uring_cqe));
			i++;
			iou_forget(i);
		}
	ring->cq_head += IOU_CQ_BLOCK;
	iou_opaque(ring->cq_head);
	ring->in_flight -= IOU_CQ_BLOCK;
}

/*
 * ---- Memory -------------------------------------------------------------------------------
 */

/* Where @offset into what begins at @begin of the MEM region and has @size bytes is, for @length
 * bytes, a constant; NULL where they are not all in it. */
static __always_inline void *iou_mem_look(const struct iou_ring *ring, __u64 begin, __u64 size,
					  __u64 offset, __u64 length)
{
	if (!ring->mem || length > size)
		return NULL;
	iou_opaque(offset);
	if (offset > size - length)
		return NULL;
	return ring->mem + begin + offset;
}

/* The @length bytes (a constant) at @offset into the blocks, or NULL where that is outside. */
static __always_inline void *iou_mem_at(const struct iou_ring *ring,
					const volatile struct iou_mem *mem, __u64 offset,
					__u64 length)
{
	return iou_mem_look(ring, mem->offset, mem->size * mem->nr, offset, length);
}

/* The same in the provided buffer whose ID is @id. */
static __always_inline void *iou_buf_at(const struct iou_ring *ring,
					const volatile struct iou_buf_ring *bufs, __u32 id,
					__u64 offset, __u64 length)
{
	if (offset > bufs->size || length > bufs->size - offset)
		return NULL;
	return iou_mem_look(ring, bufs->offset, bufs->size * bufs->nr, id * bufs->size + offset,
			    length);
}

/* The ID of the buffer that the kernel chose for a request whose CQE has IORING_CQE_F_BUFFER. */
static __always_inline __u32 iou_buf_id(const struct io_uring_cqe *cqe)
{
	return cqe->flags >> IORING_CQE_BUFFER_SHIFT;
}

/* An entry of the ring of provided buffers, or NULL. The first one has a field to spare, which is
 * the ring's tail. */
static __always_inline struct io_uring_buf *iou_buf_entry_(const struct iou_ring *ring,
							   const volatile struct iou_buf_ring *bufs,
							   __u32 at)
{
	struct io_uring_buf *first = ring->mem + bufs->ring_offset;
	__u32 entries = bufs->entries;

	if (!ring->mem || !entries)
		return NULL;
	return &first[at & (entries - 1)];
}

/*
 * Several buffers at a time: from the tail on they are put side by side, and the kernel has them
 * when the new tail is published. What is put may be put anew until then.
 *
 *	tail = iou_buf_tail(ring, &bufs);
 *	while (…)
 *		iou_buf_put(ring, &bufs, tail++, id);
 *	iou_buf_publish(ring, &bufs, tail);
 */
static __always_inline __u16 iou_buf_tail(const struct iou_ring *ring,
					  const volatile struct iou_buf_ring *bufs)
{
	struct io_uring_buf *first = iou_buf_entry_(ring, bufs, 0);

	return first ? iou_load(&first->resv) : 0;
}

/* The address of the buffer @id, for requests; 0 where there is no such. */
static __always_inline __u64 iou_buf_put(const struct iou_ring *ring,
					 const volatile struct iou_buf_ring *bufs, __u16 at,
					 __u32 id)
{
	struct io_uring_buf *buf = iou_buf_entry_(ring, bufs, at);
	__u64 size = bufs->size, addr = bufs->addr + id * size;

	if (!buf || id >= bufs->nr)
		return 0;
	buf->addr = addr;
	buf->len = size;
	buf->bid = id;
	return addr;
}

static __always_inline void iou_buf_publish(const struct iou_ring *ring,
					    const volatile struct iou_buf_ring *bufs, __u16 tail)
{
	struct io_uring_buf *first = iou_buf_entry_(ring, bufs, 0);

	if (first)
		iou_store(&first->resv, tail);
}

/* Give the buffer @id back to the kernel, which may fill it again. -1 where there is no such. */
static __always_inline int iou_buf_give(const struct iou_ring *ring,
					const volatile struct iou_buf_ring *bufs, __u32 id)
{
	__u16 tail = iou_buf_tail(ring, bufs);

	if (!iou_buf_put(ring, bufs, tail, id))
		return -1;
	iou_buf_publish(ring, bufs, tail + 1);
	return 0;
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
	ring->params->cq_wait_idx = iou_index_wait((__u32)ring->cq_head, nr, ring->cq_mask + 1);
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

/* What the tool says of a loop that fails or refuses. */
#define IOU_SAY_(errnum, text)                                                \
	({                                                                    \
		_Static_assert(sizeof(text) <= sizeof(iou_control.stop_text), \
			       "the text is too long");                       \
		iou_control.stop_errno = (__u32)(errnum);                     \
		__builtin_memcpy(iou_control.stop_text, text, sizeof(text));  \
	})

/* Stop with @errnum (positive) and @text, a string literal that says what failed. */
#define IOU_FAIL(ring, errnum, text)                       \
	({                                                 \
		iou_control.stop_reason = IOU_STOP_FAILED; \
		IOU_SAY_(errnum, text);                    \
		(int)IOU_LOOP_STOP;                        \
	})

/* One copy of the step: @rewind and @trace are constants in all but the traced one. */
static __always_inline int iou_run_step(struct iou_ctx *ctx, struct iou_loop_params *params,
					int (*step)(struct iou_ring *ring), bool rewind, bool trace)
{
	struct iou_ring ring;
	int verdict;

	ring.rewind = rewind;
	ring.trace = trace;
	if (iou_ring_begin(&ring, ctx, params))
		return IOU_FAIL(&ring, 22, "a region is smaller than was said");
	if (trace && iou_trace_is_behind() && !iou_stop_requested())
		return IOU_LOOP_CONTINUE;
	verdict = step(&ring);
	iou_ring_end(&ring);
	return verdict;
}

/*
 * The loop @name (dashes for its underscores), whose step is @fn, described by @text. @sq and @cq
 * are the ring's entries that suit it: a number, a parameter's name, or a product of such. @flags
 * are what its ring must be set up with, or after '-' without: "-sq-rewind submit-all".
 *
 * The step is compiled into three programs, of which the tool loads the one that it needs: for a
 * ring without and one with SQ_REWIND, and to be traced. So a trace costs nothing when it is off.
 */
#define IOU_LOOP_ON(name, fn, text, sq, cq, flags)                                         \
	IOU_STEP_(name##_loop, fn, false, false)                                           \
	IOU_STEP_(name##_loop_rewind, fn, true, false)                                     \
	IOU_TRACED_STEP_(name, fn)                                                         \
	SEC(".struct_ops.link")                                                            \
	struct io_uring_bpf_ops name IOU_TAG("iou:loop;sq=" #sq ";cq=" #cq ";flags=" flags \
					     ";help=" text) = {                            \
		.loop_step = (void *)name##_loop,                                          \
	}

#define IOU_LOOP(name, fn, text, sq, cq) IOU_LOOP_ON(name, fn, text, sq, cq, "")

#define IOU_STEP_(program, fn, rewind, trace)                                       \
	SEC("struct_ops.s/loop_step")                                               \
	int BPF_PROG(program, struct iou_ctx *ctx_, struct iou_loop_params *params) \
	{                                                                           \
		return iou_run_step(ctx_, params, fn, rewind, trace);               \
	}

#ifndef IOU_NO_TRACE
#define IOU_TRACED_STEP_(name, fn) \
	IOU_STEP_(name##_loop_traced, fn, iou_geometry.setup_flags &IORING_SETUP_SQ_REWIND, true)
#else
#define IOU_TRACED_STEP_(name, fn)
#endif

/*
 * ---- Before the first step ----------------------------------------------------------------
 */

/*
 * The loop @name, whose IOU_LOOP() is above this, has a look at what it was told before it runs:
 * `static __always_inline int fn(void)` returns 0, or what IOU_REFUSE() does. All parameters and
 * resources are set then, and no file that is to be written was emptied. There is no ring. What it
 * puts into the variables of the object is there in the loop's steps.
 */
#define IOU_CHECK(name, fn)                                                         \
	_Static_assert(sizeof(name.loop_step), "IOU_CHECK() is for an IOU_LOOP()"); \
	SEC("syscall")                                                              \
	int name##_check(void *ctx)                                                 \
	{                                                                           \
		return fn();                                                        \
	}

/* What was asked for cannot be done: a usage error. @text as for IOU_FAIL(); @errnum may be 0. */
#define IOU_REFUSE(errnum, text)        \
	({                              \
		IOU_SAY_(errnum, text); \
		1;                      \
	})
