// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* An echo server with blocking calls: a thread for each connection, which knows of no other. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "bench/echo.h"

#define STACK (128 * 1024)

struct connection {
	pthread_t thread;
	int fd;
	uint32_t size;
	uint8_t *buffer;
	uint64_t calls;
};

struct server {
	int listener;
	uint32_t connections, accepted;
	struct connection *list;
	uint8_t *buffers;
};

static void close_threads(void *state)
{
	struct server *s = state;

	free(s->list);
	free(s->buffers);
	free(s);
}

static int open_threads(void **state, int listener, const struct iou_echo_config *config,
			struct iou_err *err)
{
	struct server *s = calloc(1, sizeof(*s));

	if (!s)
		return iou_echo_error(err, ENOMEM, "cannot make a server");
	s->listener = listener;
	s->connections = config->connections;
	s->list = calloc(s->connections, sizeof(*s->list));
	s->buffers = malloc((size_t)s->connections * config->size);
	if (!s->list || !s->buffers) {
		close_threads(s);
		return iou_echo_error(err, ENOMEM, "cannot make a server");
	}
	for (uint32_t i = 0; i < s->connections; i++) {
		s->list[i].size = config->size;
		s->list[i].buffer = s->buffers + (size_t)i * config->size;
	}
	/* Who accepts may wait, too. */
	fcntl(listener, F_SETFL, fcntl(listener, F_GETFL) & ~O_NONBLOCK);
	*state = s;
	return 0;
}

static bool send_all(struct connection *conn, uint32_t have)
{
	for (uint32_t gone = 0; gone < have;) {
		ssize_t sent = send(conn->fd, conn->buffer + gone, have - gone, MSG_NOSIGNAL);

		conn->calls++;
		if (sent < 0)
			return false;
		gone += (uint32_t)sent;
	}
	return true;
}

static void *serve_one(void *data)
{
	struct connection *conn = data;
	ssize_t got;

	do {
		got = recv(conn->fd, conn->buffer, conn->size, 0);
		conn->calls++;
	} while (got > 0 && send_all(conn, (uint32_t)got));
	close(conn->fd);
	return NULL;
}

static int accept_all(struct server *s, const pthread_attr_t *attr, struct iou_err *err)
{
	for (; s->accepted < s->connections; s->accepted++) {
		struct connection *conn = &s->list[s->accepted];
		int ret;

		conn->fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC);
		if (conn->fd < 0)
			return iou_echo_error(err, errno, "a server cannot accept");
		ret = pthread_create(&conn->thread, attr, serve_one, conn);
		if (ret) {
			close(conn->fd);
			return iou_echo_error(err, ret, "cannot start a thread");
		}
	}
	return 0;
}

static int serve_threads(void *state, uint64_t *calls, struct iou_err *err)
{
	struct server *s = state;
	pthread_attr_t attr;
	int ret;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK);
	ret = accept_all(s, &attr, err);
	pthread_attr_destroy(&attr);
	/* The clients are not ended before they all have come: those without a thread wait for an
	 * answer, and are ended with us. */
	if (ret)
		return ret;
	for (uint32_t i = 0; i < s->accepted; i++) {
		pthread_join(s->list[i].thread, NULL);
		*calls += s->list[i].calls + 1;
	}
	return 0;
}

const struct iou_echo_server iou_echo_threads = {open_threads, serve_threads, close_threads};
