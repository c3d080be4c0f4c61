/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Round trips on loopback: the clients, who are the same for all servers, and the servers. */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "bench/bench.h"

struct iou_echo_config {
	uint64_t count; /* round trips, over all connections */
	uint32_t connections;
	uint32_t size; /* of a message */
};

/* ---- The clients: a process of their own ---- */

struct iou_echo_report;

struct iou_echo_client {
	pid_t pid;
	int socket; /* on which it says how far it is, and is told when to begin */
	struct iou_echo_report *report;
};

#define IOU_ECHO_CLIENT_INIT           \
	(struct iou_echo_client)       \
	{                              \
		.pid = 0, .socket = -1 \
	}

/*
 * Make the process. It holds no file of ours, and ends with us. To be called before there is a
 * ring, which else it would hold, too.
 */
int iou_echo_client_start(struct iou_echo_client *client, const struct iou_echo_config *config,
			  struct iou_err *err);

/* All connections are there when this returns, though none need have been accepted. */
int iou_echo_client_connect(struct iou_echo_client *client, uint16_t port, struct iou_err *err);

/* The first messages go. When the last came back, it closes all connections. */
int iou_echo_client_go(struct iou_echo_client *client, struct iou_err *err);

/* Wait until it is done, and take over what it counted. FAILED where a byte was wrong or missing.
 */
int iou_echo_client_finish(struct iou_echo_client *client, struct iou_bench_done *done,
			   struct iou_err *err);

/* However far it is. */
void iou_echo_client_stop(struct iou_echo_client *client);

/* ---- Servers other than loops ---- */

struct iou_echo_server {
	/* @listener, which does not block, stays the caller's. */
	int (*open)(void **state, int listener, const struct iou_echo_config *config,
		    struct iou_err *err);
	/* Until so many connections as there are clients have come and gone; *@calls: system calls
	 * that it took. */
	int (*serve)(void *state, uint64_t *calls, struct iou_err *err);
	void (*close)(void *state);
};

extern const struct iou_echo_server iou_echo_plain, iou_echo_tuned, iou_echo_epoll,
	iou_echo_threads;

static inline int iou_echo_error(struct iou_err *err, int errnum, const char *what)
{
	return iou_err_set(err, IOU_CAUSE_FAILED, "bench", errnum, "%s", what);
}
