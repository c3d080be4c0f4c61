// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The clients of an echo server: one process, which costs as little as can be, since what it costs
 * is measured with the server. One connection is blocking calls, several are epoll. Each sends a
 * message when the one before has come back, and reads the clock once for both.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "bench/echo.h"

#define EVENTS 64

/* In memory that both processes have. */
struct iou_echo_report {
	uint64_t done; /* messages that came back */
	int errnum;    /* of what failed, where @what says what */
	char what[64];
	struct iou_bench_latency latency;
};

/* ---- In the process ---- */

struct connection {
	int fd;
	uint32_t got;        /* bytes of the message that is coming back */
	uint64_t left;       /* messages that are to be begun */
	uint64_t number;     /* of the last that was */
	uint64_t since;      /* when that was */
	uint8_t *out, *back; /* the message; what came back of it */
};

struct clients {
	const struct iou_echo_config *config;
	struct iou_echo_report *report;
	struct connection *list;
	int epoll;
};

static bool fail(struct clients *c, int errnum, const char *what)
{
	c->report->errnum = errnum;
	snprintf(c->report->what, sizeof(c->report->what), "%s", what);
	return false;
}

/* The next message is one that was not sent before: it begins with a number. */
static bool begin(struct clients *c, struct connection *conn, uint64_t time)
{
	uint32_t size = c->config->size;
	uint64_t number = ++conn->number;

	memcpy(conn->out, &number, size < sizeof(number) ? size : sizeof(number));
	conn->left--;
	conn->got = 0;
	conn->since = time;
	if (send(conn->fd, conn->out, size, MSG_NOSIGNAL) != (ssize_t)size)
		return fail(c, errno, "a client cannot send");
	return true;
}

/* All of it came back. */
static bool end(struct clients *c, struct connection *conn)
{
	uint64_t time = iou_clock_now();

	if (memcmp(conn->out, conn->back, c->config->size) != 0)
		return fail(c, EPROTO, "what came back is not what was sent");
	iou_bench_latency_add(&c->report->latency, time - conn->since);
	c->report->done++;
	return !conn->left || begin(c, conn, time);
}

static bool receive(struct clients *c, struct connection *conn, int flags)
{
	uint32_t size = c->config->size;
	ssize_t got;

	/* Nothing is waited for: the server closed it, since all is done. */
	if (conn->got == size)
		return true;
	got = recv(conn->fd, conn->back + conn->got, size - conn->got, flags);
	if (got < 0 && errno == EAGAIN)
		return true;
	if (got <= 0)
		return fail(c, got ? errno : EPIPE, "a client cannot receive");
	conn->got += (uint32_t)got;
	return conn->got < size || end(c, conn);
}

static bool run_one(struct clients *c)
{
	struct connection *conn = c->list;

	if (!begin(c, conn, iou_clock_now()))
		return false;
	while (c->report->done < c->config->count)
		if (!receive(c, conn, MSG_WAITALL))
			return false;
	return true;
}

static bool run_many(struct clients *c)
{
	struct epoll_event events[EVENTS];

	for (uint32_t i = 0; i < c->config->connections; i++)
		if (c->list[i].left && !begin(c, &c->list[i], iou_clock_now()))
			return false;
	while (c->report->done < c->config->count) {
		int nr = epoll_wait(c->epoll, events, EVENTS, -1);

		for (int i = 0; i < nr; i++)
			if (!receive(c, events[i].data.ptr, MSG_DONTWAIT))
				return false;
	}
	return true;
}

static bool connect_one(struct clients *c, struct connection *conn, uint16_t port)
{
	const struct sockaddr_in addr = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.ptr = conn};
	uint32_t size = c->config->size;

	conn->got = size;
	conn->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	conn->out = malloc(size);
	conn->back = malloc(size);
	if (conn->fd < 0 || !conn->out || !conn->back)
		return fail(c, ENOMEM, "a client cannot be made");
	setsockopt(conn->fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
	if (connect(conn->fd, (const struct sockaddr *)&addr, sizeof(addr)) ||
	    epoll_ctl(c->epoll, EPOLL_CTL_ADD, conn->fd, &event))
		return fail(c, errno, "a client cannot connect");
	return true;
}

