/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a file has, read ahead in up to `depth` blocks. What has no offsets, such as a pipe, is read
 * one block at a time. A loop has the blocks in order, as next_block() says, or each as soon as it
 * is HELD.
 *
 * The loop declares the parameters in, bs, depth, offset and length, the memory `blocks` (MEM, or
 * buffers, and whether they are BLOCKS_REGISTERED; a buffer each, or BLOCKS_IN_ONE, one behind the
 * other), and reads, continued and in_flight_max to count in, and then includes this. A block's
 * number is that of its request; the loop's own are BLOCKS_MAX and up.
 */
#pragma once

#include <iouctl/loop.bpf.h>

#define BLOCKS_MAX 1024
#define ALL 9223372036854775807

#ifndef QUEUE_SIZE
#define QUEUE_SIZE (2 * BLOCKS_MAX)
#endif
#include "queue.bpf.h"

enum state { IDLE, READING, HELD };

static struct block {
	__u64 at;   /* where it is, from the beginning of what is read */
	__u32 want; /* bytes to read */
	__u32 have; /* bytes read */
	__u32 state;
	__u32 poll; /* wait until the file is ready, before the next request */
} block_list[BLOCKS_MAX];

/* Blocks that nothing is in. */
static __u32 idle[BLOCKS_MAX], idle_head, idle_tail;

/* The others, in their order. */
static __u32 turns[BLOCKS_MAX], turn_head, turn_tail;

static __u64 next_at;      /* where the next block begins */
static __u64 end_at = ALL; /* where a read found nothing */
static __u32 reading;      /* blocks in state READING */
static __u32 last_read;    /* the block that was begun last */
static bool ended;         /* no more blocks are begun */
static bool cancelled;     /* the reads were asked to end */
static __u32 read_errno;   /* what a read failed with */

static __always_inline struct block *block_of(__u32 nr)
{
	return &block_list[nr % BLOCKS_MAX];
}

#ifdef BLOCKS_IN_ONE
#define BLOCK_STRIDE bs
#define BLOCK_BUFFER(nr) blocks.first
#define BLOCKS_TOO_FEW (blocks.nr && blocks.size < depth * bs)
#else
#define BLOCK_STRIDE blocks.size
#define BLOCK_BUFFER(nr) (blocks.first + (nr))
#define BLOCKS_TOO_FEW (blocks.nr < depth || blocks.size < bs)
#endif

/* A loop may have them larger, fewer, and let them end before they are full. */
#ifndef BLOCK_BYTES
#define BLOCK_BYTES bs
#define BLOCKS_NR depth
#define BLOCK_MAY_BE_SHORT false
#define BLOCK_ROOM(at, size) (length - (at))
#define BLOCK_BEGUN(nr)
#endif

/* Where block @nr is in memory. */
static __always_inline __u64 addr_of(__u32 nr)
{
	return blocks.addr + nr * BLOCK_STRIDE;
}

/* EINTR; and ERESTARTSYS, which a splice that was interrupted comes to. */
#define IS_INTR(res) ((res) == -4 || (res) == -512)

/* For the loop's check (IOU_CHECK) to end with. */
static __always_inline int blocks_check(void)
{
	/* Users may have said how many, and how large. */
	if (BLOCKS_TOO_FEW)
		return IOU_REFUSE(0, "'blocks' are fewer than depth, or smaller than bs");
	if (offset && !in.seeks)
		return IOU_REFUSE(29, "'in' has no offsets: offset is not possible");
	iou_forever {
		if (idle_tail >= BLOCKS_NR)
			break;
		idle[idle_tail % BLOCKS_MAX] = idle_tail;
		idle_tail++;
	}
	return 0;
}

/* ---- Reading ---- */

/* With O_DIRECT, if all that it wants to be aligned is; the rest of a file is not. */
static __always_inline int fd_for(const volatile struct iou_file *file, __u64 at, __u64 addr,
				  __u32 len)
{
	if (file->direct_fd >= 0 && (at | addr | len) % IOU_DIRECT_ALIGN == 0)
		return file->direct_fd;
	return file->fd;
}

