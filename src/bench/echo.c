// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The job echo: one server after the other, with the same clients. */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "bench/echo.h"
#include "bench/jobs.h"
#include "bench/loop.h"

enum { COUNT, CONNECTIONS, SIZE };

/* A message up to this size comes in one piece, so that the loop, which counts receives, knows when
 * it is done. */
#define SIZE_MAX_WHOLE 16384

static const struct iou_bench_param params[] = {
	{"count", "requests", "round trips of a round, over all connections", 20000, 1,
	 UINT64_C(1) << 40, false},
	{"connections", "connections", "how many at the same time", 1, 1, 512, false},
	{"size", "", "bytes of a message", 64, 1, SIZE_MAX_WHOLE, true},
};

struct state {
	struct iou_echo_config config;
	struct iou_echo_client client;
	int listener;
	const struct iou_echo_server *server; /* NULL: a loop */
	void *serving;
};

static void close_echo(void *state)
{
	struct state *s = state;

	iou_echo_client_stop(&s->client);
	if (s->serving && s->server)
		s->server->close(s->serving);
	else if (s->serving)
		iou_bench_loop_close(s->serving);
	iou_close(s->listener);
	free(s);
}

static struct state *new_state(const struct iou_bench_work *work)
{
	struct state *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->config.count = work->values[COUNT].number;
	s->config.connections = (uint32_t)work->values[CONNECTIONS].number;
	s->config.size = (uint32_t)work->values[SIZE].number;
	s->client = IOU_ECHO_CLIENT_INIT;
	s->listener = -1;
	return s;
}

/* ---- As a loop ---- */

static int find_port(void *loop, uint16_t *port, struct iou_err *err)
{
	const char *where = iou_bench_loop_listens(loop);
	const char *colon = where ? strrchr(where, ':') : NULL;

	if (!colon || strncmp(where, "127.0.0.1:", 10) != 0)
		return iou_err_set(err, IOU_CAUSE_USAGE, "usage", 0,
				   "the loop does not listen at 127.0.0.1: listen=127.0.0.1:0");
	*port = (uint16_t)strtoul(colon + 1, NULL, 10);
	return 0;
}

/* A loop whose clients fail is not left waiting for them. */
static int open_loop_at(struct state *s, const struct iou_bench_work *work, struct iou_err *err)
{
	char texts[3][64];
	uint16_t port = 0;
	int ret;

	snprintf(texts[0], sizeof(texts[0]), "max-conns=%" PRIu32, s->config.connections);
	snprintf(texts[1], sizeof(texts[1]), "bs=%" PRIu32, s->config.size);
	snprintf(texts[2], sizeof(texts[2]), "count=%" PRIu64, s->config.count);
	ret = iou_echo_client_start(&s->client, &s->config, err);
	if (!ret)
		ret = iou_bench_loop_open(&s->serving, work, "echo",
					  (const char *[]){"listen=127.0.0.1:0", "idle=10s",
							   texts[0], texts[1], texts[2], NULL},
					  s->config.count, err);
	ret = ret ?: find_port(s->serving, &port, err);
	return ret ?: iou_echo_client_connect(&s->client, port, err);
}

static int open_loop(void **state, const struct iou_bench_variant *variant,
		     const struct iou_bench_work *work, struct iou_err *err)
{
	struct state *s = new_state(work);
	int ret;

	(void)variant;
	if (!s)
		return iou_echo_error(err, ENOMEM, "cannot open a loop");
	ret = open_loop_at(s, work, err);
	if (ret) {
		close_echo(s);
		return ret;
	}
	*state = s;
	return 0;
}

static int run_loop(void *state, struct iou_bench_done *done, struct iou_err *err)
{
	struct state *s = state;
	int ret = iou_echo_client_go(&s->client, err);

	ret = ret ?: iou_bench_loop_run(s->serving, done, err);
	return ret ?: iou_echo_client_finish(&s->client, done, err);
}

/* ---- As another server ---- */

/* As that of the loop: what it accepts inherits that messages go at once. */
static int listen_somewhere(int *listener, uint16_t *port)
{
	struct sockaddr_in addr = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t length = sizeof(addr);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -errno;
	*listener = fd;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
	if (bind(fd, (struct sockaddr *)&addr, length) || listen(fd, SOMAXCONN) ||
	    getsockname(fd, (struct sockaddr *)&addr, &length))
		return -errno;
	*port = ntohs(addr.sin_port);
	return 0;
}

static int open_server_at(struct state *s, struct iou_err *err)
{
	uint16_t port = 0;
	int ret = iou_echo_client_start(&s->client, &s->config, err);

	if (ret)
		return ret;
	ret = listen_somewhere(&s->listener, &port);
	if (ret)
		return iou_echo_error(err, -ret, "cannot listen at 127.0.0.1");
	ret = s->server->open(&s->serving, s->listener, &s->config, err);
	return ret ?: iou_echo_client_connect(&s->client, port, err);
}

static int open_server(void **state, const struct iou_bench_work *work,
		       const struct iou_echo_server *server, struct iou_err *err)
{
	struct state *s = new_state(work);
	int ret;

	if (!s)
		return iou_echo_error(err, ENOMEM, "cannot make a server");
	s->server = server;
	ret = open_server_at(s, err);
	if (ret) {
		close_echo(s);
		return ret;
	}
	*state = s;
	return 0;
}

static int run_server(void *state, struct iou_bench_done *done, struct iou_err *err)
{
	struct state *s = state;
	int ret = iou_echo_client_go(&s->client, err);

	if (ret)
		return ret;
	/* As of the loop, what is measured is what the server does. */
	done->cpu_ns = iou_clock_ns(CLOCK_PROCESS_CPUTIME_ID);
	done->begin_ns = iou_clock_now();
	ret = s->server->serve(s->serving, &done->enters, err);
	done->end_ns = iou_clock_now();
	done->cpu_ns = iou_clock_ns(CLOCK_PROCESS_CPUTIME_ID) - done->cpu_ns;
	return ret ?: iou_echo_client_finish(&s->client, done, err);
}

#define OPEN(server)                                                                     \
	static int open_##server(void **state, const struct iou_bench_variant *variant,  \
				 const struct iou_bench_work *work, struct iou_err *err) \
	{                                                                                \
		(void)variant;                                                           \
		return open_server(state, work, &iou_echo_##server, err);                \
	}

OPEN(plain)
OPEN(tuned)
OPEN(epoll)
OPEN(threads)

/* ---- The job ---- */

#define SERVER(name, help, kind, server)                                          \
	{                                                                         \
		name, help, kind, false, 1, open_##server, run_server, close_echo \
	}

static const struct iou_bench_variant variants[] = {
	{"loop", "echo", IOU_BENCH_LOOP, false, 1, open_loop, run_loop, close_echo},
	SERVER("liburing", "accept, recv and send, one ring", IOU_BENCH_PLAIN, plain),
	SERVER("tuned", "multishot, provided buffers, silent sends", IOU_BENCH_TUNED, tuned),
	SERVER("epoll", "edge-triggered, recv and send", IOU_BENCH_OTHER, epoll),
	SERVER("threads", "a thread for each connection", IOU_BENCH_OTHER, threads),
};

const struct iou_bench_job iou_bench_echo = {
	.name = "echo",
	.help = "round trips on loopback, clients included",
	.request = "round trip",
	.cpu_of = "SERVER",
	.params = params,
	.params_nr = ARRAY_SIZE(params),
	.variants = variants,
	.variants_nr = ARRAY_SIZE(variants),
};
