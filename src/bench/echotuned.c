// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * An echo server as the best authors would write it with io_uring: one accept and one receive for
 * each connection that stay in the ring (multishot), connections that are slots of the ring's table
 * rather than descriptors, buffers that the kernel chooses when there is data, and that are sent
 * from; and one io_uring_enter(2) for all that is to be sent and to be waited for.
 *
 * A send that works leaves no CQE, or else each would end the wait for the next message. It does
 * not wait, so that it is over when the call returns: what has no CQE then was sent as a whole, and
 * its buffer is given back. One that found no room is sent again, and waited for, with a CQE.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "bench/echo.h"
#include "bench/uring.h"
#include "ring/register.h"

/* user_data: which of these; the buffer; the slot. */
enum what { ACCEPT, RECEIVE, SEND, SEND_REST };

static uint64_t data_of(enum what what, uint32_t buffer, uint32_t slot)
{
	return (uint64_t)what << 60 | (uint64_t)buffer << 32 | slot;
}

#define NONE UINT32_MAX

/* What was received, in the order in which it is sent: the next one when this is gone, since they
 * might overtake each other. */
struct buffer {
	uint32_t have, gone;
	uint32_t slot, next;
	bool kept; /* not all of it was sent at once */
};

struct connection {
	uint32_t first, last; /* buffers */
	bool closing;         /* when they are gone */
};

struct tuned {
	struct iou_uring ring;
	int listener;
	uint32_t size, connections, accepted, ended;
	uint32_t nr;    /* buffers, and entries of their ring: a power of two */
	uint16_t tail;  /* of that ring */
	uint32_t *sent; /* buffers of the sends of this call */
	uint32_t sent_nr;
	struct buffer *list;
	struct connection *slots;
	struct io_uring_buf_ring *provided; /* in one mapping with the buffers */
	uint8_t *buffers;
	size_t mapped;
};

static void close_tuned(void *state)
{
	struct tuned *t = state;

	iou_uring_close(&t->ring);
	if (t->provided)
		munmap(t->provided, t->mapped);
	free(t->list);
	free(t->slots);
	free(t->sent);
	free(t);
}

/* ---- Buffers ---- */

static void give_back(struct tuned *t, uint32_t buffer)
{
	struct io_uring_buf *entry = &t->provided->bufs[t->tail++ & (t->nr - 1)];

	entry->addr = (uint64_t)(uintptr_t)(t->buffers + (size_t)buffer * t->size);
	entry->len = t->size;
	entry->bid = (uint16_t)buffer;
}

static void publish_buffers(struct tuned *t)
{
	__atomic_store_n(&t->provided->tail, t->tail, __ATOMIC_RELEASE);
}

