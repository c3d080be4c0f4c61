// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * copy: a file to a file, `depth` blocks at a time, each of which is read, then written. Blocks of
 * files go their ways as they come; what has no offsets, such as a pipe, is read or written in
 * order and one block at a time.
 *
 * A block's number is the user_data of its requests. What is to be submitted waits in a queue, and
 * leaves it when the kernel took it.
 */
#include <iouctl/loop.bpf.h>

#define DEPTH_MAX 1024
#define ALL 9223372036854775807

IOU_PARAM_FLAG(direct, 0, "go past the page cache (O_DIRECT)");
IOU_PARAM_INFILE_DIRECT(in, "", direct, "the file to read; -: standard input");
IOU_PARAM_OUTFILE_DIRECT(out, "", direct, "the file to write; -: standard output");
IOU_PARAM_SIZE(bs, 131072, 1, 16777216, "how much to read and write at a time");
IOU_PARAM_U32(depth, 8, 1, 1024, "blocks", "how many blocks are under way at a time");
IOU_PARAM_SIZE(offset, 0, 0, 9223372036854775807, "where in the file that is read to begin");
IOU_PARAM_SIZE(seek, 0, 0, 9223372036854775807, "where in the file that is written to begin");
IOU_PARAM_SIZE(length, ALL, 0, 9223372036854775807, "how much to copy at most");
IOU_PARAM_FLAG(fsync, 0, "end when it is on the disk");
IOU_PARAM_BUFFERS(blocks, depth, bs, "where a block is until it is written");

IOU_PROGRESS(copied, in, "bytes", "written to out");
IOU_COUNTER(reads, "requests", "reads that came to something");
IOU_COUNTER(writes, "requests", "writes that came to something");
IOU_COUNTER(continued, "requests", "reads and writes that were short and went on");
IOU_GAUGE(in_flight_max, "requests", "most requests in flight");

enum state { IDLE, READING, HELD, WRITING };

static struct block {
	__u64 at;   /* where it is, from the beginning of the copy */
	__u32 want; /* bytes to read */
	__u32 have; /* bytes read */
	__u32 gone; /* bytes written */
	__u32 state;
	__u32 poll; /* wait until the file is ready, before the next request */
} list[DEPTH_MAX];

/* Requests of no block. */
#define CANCEL DEPTH_MAX
#define FINISH (DEPTH_MAX + 1)

/* What is to be submitted: a block each, or one of the others. */
#define TODO_MAX (2 * DEPTH_MAX)
static __u32 todo[TODO_MAX], todo_head, todo_tail;

/* Blocks that nothing is in. */
static __u32 idle[DEPTH_MAX], idle_head, idle_tail;

/* Where blocks that have to be written in order are, by their number from the beginning. */
static __u32 turns[DEPTH_MAX], turn_head, turn_tail;

static __u64 next_at;       /* where the next block begins */
static __u64 end_at = ALL;  /* where a read found nothing, or failed */
static __u64 written_to;    /* the end of what was written */
static __u32 reading;       /* blocks in state READING */
static __u64 in_flight;     /* requests */
static __u32 writing;       /* blocks in state WRITING */
static bool started, ended; /* ended: no more blocks are begun */
static bool cancelled;      /* the read was asked to end */
static __u32 last_read;     /* the block that was begun last: the one, with an order to keep */

enum finish { COPYING, CUTTING, SYNCING, FINISHED };
static __u32 finish;

/* The first thing that went wrong. The rest of what is in flight is waited for, so that the
 * counters are true. */
enum why { NOTHING, CANNOT_READ, CANNOT_WRITE, CANNOT_CUT, CANNOT_SYNC };
static __u32 why, why_errno;

static __always_inline void fail(__u32 what, __s32 res)
{
	if (why == NOTHING) {
		why = what;
		why_errno = -res;
	}
	ended = true;
}

static __always_inline void submit_later(__u32 nr)
{
	todo[todo_tail++ % TODO_MAX] = nr;
}

static __always_inline void make_idle(struct block *block, __u32 nr)
{
	block->state = IDLE;
	idle[idle_tail++ % DEPTH_MAX] = nr;
}

/* What was read beyond the end, before another block found it, is not copied. */
static __always_inline void trim(struct block *block)
{
	if (block->at >= end_at)
		block->have = 0;
	else if (block->have > end_at - block->at)
		block->have = end_at - block->at;
}

static __always_inline void end_here(const struct block *block)
{
	if (block->at + block->have < end_at)
		end_at = block->at + block->have;
}

/* ---- Writing ---- */

static __always_inline void start_write(struct block *block, __u32 nr)
{
	block->state = WRITING;
	writing++;
	submit_later(nr);
}

