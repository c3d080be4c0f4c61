// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * copy: a file to a file, `depth` blocks at a time, each of which is read, then written. Blocks of
 * files go their ways as they come; what has no offsets, such as a pipe, is read or written in
 * order and one block at a time.
 *
 * With splice, blocks are pieces of a file in a pipe each, as large as pipe and depth allow; from
 * file to file, a piece's way into its pipe is linked to that out of it.
 */
#include <iouctl/loop.bpf.h>

IOU_PARAM_FLAG(direct, 0, "go past the page cache (O_DIRECT)");
IOU_PARAM_INFILE_DIRECT(in, "", direct, "the file to read; -: standard input");
IOU_PARAM_OUTFILE_DIRECT(out, "", direct, "the file to write; -: standard output");
IOU_PARAM_SIZE(bs, 131072, 1, 16777216, "how much to read and write at a time");
IOU_PARAM_U32(depth, 8, 1, 1024, "blocks", "how many blocks are under way at a time");
IOU_PARAM_SIZE(offset, 0, 0, 9223372036854775807, "where in the file that is read to begin");
IOU_PARAM_SIZE(seek, 0, 0, 9223372036854775807, "where in the file that is written to begin");
IOU_PARAM_SIZE(length, 9223372036854775807, 0, 9223372036854775807, "how much to copy at most");
IOU_PARAM_FLAG(fsync, 0, "end when it is on the disk");
IOU_PARAM_FLAG(splice, 0, "move pages through pipes rather than read and write");
IOU_PARAM_BUFFERS_DIRECT(blocks, !splice, depth *bs, direct,
			 "where blocks are until they are written");
IOU_PARAM_PIPES(pipes, 2 * splice, depth *bs, "the same, with splice");

IOU_PROGRESS(copied, in, "bytes", "written to out");
IOU_COUNTER(reads, "requests", "reads that came to something");
IOU_COUNTER(writes, "requests", "writes that came to something");
IOU_COUNTER(continued, "requests", "reads and writes that were short and went on");
IOU_GAUGE(in_flight_max, "requests", "most requests in flight");

/* What is written at a time at most, of more than one block. */
#define JOIN_BYTES 1048576

/* With splice: bytes of a piece, and how many there are. */
static __u64 piece_bytes;
static __u32 pieces;

static __always_inline __u64 room_at(__u64 at, __u64 size);
static __always_inline void begun(__u32 nr);

#define BLOCK_BYTES (splice ? piece_bytes : bs)
#define BLOCKS_NR (splice ? pieces : depth)
#define BLOCK_MAY_BE_SHORT splice
#define BLOCK_ROOM room_at
#define BLOCK_BEGUN begun
#define BLOCKS_IN_ONE
#define BLOCKS_REGISTERED direct
#define QUEUE_LINKS
#include "blocks.bpf.h"

/* Requests: a block's number for its read, WRITE and that for its write, and these. */
#define WRITE BLOCKS_MAX
#define CANCEL (2 * BLOCKS_MAX)
#define FINISH (CANCEL + 1)

static struct write {
	__u32 len;  /* bytes to write, of this block and those that joined it */
	__u32 gone; /* bytes of them that were written */
	__u32 more; /* blocks that joined: the next ones */
	bool poll;  /* wait until the file is ready, before the next request */
	/* With splice: it is linked to its read; or what it has is a part of its piece, of which
	 * the rest is read next. */
	bool linked, in_parts;
} writes_of[BLOCKS_MAX];

static __always_inline struct write *write_of(__u32 nr)
{
	return &writes_of[nr % BLOCKS_MAX];
}

/* The block whose write others may join: it was not submitted yet. */
#define NONE BLOCKS_MAX
static __u32 joinable = NONE;

static __u64 written_to; /* the end of what was written */
static __u32 writing;    /* blocks that are being written */
static __u32 linked;     /* pieces whose read and write are linked */
static __u32 in_parts;   /* pieces of which the rest is read, before it is another one's turn */

enum finish { COPYING, CUTTING, SYNCING, FINISHED };
static __u32 finish;

/* The first thing that went wrong. The rest of what is in flight is waited for, so that the
 * counters are true. */
enum why { NOTHING, CANNOT_READ, CANNOT_WRITE, CANNOT_CUT, CANNOT_SYNC };
static __u32 why, why_errno;

static __always_inline void fail(__u32 what, __u32 errnum)
{
	if (why == NOTHING) {
		why = what;
		why_errno = errnum;
	}
	ended = true;
}

/* ---- Through pipes ---- */

/* What a pipe is filled with at most. Pages take a place each, also parts of them. */
static __always_inline void choose_pieces(void)
{
	__u64 join = JOIN_BYTES / bs, room = pipes.size, each;

	pieces = depth < pipes.nr ? depth : pipes.nr;
	each = depth / pieces;
	if (each > join)
		each = join ?: 1;
	if ((offset | bs) % 4096 && room > 4096)
		room -= 4096;
	piece_bytes = each * bs < room ? each * bs : room;
}

