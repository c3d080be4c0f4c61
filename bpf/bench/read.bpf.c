// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * read: the blocks of a file one after the other, again and again; one at a time, or `depth` of
 * them. What `iouctl bench read` measures, and of no other use.
 */
#include <iouctl/loop.bpf.h>

IOU_PARAM_U64(count, 100000, 1, 9223372036854775807, "requests", "blocks to read");
IOU_PARAM_SIZE(bs, 4096, 1, 16777216, "how much a block is");
IOU_PARAM_U32(depth, 1, 1, 1024, "requests", "how many blocks to read at a time");
IOU_PARAM_FLAG(direct, 0, "go past the page cache (O_DIRECT)");
IOU_PARAM_INFILE_DIRECT(in, "", direct, "the file to read: of whole blocks");
IOU_PARAM_DIRECT(slot, 1, "where the file is registered");
IOU_PARAM_MEM(descriptor, 1, 4, "what is registered there");
IOU_PARAM_BUFFERS(blocks, depth, bs, "where a block is read to");

IOU_PROGRESS(completed, count, "requests", "blocks that were read");

/* What is read in a step: it may take 20 ms. */
#define STEP_BYTES 4194304

/* The file is. */
static bool registered;

/* A block was asked for that was not there when the step ended. */
static bool in_flight;

static __u64 next_at; /* where the next block begins */
static __u64 begun;   /* blocks that were asked for */

/* ---- What is the same for one and for many ---- */

/* Read a block into buffer @nr, at the beginning of the file. */
static __always_inline void prep(struct io_uring_sqe *sqe, __u64 nr, __u64 size)
{
	io_uring_prep_read_fixed(sqe, slot.first, blocks.addr + nr * size, size, 0,
				 blocks.first + nr);
	sqe->flags = IOSQE_FIXED_FILE;
}

/* What all requests have in common stays in the SQEs. */
static __always_inline void prep_all(struct iou_ring *ring)
{
	__u64 size = bs;
	__u32 i = 0;

	iou_forever {
		if (i > ring->sq_mask)
			break;
		prep(&ring->sqes[i & ring->sq_mask], 0, size);
		i++;
		iou_forget(i);
	}
}

/* Where to read, and after that, from the first block again behind the last one. */
static __always_inline __u64 take_place(__u64 size, __u64 end)
{
	__u64 at = iou_load(&next_at), next = at + size;

	iou_store(&next_at, next < end ? next : 0);
	return at;
}

static __always_inline __u64 budget_of(__u64 size)
{
	__u64 budget = iou_control.step_budget, most = STEP_BYTES / size + 1;

	return budget < most ? budget : most;
}

/* ---- The file, by a number that takes no look-up ---- */

/* It is done when it is submitted, and leaves no CQE: those of reads begin where a block does. */
static __always_inline int register_file(struct iou_ring *ring)
{
	__s32 *at = iou_mem_at(ring, &descriptor, 0, sizeof(*at));
	struct io_uring_sqe *sqe;

	iou_batch_begin(ring);
	sqe = iou_batch_add(ring);
	if (!at || !sqe)
		return IOU_FAIL(ring, 22, "no room to register the file");
	*at = direct ? in.direct_fd : in.fd;
	io_uring_prep_rw(IORING_OP_FILES_UPDATE, sqe, -1, descriptor.addr, 1, slot.first);
	sqe->flags = IOSQE_CQE_SKIP_SUCCESS;
	ring->timers++;
	if (iou_batch_submit(ring) != 1 || iou_cq_has(ring))
		return IOU_FAIL(ring, 5, "the kernel did not register the file");
	prep_all(ring);
	registered = true;
	return iou_again(ring);
}

/* ---- One at a time: as nop-chain does it ---- */

/* The buffer is always the same; a block's number is that of the CQE it must come in. */
static __always_inline int send(struct iou_ring *ring, __u64 size, __u64 end)
{
	struct io_uring_sqe *sqe;

	iou_batch_begin(ring);
	sqe = iou_batch_add(ring);
	if (!sqe)
		return 0;
	sqe->off = take_place(size, end);
	sqe->user_data = ring->cq_head;
	return iou_batch_submit(ring);
}

static __always_inline bool is_right(const struct iou_ring *ring, const struct io_uring_cqe *cqe,
				     __u64 size)
{
	return cqe->user_data == ring->cq_head && cqe->res == (__s32)size;
}