/* With an order to keep: the next one, if it was read and none is being written. */
static __always_inline void write_next(void)
{
	iou_forever {
		__u32 nr = turns[turn_head % DEPTH_MAX];
		struct block *block = &list[nr % DEPTH_MAX];

		if (writing || turn_head == turn_tail || block->state != HELD)
			break;
		turn_head++;
		/* The blocks before it have all been read. */
		trim(block);
		if (block->have && why != CANNOT_WRITE) {
			start_write(block, nr);
			break;
		}
		make_idle(block, nr);
	}
}

static __always_inline void took_write(struct block *block, __u32 nr, __s32 res)
{
	if (res > 0) {
		writes++;
		block->gone += res;
		copied += res;
		if (block->at + block->gone > written_to)
			written_to = block->at + block->gone;
		if (block->gone < block->have) {
			continued++;
			submit_later(nr);
			return;
		}
	} else {
		fail(CANNOT_WRITE, res ? res : -5);
	}
	writing--;
	make_idle(block, nr);
}

/* ---- Reading ---- */

/* All was read of a block that there is. */
static __always_inline void end_read(struct block *block, __u32 nr)
{
	reading--;
	if (!in.seeks)
		next_at = block->at + block->have;
	trim(block);
	if (!out.seeks)
		block->state = HELD;
	else if (block->have && why != CANNOT_WRITE)
		start_write(block, nr);
	else
		make_idle(block, nr);
}

static __always_inline void took_read(struct block *block, __u32 nr, __s32 res)
{
	if (res > 0) {
		reads++;
		block->have += res;
		if (in.seeks && block->have < block->want) {
			continued++;
			submit_later(nr);
			return;
		}
	} else if (res == 0) {
		end_here(block);
		ended = true;
	} else if (!cancelled) {
		/* A pipe would carry on behind the gap as if there were none. */
		end_here(block);
		fail(CANNOT_READ, res);
	}
	end_read(block, nr);
}

static __always_inline void start_read(__u64 room)
{
	__u32 nr = idle[idle_head % DEPTH_MAX];
	struct block *block = &list[nr % DEPTH_MAX];

	idle_head++;
	if (!out.seeks)
		turns[turn_tail++ % DEPTH_MAX] = nr;
	block->at = next_at;
	block->want = room < bs ? room : bs;
	block->have = 0;
	block->gone = 0;
	block->poll = 0;
	block->state = READING;
	reading++;
	last_read = nr;
	if (in.seeks)
		next_at += block->want;
	submit_later(nr);
}

/* Begin as many blocks as may be under way. Past the size that the file had, one at a time looks
 * whether there is more. */
static __always_inline void start_reads(void)
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
		start_read(length - next_at);
	}
}

/* ---- Requests and completions ---- */

/* With O_DIRECT, if all that it wants to be aligned is; the rest of a file is not. */
static __always_inline int fd_for(const volatile struct iou_file *file, __u64 at, __u64 addr,
				  __u32 len)
{
	if (file->direct_fd >= 0 && (at | addr | len) % IOU_DIRECT_ALIGN == 0)
		return file->direct_fd;
	return file->fd;
}

static __always_inline void prep_block(struct io_uring_sqe *sqe, struct block *block, __u32 nr)
{
	__u64 addr = blocks.addr + nr * bs, at;
	bool is_write = block->state == WRITING;
	__u32 len;

	if (block->poll) {
		/* POLLIN and POLLOUT. */
		io_uring_prep_poll_add(sqe, is_write ? out.fd : in.fd, is_write ? 4 : 1);
	} else if (is_write) {
		at = seek + block->at + block->gone;
		addr += block->gone;
		len = block->have - block->gone;
		io_uring_prep_write_fixed(sqe, fd_for(&out, at, addr, len), addr, len,
					  out.seeks ? at : -1, blocks.first + nr);
	} else {
		at = offset + block->at + block->have;
		addr += block->have;
		len = block->want - block->have;
		io_uring_prep_read_fixed(sqe, fd_for(&in, at, addr, len), addr, len,
					 in.seeks ? at : -1, blocks.first + nr);
	}
}

static __always_inline void prep(struct io_uring_sqe *sqe, __u32 nr)
{
	if (nr == CANCEL)
		io_uring_prep_cancel64(sqe, last_read, 0);
	else if (nr == FINISH && finish == CUTTING)
		io_uring_prep_ftruncate(sqe, out.fd, seek + end_at);
	else if (nr == FINISH)
		io_uring_prep_fsync(sqe, out.fd, 0);
	else
		prep_block(sqe, &list[nr % DEPTH_MAX], nr % DEPTH_MAX);
	sqe->user_data = nr;
}

static __always_inline void took_finish(__s32 res)
{
	/* A device has no size to set. */
	if (finish == CUTTING && res == 0)
		copied = end_at;
	else if (finish == CUTTING && res < 0 && res != -22)
		fail(CANNOT_CUT, res);
	else if (finish == SYNCING && res < 0)
		fail(CANNOT_SYNC, res);
}