/* Up to the size that the file had, a piece is there as a whole, or its link breaks. */
static __always_inline __u64 room_at(__u64 at, __u64 size)
{
	__u64 end = splice && at < size && size < length ? size : length;

	return end - at;
}

/* Piece @nr is to be read: link its write to that, if all of it will be there. */
static __always_inline void begun(__u32 nr)
{
	struct block *block = block_of(nr);
	struct write *write = write_of(nr);

	if (!splice)
		return;
	*write = (struct write){.len = block->want};
	if (!in.seeks || !out.seeks || offset + block->at + block->want > in.size)
		return;
	write->linked = true;
	linked++;
	submit_later(WRITE + nr);
}

/* One of the two has left a CQE: the other leaves none. */
static __always_inline void unlink(struct write *write)
{
	write->linked = false;
	linked--;
	silent++;
}

static __always_inline void prep_splice_in(struct io_uring_sqe *sqe, __u32 nr)
{
	struct block *block = block_of(nr);

	io_uring_prep_splice(sqe, in.fd, in.seeks ? offset + block->at : -1,
			     pipes.write_fds[nr % IOU_PIPES_MAX], -1, block->want, 0);
	/* It then leaves a CQE only if it fails, and its write one only if it does not. */
	if (write_of(nr)->linked)
		sqe->flags = IOSQE_IO_LINK | IOSQE_CQE_SKIP_SUCCESS;
}

/* Of piece @nr there was less than was asked for, and the pipe is empty again: read the rest, or
 * find out that there is none. */
static __always_inline bool read_rest(__u32 nr)
{
	struct block *block = block_of(nr);

	if (!splice || !in.seeks || why || block->have == block->want ||
	    block->at + block->have >= end_at)
		return false;
	block->at += block->have;
	block->want -= block->have;
	block->have = 0;
	block->state = READING;
	write_of(nr)->in_parts = true;
	in_parts++;
	reading++;
	continued++;
	submit_later(nr);
	return true;
}

/* ---- Writing ---- */

/*
 * Whether block @nr goes with the write that was begun last: it is behind it, in the file and in
 * memory. Through the page cache, one large write takes less than some small ones. Half of all
 * blocks stay free of it, to be read into meanwhile.
 */
static __always_inline bool join(__u32 nr)
{
	struct block *block = block_of(nr);
	struct write *write = write_of(joinable);

	if (splice || joinable == NONE || nr != joinable + write->more + 1 ||
	    block->at != block_of(joinable)->at + write->len ||
	    write->len + block->have > JOIN_BYTES || 2 * (write->more + 2) > depth)
		return false;
	write->len += block->have;
	write->more++;
	return true;
}

/* Write what block @nr has, if it has anything. */
static __always_inline void start_write(__u32 nr)
{
	__u32 have = block_of(nr)->have;

	if (!have || why == CANNOT_WRITE) {
		free_block(nr);
		return;
	}
	writing++;
	if (!join(nr)) {
		*write_of(nr) = (struct write){.len = have};
		joinable = nr;
		submit_later(WRITE + nr);
	}
	if (have < bs || direct || !out.seeks)
		joinable = NONE;
}

/* Block @nr, and those that joined it, were written, or never will be. */
static __always_inline void end_write(__u32 nr)
{
	__u32 left = write_of(nr)->more + 1;

	if (read_rest(nr)) {
		writing--;
		return;
	}
	iou_forever {
		if (!left)
			break;
		free_block(nr++);
		writing--;
		left--;
		iou_forget(nr);
		iou_forget(left);
	}
}

/* With an order to keep: the next one, if it was read and none is being written. */
static __always_inline void write_next(void)
{
	iou_forever {
		__u32 nr = next_block();

		if (writing || in_parts || nr >= BLOCKS_MAX)
			break;
		take_block();
		start_write(nr);
	}
}

static __always_inline void took_write(__u32 nr, __s32 res)
{
	struct block *block = block_of(nr);
	struct write *write = write_of(nr);

	if (write->poll || IS_INTR(res)) {
		write->poll = false;
		submit_later(WRITE + nr);
		return;
	}
	if (res == -11 /* EAGAIN: its other users want it not to wait */) {
		write->poll = true;
		submit_later(WRITE + nr);
		return;
	}
	if (res > 0) {
		writes++;
		write->gone += res;
		copied += res;
		if (block->at + write->gone > written_to)
			written_to = block->at + write->gone;
		if (write->gone < write->len) {
			continued++;
			submit_later(WRITE + nr);
			return;
		}
	} else {
		fail(CANNOT_WRITE, res ? -res : 5);
	}
	end_write(nr);
}

static __always_inline void prep_write(struct io_uring_sqe *sqe, __u32 nr)
{
	struct write *write = write_of(nr);
	__u64 addr = addr_of(nr) + write->gone;
	__u64 at = seek + block_of(nr)->at + write->gone;
	__u32 len = write->len - write->gone;

	if (write->poll)
		io_uring_prep_poll_add(sqe, out.fd, 4 /* POLLOUT */);
	else if (splice)
		io_uring_prep_splice(sqe, pipes.read_fds[nr % IOU_PIPES_MAX], -1, out.fd,
				     out.seeks ? at : -1, len, 0);
	else if (direct)
		io_uring_prep_write_fixed(sqe, fd_for(&out, at, addr, len), addr, len,
					  out.seeks ? at : -1, BLOCK_BUFFER(nr));
	else
		io_uring_prep_write(sqe, out.fd, addr, len, out.seeks ? at : -1);
}