static bool connect_all(struct clients *c, uint16_t port)
{
	uint32_t nr = c->config->connections;

	c->epoll = epoll_create1(EPOLL_CLOEXEC);
	c->list = calloc(nr, sizeof(*c->list));
	if (!c->list || c->epoll < 0)
		return fail(c, ENOMEM, "clients cannot be made");
	for (uint32_t i = 0; i < nr; i++) {
		struct connection *conn = &c->list[i];

		if (!connect_one(c, conn, port))
			return false;
		conn->left = c->config->count / nr + (i < c->config->count % nr);
		for (uint32_t j = 0; j < c->config->size; j++)
			conn->out[j] = (uint8_t)(j + j / 251 + i * 83);
	}
	return true;
}

/* Each word is answered by one: connected, done. What was not well is in the report. */
static void be_clients(int sock, const struct iou_echo_config *config,
		       struct iou_echo_report *report)
{
	struct clients c = {.config = config, .report = report};
	uint16_t port;
	char byte = 0;

	if (read(sock, &port, sizeof(port)) != sizeof(port))
		return;
	if (!connect_all(&c, port) || write(sock, &byte, 1) != 1 || read(sock, &byte, 1) != 1)
		return;
	if (config->connections == 1 ? run_one(&c) : run_many(&c))
		if (write(sock, &byte, 1) != 1)
			return;
}

/* ---- Around it ---- */

static void begin_process(int sock, pid_t parent, const struct iou_echo_config *config,
			  struct iou_echo_report *report)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	/* Among what we were given are pipes that others wait to see closed. */
	if (dup2(sock, 3) == 3 && close_range(4, ~0U, 0) == 0)
		be_clients(3, config, report);
	/* Closes all connections. */
	_exit(0);
}

int iou_echo_client_start(struct iou_echo_client *client, const struct iou_echo_config *config,
			  struct iou_err *err)
{
	pid_t parent = getpid();
	int pair[2];

	client->report = mmap(NULL, sizeof(*client->report), PROT_READ | PROT_WRITE,
			      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (client->report == MAP_FAILED) {
		client->report = NULL;
		return iou_echo_error(err, ENOMEM, "cannot start clients");
	}
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return iou_echo_error(err, errno, "cannot start clients");
	client->pid = fork();
	if (client->pid == 0)
		begin_process(pair[1], parent, config, client->report);
	close(pair[1]);
	client->socket = pair[0];
	if (client->pid < 0) {
		client->pid = 0;
		return iou_echo_error(err, EAGAIN, "cannot start clients");
	}
	return 0;
}

/* Its next word; or why there is none. */
static int hear(struct iou_echo_client *client, struct iou_err *err)
{
	char byte;
	ssize_t got;

	do {
		got = read(client->socket, &byte, 1);
	} while (got < 0 && errno == EINTR);
	if (got == 1)
		return 0;
	if (client->report->what[0])
		return iou_echo_error(err, client->report->errnum, client->report->what);
	return iou_echo_error(err, 0, "the clients ended without a result");
}

int iou_echo_client_connect(struct iou_echo_client *client, uint16_t port, struct iou_err *err)
{
	if (send(client->socket, &port, sizeof(port), MSG_NOSIGNAL) != sizeof(port))
		return iou_echo_error(err, errno, "the clients are gone");
	return hear(client, err);
}

int iou_echo_client_go(struct iou_echo_client *client, struct iou_err *err)
{
	if (send(client->socket, "", 1, MSG_NOSIGNAL) != 1)
		return iou_echo_error(err, errno, "the clients are gone");
	return 0;
}

int iou_echo_client_finish(struct iou_echo_client *client, struct iou_bench_done *done,
			   struct iou_err *err)
{
	int ret = hear(client, err);

	if (ret)
		return ret;
	done->requests = client->report->done;
	iou_bench_latency_merge(done->latency, &client->report->latency);
	return 0;
}

void iou_echo_client_stop(struct iou_echo_client *client)
{
	if (client->pid > 0) {
		kill(client->pid, SIGKILL);
		waitpid(client->pid, NULL, 0);
	}
	iou_close(client->socket);
	if (client->report)
		munmap(client->report, sizeof(*client->report));
	*client = IOU_ECHO_CLIENT_INIT;
}