static int make_buffers(struct tuned *t)
{
	size_t head = t->nr * sizeof(struct io_uring_buf);
	int ret;

	head = (head + 4095) & ~(size_t)4095;
	t->mapped = head + (size_t)t->nr * t->size;
	t->provided = mmap(NULL, t->mapped, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (t->provided == MAP_FAILED) {
		t->provided = NULL;
		return -ENOMEM;
	}
	t->buffers = (uint8_t *)t->provided + head;
	ret = iou_ring_register_buf_ring(&t->ring.ring, t->provided, t->nr, 0);
	for (uint32_t i = 0; i < t->nr; i++)
		give_back(t, i);
	publish_buffers(t);
	return ret;
}

static int open_tuned(void **state, int listener, const struct iou_echo_config *config,
		      struct iou_err *err)
{
	struct tuned *t = calloc(1, sizeof(*t));
	int ret;

	if (!t)
		return iou_echo_error(err, ENOMEM, "cannot make a server");
	t->listener = listener;
	t->size = config->size;
	t->connections = config->connections;
	for (t->nr = 16; t->nr < 2 * t->connections;)
		t->nr *= 2;
	/* No call has more than that: two for each buffer that came, one for each that was sent,
	 * two for each connection. */
	ret = iou_uring_open(&t->ring, 8 * t->nr, err);
	if (ret) {
		free(t);
		return ret;
	}
	t->list = calloc(t->nr, sizeof(*t->list));
	t->sent = calloc(t->nr, sizeof(*t->sent));
	t->slots = calloc(t->connections, sizeof(*t->slots));
	ret = t->list && t->slots && t->sent ? 0 : -ENOMEM;
	ret = ret ?: iou_ring_register_slots(&t->ring.ring, t->connections);
	ret = ret ?: make_buffers(t);
	if (ret) {
		close_tuned(t);
		return iou_echo_error(err, -ret, "cannot make a server");
	}
	*state = t;
	return 0;
}

/* ---- Requests ---- */

static void accept_all(struct tuned *t)
{
	*iou_uring_sqe(&t->ring) = (struct io_uring_sqe){
		.opcode = IORING_OP_ACCEPT,
		.ioprio = IORING_ACCEPT_MULTISHOT,
		.fd = t->listener,
		.file_index = IORING_FILE_INDEX_ALLOC,
		.user_data = data_of(ACCEPT, 0, 0),
	};
}

static void receive_all(struct tuned *t, uint32_t slot)
{
	*iou_uring_sqe(&t->ring) = (struct io_uring_sqe){
		.opcode = IORING_OP_RECV,
		.flags = IOSQE_FIXED_FILE | IOSQE_BUFFER_SELECT,
		.ioprio = IORING_RECV_MULTISHOT,
		.fd = (int)slot,
		.user_data = data_of(RECEIVE, 0, slot),
	};
}

static void send_at_once(struct tuned *t, uint32_t buffer)
{
	uint32_t slot = t->list[buffer].slot;

	*iou_uring_sqe(&t->ring) = (struct io_uring_sqe){
		.opcode = IORING_OP_SEND,
		.flags = IOSQE_FIXED_FILE | IOSQE_CQE_SKIP_SUCCESS,
		.fd = (int)slot,
		.addr = (uint64_t)(uintptr_t)(t->buffers + (size_t)buffer * t->size),
		.len = t->list[buffer].have,
		.msg_flags = MSG_NOSIGNAL | MSG_DONTWAIT | MSG_WAITALL,
		.user_data = data_of(SEND, buffer, slot),
	};
	t->sent[t->sent_nr++] = buffer;
}

static void send_rest(struct tuned *t, uint32_t buffer, uint32_t slot)
{
	struct buffer *b = &t->list[buffer];

	*iou_uring_sqe(&t->ring) = (struct io_uring_sqe){
		.opcode = IORING_OP_SEND,
		.flags = IOSQE_FIXED_FILE,
		.fd = (int)slot,
		.addr = (uint64_t)(uintptr_t)(t->buffers + (size_t)buffer * t->size + b->gone),
		.len = b->have - b->gone,
		.msg_flags = MSG_NOSIGNAL | MSG_WAITALL,
		.user_data = data_of(SEND_REST, buffer, slot),
	};
}

static void close_slot(struct tuned *t, uint32_t slot)
{
	*iou_uring_sqe(&t->ring) = (struct io_uring_sqe){
		.opcode = IORING_OP_CLOSE,
		.flags = IOSQE_CQE_SKIP_SUCCESS,
		.file_index = slot + 1,
	};
	t->ended++;
}

/* ---- Completions ---- */

static int took_accept(struct tuned *t, const struct io_uring_cqe *cqe, struct iou_err *err)
{
	if (cqe->res < 0)
		return iou_echo_error(err, -cqe->res, "a server cannot accept");
	t->accepted++;
	t->slots[cqe->res] = (struct connection){.first = NONE};
	receive_all(t, (uint32_t)cqe->res);
	if (!(cqe->flags & IORING_CQE_F_MORE) && t->accepted < t->connections)
		accept_all(t);
	return 0;
}

static void answer(struct tuned *t, uint32_t buffer, uint32_t size, uint32_t slot)
{
	struct connection *conn = &t->slots[slot];

	t->list[buffer] = (struct buffer){.have = size, .slot = slot, .next = NONE};
	if (conn->first == NONE) {
		conn->first = buffer;
		send_at_once(t, buffer);
	} else {
		t->list[conn->last].next = buffer;
	}
	conn->last = buffer;
}

/* All of it was sent, or nobody is there any more to send it to. */
static void is_gone(struct tuned *t, uint32_t buffer)
{
	struct connection *conn = &t->slots[t->list[buffer].slot];

	give_back(t, buffer);
	conn->first = t->list[buffer].next;
	if (conn->first != NONE)
		send_at_once(t, conn->first);
	else if (conn->closing)
		close_slot(t, t->list[buffer].slot);
}

static int took_receive(struct tuned *t, const struct io_uring_cqe *cqe, uint32_t slot,
			struct iou_err *err)
{
	uint32_t buffer = cqe->flags >> IORING_CQE_BUFFER_SHIFT;

	if (cqe->res > 0) {
		answer(t, buffer, (uint32_t)cqe->res, slot);
		if (!(cqe->flags & IORING_CQE_F_MORE))
			receive_all(t, slot);
	} else if (cqe->res == -ENOBUFS) {
		receive_all(t, slot);
	} else if (cqe->res && cqe->res != -ECONNRESET) {
		return iou_echo_error(err, -cqe->res, "a server cannot receive");
	} else if (t->slots[slot].first == NONE) {
		close_slot(t, slot);
	} else {
		t->slots[slot].closing = true;
	}
	return 0;
}

/* Only of sends that did not do all at once. Who is gone is heard of by the receive. */
static int took_send(struct tuned *t, const struct io_uring_cqe *cqe, uint32_t buffer,
		     uint32_t slot, struct iou_err *err)
{
	struct buffer *b = &t->list[buffer];

	b->kept = false;
	if (cqe->res < 0 && cqe->res != -EAGAIN) {
		if (cqe->res != -ECONNRESET && cqe->res != -EPIPE)
			return iou_echo_error(err, -cqe->res, "a server cannot send");
		b->gone = b->have;
	} else if (cqe->res > 0) {
		b->gone += (uint32_t)cqe->res;
	}
	if (b->gone < b->have) {
		b->kept = true;
		send_rest(t, buffer, slot);
	} else if (cqe->user_data >> 60 == SEND_REST) {
		is_gone(t, buffer);
	}
	return 0;
}

static int took(struct tuned *t, const struct io_uring_cqe *cqe, struct iou_err *err)
{
	uint32_t slot = (uint32_t)cqe->user_data;
	enum what what = cqe->user_data >> 60;

	if (what == RECEIVE)
		return took_receive(t, cqe, slot, err);
	if (what == ACCEPT)
		return took_accept(t, cqe, err);
	return took_send(t, cqe, (uint32_t)(cqe->user_data >> 32) & 0xffff, slot, err);
}

/* The CQEs of one call. Sends of the call before have theirs among them, if they have any. */
static int reap(struct tuned *t, struct iou_err *err)
{
	uint32_t before = t->sent_nr;
	const struct io_uring_cqe *cqe;
	int ret = 0;

	while (!ret && (cqe = iou_uring_cqe(&t->ring))) {
		ret = took(t, cqe, err);
		iou_uring_seen(&t->ring, 1);
	}
	iou_uring_publish(&t->ring);
	for (uint32_t i = 0; i < before; i++)
		if (!t->list[t->sent[i]].kept)
			is_gone(t, t->sent[i]);
	t->sent_nr -= before;
	memmove(t->sent, t->sent + before, t->sent_nr * sizeof(*t->sent));
	publish_buffers(t);
	return ret;
}

static int serve_tuned(void *state, uint64_t *calls, struct iou_err *err)
{
	struct tuned *t = state;
	int ret = 0;

	accept_all(t);
	while (!ret && t->ended < t->connections) {
		uint32_t queued = t->ring.queued;

		ret = iou_uring_submit(&t->ring, 1);
		if (ret != (int)queued && ret != -EINTR)
			return iou_echo_error(err, ret < 0 ? -ret : EIO, "cannot enter a ring");
		ret = reap(t, err);
	}
	if (t->ring.queued)
		iou_uring_submit(&t->ring, 0);
	*calls = t->ring.enters;
	return ret;
}

const struct iou_echo_server iou_echo_tuned = {open_tuned, serve_tuned, close_tuned};
