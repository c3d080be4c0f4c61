// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * An echo server as users of liburing write it: an accept, and for each connection a receive or a
 * send; submit what there is and wait for one, then take all that is there.
 */
#include <liburing.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "bench/echo.h"

#define ENTRIES 256

struct connection {
	int fd;
	bool sending; /* else it receives */
	uint32_t have, gone;
	uint8_t *buffer;
};

struct plain {
	struct io_uring ring;
	int listener;
	uint32_t size, connections;
	uint32_t accepted, ended;
	struct connection *list; /* by their order */
	uint8_t *buffers;
};

static void close_plain(void *state)
{
	struct plain *p = state;

	for (uint32_t i = 0; i < p->accepted; i++)
		iou_close(p->list[i].fd);
	io_uring_queue_exit(&p->ring);
	free(p->list);
	free(p->buffers);
	free(p);
}

static int open_plain(void **state, int listener, const struct iou_echo_config *config,
		      struct iou_err *err)
{
	struct plain *p = calloc(1, sizeof(*p));
	int ret;

	if (!p)
		return iou_echo_error(err, ENOMEM, "cannot make a server");
	p->listener = listener;
	p->size = config->size;
	p->connections = config->connections;
	ret = io_uring_queue_init(ENTRIES < 2 * config->connections ? 1024 : ENTRIES, &p->ring,
				  IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN);
	if (ret) {
		free(p);
		return iou_echo_error(err, -ret, "cannot make a ring");
	}
	p->list = calloc(p->connections, sizeof(*p->list));
	p->buffers = malloc((size_t)p->connections * p->size);
	if (!p->list || !p->buffers) {
		close_plain(p);
		return iou_echo_error(err, ENOMEM, "cannot make a server");
	}
	for (uint32_t i = 0; i < p->connections; i++)
		p->list[i].buffer = p->buffers + (size_t)i * p->size;
	*state = p;
	return 0;
}

/* There is room: no more than one for each connection, and one for accept. */
static void accept_next(struct plain *p)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&p->ring);

	io_uring_prep_accept(sqe, p->listener, NULL, NULL, SOCK_CLOEXEC);
	io_uring_sqe_set_data(sqe, NULL);
}

static void receive(struct plain *p, struct connection *conn)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&p->ring);

	conn->sending = false;
	io_uring_prep_recv(sqe, conn->fd, conn->buffer, p->size, 0);
	io_uring_sqe_set_data(sqe, conn);
}

static void send_rest(struct plain *p, struct connection *conn)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&p->ring);

	conn->sending = true;
	io_uring_prep_send(sqe, conn->fd, conn->buffer + conn->gone, conn->have - conn->gone,
			   MSG_NOSIGNAL);
	io_uring_sqe_set_data(sqe, conn);
}

static int took_accept(struct plain *p, int res, struct iou_err *err)
{
	struct connection *conn = &p->list[p->accepted];

	if (res < 0)
		return iou_echo_error(err, -res, "a server cannot accept");
	conn->fd = res;
	receive(p, conn);
	if (++p->accepted < p->connections)
		accept_next(p);
	return 0;
}

static int took(struct plain *p, struct connection *conn, int res, struct iou_err *err)
{
	if (!conn)
		return took_accept(p, res, err);
	if (res <= 0) {
		if (res < 0 && res != -ECONNRESET && res != -EPIPE)
			return iou_echo_error(err, -res, "a server cannot receive or send");
		close(conn->fd);
		conn->fd = -1;
		p->ended++;
	} else if (!conn->sending) {
		conn->have = (uint32_t)res;
		conn->gone = 0;
		send_rest(p, conn);
	} else {
		conn->gone += (uint32_t)res;
		if (conn->gone < conn->have)
			send_rest(p, conn);
		else
			receive(p, conn);
	}
	return 0;
}

static int serve_plain(void *state, uint64_t *calls, struct iou_err *err)
{
	struct plain *p = state;
	int ret = 0;

	accept_next(p);
	while (!ret && p->ended < p->connections) {
		struct io_uring_cqe *cqe;
		unsigned int head, nr = 0;

		ret = io_uring_submit_and_wait(&p->ring, 1);
		++*calls;
		if (ret < 0 && ret != -EINTR)
			return iou_echo_error(err, -ret, "cannot enter a ring");
		ret = 0;
		io_uring_for_each_cqe(&p->ring, head, cqe)
		{
			ret = ret ?: took(p, io_uring_cqe_get_data(cqe), cqe->res, err);
			nr++;
		}
		io_uring_cq_advance(&p->ring, nr);
	}
	return ret;
}

const struct iou_echo_server iou_echo_plain = {open_plain, serve_plain, close_plain};
