// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Takes one connection into a slot, receives into provided buffers, and sends back what it got, in
 * capitals, until the other side is through. There are few buffers: it only ends if they are given
 * back.
 */
#include <iouctl/loop.bpf.h>

enum { ACCEPT = 1, RECV, SEND };

IOU_PARAM_LISTEN(at, "127.0.0.1:0", "where to listen");
IOU_PARAM_U32(depth, 3, 1, 100, "buffers", "how many buffers");
IOU_PARAM_BUF_RING(bufs, depth, 64, "what is received into");
IOU_PARAM_MEM(other, 3, 100, "memory between them");
IOU_PARAM_DIRECT(unused, 5, "slots that are left alone");
IOU_PARAM_DIRECT(conns, 2, "slots for connections");

IOU_COUNTER(bytes, "bytes", "received");
IOU_COUNTER(receives, "requests", "that received something");

static bool started;
static __u32 buffer;
static __u32 have, gone;

static __always_inline int submit(struct iou_ring *ring, __u64 what)
{
	struct io_uring_sqe *sqe;

	iou_batch_begin(ring);
	sqe = iou_batch_add(ring);
	if (!sqe)
		return IOU_FAIL(ring, 16, "the SQ is full");
	if (what == ACCEPT) {
		io_uring_prep_accept_direct(sqe, at.fd, 0, 0, 0, conns.first + 1);
	} else if (what == RECV) {
		io_uring_prep_recv(sqe, conns.first + 1, 0, 0, 0);
		io_uring_sqe_set_flags(sqe, IOSQE_FIXED_FILE | IOSQE_BUFFER_SELECT);
		sqe->buf_group = bufs.group;
	} else {
		io_uring_prep_send(sqe, conns.first + 1, bufs.addr + buffer * bufs.size + gone,
				   have - gone, 0);
		io_uring_sqe_set_flags(sqe, IOSQE_FIXED_FILE);
	}
	io_uring_sqe_set_data64(sqe, what);
	if (iou_batch_submit(ring) != 1)
		return IOU_FAIL(ring, 5, "not taken");
	return iou_wait(ring, 1);
}

static __always_inline void shout(struct iou_ring *ring)
{
	for (__u32 i = 0; i < 64 && i < have; i++) {
		char *c = iou_buf_at(ring, &bufs, buffer, i, 1);

		if (c && *c >= 'a' && *c <= 'z')
			*c -= 'a' - 'A';
	}
}

static __always_inline int step(struct iou_ring *ring)
{
	struct io_uring_cqe *cqe = iou_cqe_peek(ring);
	__u32 id;
	__u64 what;
	__s32 res;

	if (!started) {
		started = true;
		return submit(ring, ACCEPT);
	}
	if (!cqe)
		return iou_wait(ring, 1);
	res = cqe->res;
	what = cqe->user_data;
	id = iou_buf_id(cqe);
	iou_cqe_seen(ring);
	if (res < 0)
		return IOU_FAIL(ring, -res, "a request failed");
	if (what == ACCEPT)
		return submit(ring, RECV);
	if (what == RECV) {
		if (res == 0)
			return iou_done(ring);
		buffer = id;
		have = res;
		gone = 0;
		bytes += have;
		receives++;
		shout(ring);
		return submit(ring, SEND);
	}
	gone += res;
	if (gone < have)
		return submit(ring, SEND);
	if (iou_buf_give(ring, &bufs, buffer))
		return IOU_FAIL(ring, 22, "no such buffer");
	return submit(ring, RECV);
}

IOU_LOOP(answer, step, "sends back in capitals", 4, 8);