/* ---- Requests and completions ---- */

static __always_inline void prep(struct io_uring_sqe *sqe, __u32 nr)
{
	if (nr < WRITE && splice && !block_of(nr)->poll)
		prep_splice_in(sqe, nr);
	else if (nr < WRITE)
		prep_read(sqe, nr);
	else if (nr < CANCEL)
		prep_write(sqe, nr - WRITE);
	else if (nr == CANCEL)
		prep_cancel_reads(sqe);
	else if (finish == CUTTING)
		io_uring_prep_ftruncate(sqe, out.fd, seek + end_at);
	else
		io_uring_prep_fsync(sqe, out.fd, 0);
}

static __always_inline void took_finish(__s32 res)
{
	/* A device has no size to set. */
	if (finish == CUTTING && res == 0)
		copied = end_at;
	else if (finish == CUTTING && res < 0 && res != -22)
		fail(CANNOT_CUT, -res);
	else if (finish == SYNCING && res < 0)
		fail(CANNOT_SYNC, -res);
}

/* What block @nr has goes its way: in any order, where there are offsets. */
static __always_inline void took_read_of(__u32 nr, __s32 res)
{
	struct write *write = write_of(nr);

	if (write->linked)
		unlink(write);
	took_read(nr, res);
	if (read_errno)
		fail(CANNOT_READ, read_errno);
	if (block_of(nr)->state != HELD || !(out.seeks || write->in_parts))
		return;
	in_parts -= write->in_parts;
	trim(block_of(nr));
	start_write(nr);
}

static __always_inline void took_write_of(__u32 nr, __s32 res)
{
	struct write *write = write_of(nr);

	/* It was only begun because all was read. */
	if (write->linked) {
		unlink(write);
		took_read(nr, block_of(nr)->want);
		writing++;
	}
	took_write(nr, res);
}

__noinline int took_any(__u64 nr, __s32 res)
{
	if (nr < WRITE) {
		took_read_of(nr, res);
	} else if (nr < CANCEL) {
		took_write_of(nr - WRITE, res);
	} else if (nr == FINISH) {
		took_finish(res);
	}
	return 0;
}

static __always_inline void took(__u64 nr, __s32 res, __u32 flags)
{
	took_any(nr, res);
}

/* Nothing is left to read or write. What is to be done after it, one by one. */
static __always_inline int end(struct iou_ring *ring)
{
	bool stop = iou_stop_requested();

	if (splice && why_errno == 22 && why == CANNOT_READ)
		return IOU_FAIL(ring, why_errno, "'in' cannot be spliced: leave out splice");
	if (splice && why_errno == 22 && why == CANNOT_WRITE)
		return IOU_FAIL(ring, why_errno, "'out' cannot be spliced to: leave out splice");
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

/*
 * How many completions to sleep for. What goes through the page cache comes back in no time, or is
 * done by a worker, one after the other: while half of that is still ahead of it, it has no use for
 * us. No more than one request, on a file that has no end, is never answered.
 */
static __always_inline __u32 enough(void)
{
	return in.seeks && out.seeks && !direct ? (in_flight - linked + 1) / 2 : 1;
}

static __always_inline int step(struct iou_ring *ring)
{
	__u32 room = STEP_BYTES;
	int ret, taken;

	/* What is in the page cache is read at once, and so written in the same step. */
	iou_forever {
		reap(ring);
		if ((why || iou_stop_requested()) && cancel_reads())
			submit_later(CANCEL);
		if (!out.seeks)
			write_next();
		start_reads();
		if (nothing_is_under_way()) {
			ret = end(ring);
			if (ret != IOU_LOOP_CONTINUE)
				return ret;
		}
		taken = submit(ring, &room);
		joinable = NONE;
		if (!room || !iou_cq_has(ring))
			break;
		iou_forget(room);
		iou_forget(ring->cq_head);
		iou_forget(ring->queued);
		iou_forget(ring->in_flight);
	}
	return wait_after(ring, taken, !room, enough());
}

IOU_LOOP(copy, step, "copies a file, some blocks at a time", 2 * depth, 2 * depth);

static __always_inline int check(void)
{
	if (seek && !out.seeks)
		return IOU_REFUSE(29, "'out' has no offsets: seek is not possible");
	if (splice && direct)
		return IOU_REFUSE(0, "what goes past the page cache (direct) cannot be spliced");
	if (splice && (!pipes.nr || iou_geometry.sq_entries < 2))
		return IOU_REFUSE(0, "splice needs a pipe, and a ring with two entries");
	if (direct && (bs | offset | seek) % IOU_DIRECT_ALIGN)
		return IOU_REFUSE(0, "direct needs bs, offset and seek in multiples of 4096");
	if (splice)
		choose_pieces();
	return blocks_check();
}

IOU_CHECK(copy, check);
