// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A file to a file, a block at a time, through memory that is looked into or a registered buffer. */
#include <iouctl/loop.bpf.h>

#define READ 1
#define WRITE 2

IOU_PARAM_INFILE(in, "", "what to read");
IOU_PARAM_OUTFILE(out, "", "what to write");
IOU_PARAM_SIZE(bs, 4096, 1, 1048576, "how much at a time");
IOU_PARAM_CHOICE(via, 0, "mem|fixed", "which memory");
IOU_PARAM_MEM(block, 1, bs, "what is looked into");
IOU_PARAM_BUFFERS(spare, 2, bs, "two, of which the second is used");

IOU_COUNTER(read, "bytes", "read");
IOU_COUNTER(written, "bytes", "written");
IOU_COUNTER(sum, "", "of all bytes, as far as the program sees them");
IOU_GAUGE(in_size, "bytes", "of the file, as the tool says");

static __u32 have, gone;

static __always_inline int submit(struct iou_ring *ring, __u64 what)
{
	struct io_uring_sqe *sqe;
	__u64 fixed = spare.addr + spare.size;

	iou_batch_begin(ring);
	sqe = iou_batch_add(ring);
	if (!sqe)
		return IOU_FAIL(ring, 16, "the SQ is full");
	if (what == READ && via)
		io_uring_prep_read_fixed(sqe, in.fd, fixed, bs, read, spare.first + 1);
	else if (what == READ)
		io_uring_prep_read(sqe, in.fd, block.addr, bs, read);
	else if (via)
		io_uring_prep_write_fixed(sqe, out.fd, fixed + gone, have - gone, written,
					  spare.first + 1);
	else
		io_uring_prep_write(sqe, out.fd, block.addr + gone, have - gone, written);
	io_uring_sqe_set_data64(sqe, what);
	if (iou_batch_submit(ring) != 1)
		return IOU_FAIL(ring, 5, "not taken");
	return iou_wait(ring, 1);
}

static __always_inline void look(struct iou_ring *ring)
{
	__u32 i = 0;

	iou_forever {
		__u8 *byte;

		if (i >= have)
			break;
		byte = iou_mem_at(ring, &block, i, 1);
		if (!byte)
			break;
		sum += *byte;
		i++;
		iou_forget(i);
	}
}

static __always_inline int step(struct iou_ring *ring)
{
	struct io_uring_cqe *cqe = iou_cqe_peek(ring);
	__u64 what;
	__s32 res;

	in_size = in.size;
	if (!cqe)
		return iou_control.in_flight ? iou_wait(ring, 1) : submit(ring, READ);
	res = cqe->res;
	what = io_uring_cqe_get_data64(cqe);
	iou_cqe_seen(ring);
	if (res < 0)
		return IOU_FAIL(ring, -res, "a request failed");
	if (what == READ) {
		if (res == 0)
			return iou_done(ring);
		have = res;
		gone = 0;
		read += have;
		if (!via)
			look(ring);
		return submit(ring, WRITE);
	}
	gone += res;
	written += res;
	return submit(ring, gone < have ? WRITE : READ);
}

IOU_LOOP(blocks, step, "file to file, by blocks", 4, 8);