static __always_inline void took(__u64 nr, __s32 res)
{
	struct block *block = &list[nr % DEPTH_MAX];

	in_flight--;
	if (nr >= DEPTH_MAX) {
		if (nr == FINISH)
			took_finish(res);
		return;
	}
	nr %= DEPTH_MAX;
	if (block->poll && !cancelled) {
		block->poll = 0;
		submit_later(nr);
	} else if (res == -11 && !cancelled) { /* EAGAIN: its other users want it not to wait */
		block->poll = 1;
		submit_later(nr);
	} else if (res == -4 && !cancelled) { /* EINTR */
		submit_later(nr);
	} else if (block->state == WRITING) {
		took_write(block, nr, res);
	} else if (block->state == READING) {
		took_read(block, nr, block->poll ? -125 : res);
	}
}

static __always_inline void reap(struct iou_ring *ring)
{
	__u32 left = iou_control.step_budget;
	struct io_uring_cqe *cqe;

	iou_forever {
		__u64 nr;
		__s32 res;

		cqe = iou_cqe_peek(ring);
		if (!cqe || !left)
			break;
		nr = cqe->user_data;
		res = cqe->res;
		iou_cqe_seen(ring);
		took(nr, res);
		left--;
		iou_forget(left);
		iou_forget(ring->cq_head);
	}
}

/* A step may take 20 ms, and what is in the page cache is copied within it. */
#define STEP_BYTES 4194304

/* How many requests were submitted, or -errno. */
static __always_inline int send(struct iou_ring *ring)
{
	__u32 head = todo_head, bytes = 0;
	struct io_uring_sqe *sqe;
	int taken;

	iou_batch_begin(ring);
	iou_forever {
		if (head == todo_tail || bytes >= STEP_BYTES)
			break;
		sqe = iou_batch_add(ring);
		if (!sqe)
			break;
		prep(sqe, todo[head % TODO_MAX]);
		bytes += sqe->len;
		head++;
		iou_forget(head);
		iou_forget(bytes);
		iou_forget(ring->queued);
	}
	if (head == todo_head)
		return 0;
	taken = iou_batch_submit(ring);
	if (taken > 0) {
		todo_head += taken;
		in_flight += taken;
		if (in_flight > in_flight_max)
			in_flight_max = in_flight;
	}
	return taken;
}

/* Nothing is left to read or write. What is to be done after it, one by one. */
static __always_inline int end(struct iou_ring *ring)
{
	bool stop = iou_stop_requested();

	if (why == CANNOT_READ)
		return IOU_FAIL(ring, why_errno, "cannot read from 'in'");
	if (why == CANNOT_WRITE)
		return IOU_FAIL(ring, why_errno, "cannot write to 'out'");
	if (why == CANNOT_CUT)
		return IOU_FAIL(ring, why_errno, "cannot cut 'out' to its size");
	if (why == CANNOT_SYNC)
		return IOU_FAIL(ring, why_errno, "cannot get 'out' to the disk");
	finish++;
	if (finish == CUTTING && !(out.seeks && end_at < written_to))
		finish++;
	if (finish == SYNCING && (!fsync || stop))
		finish++;
	if (finish >= FINISHED)
		return stop ? iou_interrupted(ring) : iou_done(ring);
	submit_later(FINISH);
	return IOU_LOOP_CONTINUE;
}

/* 0, or the verdict of a step that ends the loop. */
static __always_inline int start(struct iou_ring *ring)
{
	if (offset && !in.seeks)
		return IOU_FAIL(ring, 29, "'in' has no offsets: offset is not possible");
	if (seek && !out.seeks)
		return IOU_FAIL(ring, 29, "'out' has no offsets: seek is not possible");
	if (direct && (bs | offset | seek) % IOU_DIRECT_ALIGN)
		return IOU_FAIL(ring, 22, "direct needs bs, offset and seek in multiples of 4096");
	iou_forever {
		if (idle_tail >= depth)
			break;
		make_idle(&list[idle_tail % DEPTH_MAX], idle_tail);
	}
	started = true;
	return 0;
}

static __always_inline int step(struct iou_ring *ring)
{
	int ret;

	if (!started) {
		ret = start(ring);
		if (ret)
			return ret;
	}
	reap(ring);
	if (iou_stop_requested())
		ended = true;
	/* Nobody may ever write into the pipe, or type. */
	if ((why || iou_stop_requested()) && reading && !in.seeks && !cancelled) {
		cancelled = true;
		submit_later(CANCEL);
	}
	if (!out.seeks)
		write_next();
	start_reads();
	if (!in_flight && todo_head == todo_tail) {
		ret = end(ring);
		if (ret != IOU_LOOP_CONTINUE)
			return ret;
	}
	ret = send(ring);
	if (ret <= 0 && !in_flight)
		return IOU_FAIL(ring, ret ? -ret : 5, "the kernel does not take a request");
	return iou_wait(ring, 1);
}

IOU_LOOP(copy, step, "copies a file, some blocks at a time", depth, 2 * depth);