static __always_inline int read_in_turn(struct iou_ring *ring, __u64 size, __u64 end)
{
	__u64 left = count - completed, budget = budget_of(size);
	__u64 start = ring->cq_head, nr = left < budget ? left : budget;
	struct io_uring_cqe *cqe, *block;

	if (in_flight) {
		cqe = iou_cqe_peek(ring);
		if (!cqe)
			return iou_wait(ring, 1);
		if (!is_right(ring, cqe, size))
			goto wrong;
		iou_cqe_seen(ring);
		in_flight = false;
	}

	iou_forever {
		__u64 done = (__u32)(ring->cq_head - start);

		if (done >= nr)
			break;
		block = iou_cq_block(ring);
		if (block && nr - done >= IOU_CQ_BLOCK) {
			iou_repeat(i, IOU_CQ_BLOCK) {
				if (send(ring, size, end) != 1)
					goto refused;
				if (!iou_cq_has(ring))
					goto pending;
				if (!is_right(ring, &block[i], size))
					goto wrong;
				iou_cqe_seen(ring);
			}
			iou_cq_publish(ring);
			continue;
		}
		if (send(ring, size, end) != 1)
			goto refused;
		cqe = iou_cqe_peek(ring);
		if (!cqe)
			goto pending;
		if (!is_right(ring, cqe, size))
			goto wrong;
		iou_cqe_seen(ring);
		iou_cq_publish(ring);
	}
	completed += (__u32)(ring->cq_head - start);
	return completed == count ? iou_done(ring) : iou_again(ring);

pending:
	completed += (__u32)(ring->cq_head - start);
	in_flight = true;
	return iou_wait(ring, 1);
refused:
	completed += (__u32)(ring->cq_head - start);
	return IOU_FAIL(ring, 5, "the kernel did not take a read");
wrong:
	completed += (__u32)(ring->cq_head - start);
	return IOU_FAIL(ring, 5, "a block was not read as a whole");
}

/* ---- Several at a time: when one has come back, its buffer is used for the next ---- */

static __always_inline void add(struct iou_ring *ring, __u64 nr, __u64 size, __u64 end)
{
	struct io_uring_sqe *sqe = iou_batch_add(ring);

	if (!sqe)
		return;
	sqe->off = take_place(size, end);
	sqe->addr = blocks.addr + nr * size;
	sqe->buf_index = blocks.first + nr;
	sqe->user_data = nr;
}

/* Whether so many more may be added as a block of the CQ has. */
static __always_inline bool has_room(const struct iou_ring *ring, __u64 begun)
{
	return count - begun >= IOU_CQ_BLOCK && ring->queued + IOU_CQ_BLOCK <= ring->sq_mask + 1;
}

/* Take what has come back, and add a read for each. How many, or -1 if one went wrong. */
static __always_inline __s64 reap(struct iou_ring *ring, __u64 size, __u64 end)
{
	struct io_uring_cqe *cqe, *block;
	__u64 done = 0, more;

	iou_forever {
		block = iou_cq_block(ring);
		if (block && iou_cq_ready(ring) >= IOU_CQ_BLOCK && has_room(ring, begun)) {
			iou_repeat(i, IOU_CQ_BLOCK) {
				if (block[i].res != (__s32)size)
					return -1;
				add(ring, block[i].user_data, size, end);
				iou_cqe_seen(ring);
			}
			begun += IOU_CQ_BLOCK;
			done += IOU_CQ_BLOCK;
		} else {
			cqe = iou_cqe_peek(ring);
			if (!cqe)
				break;
			if (cqe->res != (__s32)size)
				return -1;
			more = begun < count;
			if (more)
				add(ring, cqe->user_data, size, end);
			begun += more;
			iou_cqe_seen(ring);
			done++;
		}
		iou_forget(done);
		iou_forget(ring->queued);
		iou_forget(ring->cq_head);
	}
	iou_cq_publish(ring);
	return done;
}

static __always_inline int read_many(struct iou_ring *ring, __u64 size, __u64 end)
{
	__u64 budget = budget_of(size), all = 0;

	iou_forever {
		__s64 done;

		iou_batch_begin(ring);
		iou_forever {
			if (begun >= depth || begun >= count)
				break;
			add(ring, begun, size, end);
			begun++;
			iou_forget(ring->queued);
		}
		done = reap(ring, size, end);
		if (done < 0)
			return IOU_FAIL(ring, 5, "a block was not read as a whole");
		completed += done;
		all += done;
		if (completed == count)
			return iou_done(ring);
		if (!ring->queued)
			return iou_wait(ring, 1);
		if (iou_batch_submit(ring) != (int)ring->queued)
			return IOU_FAIL(ring, 5, "the kernel did not take a read");
		if (all >= budget)
			break;
		iou_forget(all);
	}
	return iou_again(ring);
}

static __always_inline int step(struct iou_ring *ring)
{
	__u64 size = bs, end = in.size - in.size % size;

	if (iou_stop_requested())
		return iou_interrupted(ring);
	if (!registered)
		return register_file(ring);
	return depth == 1 ? read_in_turn(ring, size, end) : read_many(ring, size, end);
}

IOU_LOOP(read, step, "reads a file block by block", depth, 64 * depth);