static __always_inline void prep_read(struct io_uring_sqe *sqe, __u32 nr)
{
	struct block *block = block_of(nr);
	__u64 addr = addr_of(nr) + block->have;
	__u64 at = in.seeks ? offset + block->at + block->have : -1ULL;
	__u32 want = block->want - block->have;
	int fd = fd_for(&in, at, addr, want);

	if (block->poll)
		io_uring_prep_poll_add(sqe, in.fd, 1 /* POLLIN */);
#ifdef BLOCKS_REGISTERED
	else if (BLOCKS_REGISTERED)
		io_uring_prep_read_fixed(sqe, fd, addr, want, at, BLOCK_BUFFER(nr));
#endif
	else
		io_uring_prep_read(sqe, fd, addr, want, at);
}

static __always_inline void start_read(__u64 room)
{
	__u32 nr = idle[idle_head % BLOCKS_MAX];
	struct block *block = block_of(nr);

	idle_head++;
	turns[turn_tail++ % BLOCKS_MAX] = nr;
	block->at = next_at;
	block->want = room < BLOCK_BYTES ? room : BLOCK_BYTES;
	block->have = 0;
	block->poll = 0;
	block->state = READING;
	reading++;
	last_read = nr;
	if (in.seeks)
		next_at += block->want;
	submit_later(nr);
	BLOCK_BEGUN(nr);
}

/* Begin as many blocks as may be under way. Past the size that the file had, one at a time looks
 * whether there is more. */
__noinline int start_reads(void)
{
	__u64 size = in.size > offset ? in.size - offset : 0;

	iou_forever {
		if (ended || idle_head == idle_tail)
			break;
		if (next_at >= length) {
			ended = true;
			break;
		}
		if (reading && (!in.seeks || (length == ALL && next_at >= size)))
			break;
		start_read(BLOCK_ROOM(next_at, size));
	}
	return 0;
}

/* The request of block @nr came to @res. */
static __always_inline void took_read(__u32 nr, __s32 res)
{
	struct block *block = block_of(nr);

	if (cancelled && (block->poll || res == -125 || res == -11 || IS_INTR(res))) {
		ended = true; /* ECANCELED; it was asked to */
	} else if (block->poll || IS_INTR(res)) {
		block->poll = 0;
		submit_later(nr);
		return;
	} else if (res == -11 /* EAGAIN: its other users want it not to wait */) {
		block->poll = 1;
		submit_later(nr);
		return;
	} else if (res > 0) {
		reads++;
		block->have += res;
		if (in.seeks && block->have < block->want && !BLOCK_MAY_BE_SHORT) {
			continued++;
			submit_later(nr);
			return;
		}
	} else {
		/* The end, as this block saw it; what is behind an error is not to be had either.
		 */
		if (block->at + block->have < end_at)
			end_at = block->at + block->have;
		if (res && !read_errno)
			read_errno = -res;
		ended = true;
	}
	reading--;
	if (!in.seeks)
		next_at = block->at + block->have;
	block->state = HELD;
}

/* Nobody may ever write into the pipe, or type: whether to submit a request to cancel it. */
static __always_inline bool cancel_reads(void)
{
	bool now = reading && !in.seeks && !cancelled;

	ended = true;
	cancelled |= now;
	return now;
}

static __always_inline void prep_cancel_reads(struct io_uring_sqe *sqe)
{
	io_uring_prep_cancel64(sqe, last_read, 0);
}

/* ---- What was read, in order ---- */

/* What was read beyond the end, before another block found it, is not there. */
static __always_inline void trim(struct block *block)
{
	if (block->at >= end_at)
		block->have = 0;
	else if (block->have > end_at - block->at)
		block->have = end_at - block->at;
}

/* The block whose turn it is, or BLOCKS_MAX if it was not read yet. What blocks before it found no
 * more to be there is cut off. */
static __always_inline __u32 next_block(void)
{
	__u32 nr = turns[turn_head % BLOCKS_MAX];
	struct block *block = block_of(nr);

	if (turn_head == turn_tail || block->state != HELD)
		return BLOCKS_MAX;
	trim(block);
	return nr;
}

/* It need not be looked at again, and is the loop's until free_block(). */
static __always_inline void take_block(void)
{
	turn_head++;
}

static __always_inline void free_block(__u32 nr)
{
	block_of(nr)->state = IDLE;
	idle[idle_tail++ % BLOCKS_MAX] = nr;
}
