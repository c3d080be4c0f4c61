// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * An echo server with epoll(7), edge-triggered: what is ready is read once, and sent back at once.
 * A receive that did not fill the buffer has taken all there was, so that none is spent on hearing
 * that there is no more; EPOLLRDHUP says when the end is to be read, too.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "bench/echo.h"

#define EVENTS 64
#define BUFFER 65536

/* Of a connection whose client does not read: what is to be sent to it yet. */
struct rest {
	uint32_t have, gone;
	uint8_t bytes[];
};

struct connection {
	int fd;
	struct rest *rest;
};

struct server {
	int epoll, listener;
	uint32_t connections, accepted, ended;
	struct connection *list; /* by their order */
	uint8_t *buffer;         /* for all */
	uint64_t calls;
};

static void close_epoll(void *state)
{
	struct server *s = state;

	for (uint32_t i = 0; i < s->accepted; i++) {
		iou_close(s->list[i].fd);
		free(s->list[i].rest);
	}
	iou_close(s->epoll);
	free(s->list);
	free(s->buffer);
	free(s);
}

static int open_epoll(void **state, int listener, const struct iou_echo_config *config,
		      struct iou_err *err)
{
	struct epoll_event event = {.events = EPOLLIN};
	struct server *s = calloc(1, sizeof(*s));

	if (!s)
		return iou_echo_error(err, ENOMEM, "cannot make a server");
	s->listener = listener;
	s->connections = config->connections;
	s->list = calloc(s->connections, sizeof(*s->list));
	s->buffer = malloc(BUFFER);
	s->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (!s->list || !s->buffer || s->epoll < 0 ||
	    epoll_ctl(s->epoll, EPOLL_CTL_ADD, listener, &event)) {
		close_epoll(s);
		return iou_echo_error(err, ENOMEM, "cannot make a server");
	}
	*state = s;
	return 0;
}

static int accept_one(struct server *s, struct iou_err *err)
{
	struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET};
	struct connection *conn = &s->list[s->accepted];
	int fd = accept4(s->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	s->calls += 2;
	if (fd < 0)
		return errno == EAGAIN ? 0 : iou_echo_error(err, errno, "a server cannot accept");
	conn->fd = fd;
	s->accepted++;
	event.data.ptr = conn;
	if (epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &event))
		return iou_echo_error(err, errno, "a server cannot wait for a connection");
	if (s->accepted == s->connections)
		epoll_ctl(s->epoll, EPOLL_CTL_DEL, s->listener, NULL);
	return 0;
}

static void end(struct server *s, struct connection *conn)
{
	close(conn->fd);
	conn->fd = -1;
	s->calls++;
	s->ended++;
}

static ssize_t send_some(struct server *s, const struct connection *conn, const uint8_t *bytes,
			 uint32_t nr)
{
	ssize_t sent = send(conn->fd, bytes, nr, MSG_NOSIGNAL);

	s->calls++;
	return sent < 0 && errno == EAGAIN ? 0 : sent;
}

static bool keep(struct connection *conn, const uint8_t *bytes, uint32_t nr)
{
	conn->rest = malloc(sizeof(*conn->rest) + nr);
	if (!conn->rest)
		return false;
	conn->rest->have = nr;
	conn->rest->gone = 0;
	for (uint32_t i = 0; i < nr; i++)
		conn->rest->bytes[i] = bytes[i];
	return true;
}

/* Whether all of what was kept is gone. */
static bool send_rest(struct server *s, struct connection *conn)
{
	struct rest *rest = conn->rest;
	ssize_t sent = send_some(s, conn, rest->bytes + rest->gone, rest->have - rest->gone);

	if (sent > 0)
		rest->gone += (uint32_t)sent;
	if (sent >= 0 && rest->gone < rest->have)
		return false;
	free(rest);
	conn->rest = NULL;
	return true;
}

static void answer(struct server *s, struct connection *conn, uint32_t events)
{
	ssize_t got, sent;

	if (conn->rest && !send_rest(s, conn))
		return;
	do {
		got = recv(conn->fd, s->buffer, BUFFER, 0);
		s->calls++;
		if (got < 0 && errno == EAGAIN)
			return;
		if (got <= 0) {
			end(s, conn);
			return;
		}
		sent = send_some(s, conn, s->buffer, (uint32_t)got);
		if (sent < 0) {
			end(s, conn);
			return;
		}
		if (sent < got) {
			if (!keep(conn, s->buffer + sent, (uint32_t)(got - sent)))
				end(s, conn);
			return;
		}
	} while (got == BUFFER || events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR));
}

static int serve_epoll(void *state, uint64_t *calls, struct iou_err *err)
{
	struct server *s = state;
	struct epoll_event events[EVENTS];
	int ret = 0;

	while (!ret && s->ended < s->connections) {
		int nr = epoll_wait(s->epoll, events, EVENTS, -1);

		s->calls++;
		for (int i = 0; i < nr && !ret; i++)
			if (events[i].data.ptr)
				answer(s, events[i].data.ptr, events[i].events);
			else
				ret = accept_one(s, err);
	}
	*calls = s->calls;
	return ret;
}

const struct iou_echo_server iou_echo_epoll = {open_epoll, serve_epoll, close_epoll};
