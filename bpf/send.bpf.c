// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * send: a file to a socket, read some blocks ahead and sent in order. What the peer sends meanwhile
 * is read and dropped: else both might wait for each other, and closing the socket would reset the
 * connection. It ends when the peer has closed its side, too: when it has had everything, unless it
 * did so before.
 */
#include <iouctl/loop.bpf.h>

IOU_PARAM_INFILE(in, "", "the file to send; -: standard input");
IOU_PARAM_CONNECT(to, "", "where to: HOST:PORT or unix:PATH");
IOU_PARAM_SIZE(bs, 131072, 1, 16777216, "how much to read at a time");
IOU_PARAM_U32(depth, 8, 1, 1024, "blocks", "how many blocks are read ahead");
IOU_PARAM_SIZE(offset, 0, 0, 9223372036854775807, "where in the file to begin");
IOU_PARAM_SIZE(length, 9223372036854775807, 0, 9223372036854775807, "how much to send at most");
IOU_PARAM_FLAG(zerocopy, 0, "send from the blocks themselves (IORING_OP_SEND_ZC)");
IOU_PARAM_BUFFERS(blocks, depth, bs, "where a block is until it is sent");
IOU_PARAM_BUFFERS(dropped, 1, 65536, "where what the peer sends is dropped");

IOU_PROGRESS(sent, in, "bytes", "taken by the socket");
IOU_COUNTER(received, "bytes", "sent by the peer, and dropped");
IOU_COUNTER(reads, "requests", "reads that came to something");
IOU_COUNTER(sends, "requests", "sends that came to something");
IOU_COUNTER(copied, "requests", "sends with zerocopy that the kernel copied nevertheless");
IOU_COUNTER(continued, "requests", "reads and sends that were short and went on");
IOU_GAUGE(in_flight_max, "requests", "most requests in flight");

#define BLOCKS_REGISTERED true
#include "blocks.bpf.h"

/* Requests: a block's number for its read, SEND and that for its send, and these. */
#define SEND BLOCKS_MAX
#define RECEIVE (2 * BLOCKS_MAX)
#define SHUTDOWN (RECEIVE + 1)
#define CANCEL_READ (RECEIVE + 2)
#define CANCEL_SEND (RECEIVE + 3)
#define CANCEL_RECEIVE (RECEIVE + 4)

/* <sys/socket.h> */
#define MSG_NOSIGNAL 0x4000
#define SHUT_WR 1

/* Notifications to come for each block, of sends from it; and for all of them. */
static __u32 notifications[BLOCKS_MAX], owed;

static __u32 sending = BLOCKS_MAX; /* the block that is being sent, or BLOCKS_MAX */
static __u32 gone;                 /* how much of it was */
static bool shut, receiving, stopped;
static __u32 send_errno, receive_errno;

/* ---- Sending ---- */

static __always_inline void free_if_gone(__u32 nr)
{
	if (nr != sending && !notifications[nr % BLOCKS_MAX])
		free_block(nr);
}

/* Nothing more is to be done: have what waits for others come back. */
static __always_inline void stop(void)
{
	stopped = true;
	if (cancel_reads())
		submit_later(CANCEL_READ);
	if (sending < BLOCKS_MAX)
		submit_later(CANCEL_SEND);
	if (receiving)
		submit_later(CANCEL_RECEIVE);
}

/* Begin with the next block, if it was read; tell the peer when there is none, unless that is for
 * an error. */
static __always_inline void send_next(void)
{
	iou_forever {
		__u32 nr = next_block();

		if (sending < BLOCKS_MAX || nr >= BLOCKS_MAX)
			break;
		take_block();
		if (block_of(nr)->have && !send_errno && !stopped) {
			sending = nr;
			gone = 0;
			submit_later(SEND + nr);
			break;
		}
		free_block(nr);
	}
	if (!ended || stopped || shut || turn_head != turn_tail || sending < BLOCKS_MAX)
		return;
	if (read_errno) {
		stop();
	} else {
		shut = true;
		submit_later(SHUTDOWN);
	}
}

static __always_inline void took_send(__u32 nr, __s32 res, __u32 flags)
{
	if (flags & IORING_CQE_F_NOTIF) {
		if (res & IORING_NOTIF_USAGE_ZC_COPIED)
			copied++;
		notifications[nr % BLOCKS_MAX]--;
		owed--;
		free_if_gone(nr);
		return;
	}
	if (flags & IORING_CQE_F_MORE) {
		notifications[nr % BLOCKS_MAX]++;
		owed++;
	}
	if (res > 0) {
		sends++;
		sent += res;
		gone += res;
	} else if (res != -4 && res != -11 && !stopped) { /* EINTR, EAGAIN */
		send_errno = res ? -res : 32;
	}
	if (gone < block_of(nr)->have && !send_errno && !stopped) {
		if (res > 0)
			continued++;
		submit_later(SEND + nr);
		return;
	}
	sending = BLOCKS_MAX;
	free_if_gone(nr);
}

static __always_inline void took_receive(__s32 res)
{
	if (res > 0) {
		received += res;
	} else if (res != -4 && res != -11) {
		receiving = false;
		if (res < 0 && !stopped && !send_errno)
			receive_errno = -res;
	}
	/* It may have come before it could be cancelled. */
	if (stopped)
		receiving = false;
	if (receiving)
		submit_later(RECEIVE);
}

static __always_inline void prep_send(struct io_uring_sqe *sqe, __u32 nr)
{
	__u64 addr = blocks.addr + nr * blocks.size + gone;
	__u32 len = block_of(nr)->have - gone;

	if (zerocopy)
		io_uring_prep_send_zc_fixed(sqe, to.fd, addr, len, MSG_NOSIGNAL,
					    IORING_SEND_ZC_REPORT_USAGE, blocks.first + nr);
	else
		io_uring_prep_send(sqe, to.fd, addr, len, MSG_NOSIGNAL);
}

/* ---- Requests and completions ---- */

static __always_inline void prep(struct io_uring_sqe *sqe, __u32 nr)
{
	if (nr < SEND)
		prep_read(sqe, nr);
	else if (nr < RECEIVE)
		prep_send(sqe, nr - SEND);
	else if (nr == RECEIVE)
		io_uring_prep_recv(sqe, to.fd, dropped.addr, dropped.size, 0);
	else if (nr == SHUTDOWN)
		io_uring_prep_shutdown(sqe, to.fd, SHUT_WR);
	else if (nr == CANCEL_READ)
		prep_cancel_reads(sqe);
	else
		io_uring_prep_cancel64(sqe, nr == CANCEL_SEND ? SEND + sending : RECEIVE, 0);
}

static __always_inline void took(__u64 nr, __s32 res, __u32 flags)
{
	if (nr < SEND)
		took_read(nr, res);
	else if (nr < RECEIVE)
		took_send(nr - SEND, res, flags);
	else if (nr == RECEIVE)
		took_receive(res);
}

static __always_inline int end(struct iou_ring *ring)
{
	if (send_errno == 95 && zerocopy)
		return IOU_FAIL(ring, 95, "this socket cannot send with zerocopy");
	if (send_errno)
		return IOU_FAIL(ring, send_errno, "cannot send to 'to'");
	if (read_errno)
		return IOU_FAIL(ring, read_errno, "cannot read from 'in'");
	if (receive_errno)
		return IOU_FAIL(ring, receive_errno, "the peer of 'to' did not take everything");
	return stopped ? iou_interrupted(ring) : iou_done(ring);
}

static __always_inline int step(struct iou_ring *ring)
{
	reap(ring);
	if (!stopped && (iou_stop_requested() || send_errno || receive_errno))
		stop();
	/* In this order: where no more is to be read, what was sent last is behind us already. */
	start_reads();
	send_next();
	if (nothing_is_under_way() && (stopped || !owed))
		return end(ring);
	return submit_and_wait(ring, false);
}

IOU_LOOP(send, step, "sends a file to a socket", depth, 16 * depth);

static __always_inline int check(void)
{
	receiving = true;
	submit_later(RECEIVE);
	return blocks_check();
}

IOU_CHECK(send, check);
