// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "session/socket.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/cleanup.h"
#include "base/parse.h"

static int socket_error(struct iou_err *err, const char *address, bool listening, int errnum)
{
	iou_err_set(err,
		    errnum == EACCES || errnum == EPERM ? IOU_CAUSE_PERMISSION : IOU_CAUSE_FAILED,
		    "open", errnum, listening ? "cannot listen at '%s'" : "cannot connect to '%s'",
		    address);
	if (errnum == EADDRINUSE && strncmp(address, "unix:", 5) == 0)
		iou_err_hint(err, "there is something at this path already: remove it if it is "
				  "what a run left that was killed");
	else if (errnum == EADDRINUSE)
		iou_err_hint(err, "another program has it; with port 0 the kernel chooses one");
	return -errnum;
}

/* Loops send whole messages, as a rule, which shall not wait for the other side's acknowledgement.
 * What a listening socket accepts inherits it. */
static void set_options(int fd, int family, bool listening)
{
	const int yes = 1;

	if (family == AF_UNIX)
		return;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
	if (listening)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
}

/* A socket at one address: a file descriptor or -errno. */
static int open_one(const struct sockaddr *addr, socklen_t length, bool listening)
{
	IOU_CLOSE int fd = socket(addr->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int ret;

	if (fd < 0)
		return -errno;
	set_options(fd, addr->sa_family, listening);
	if (listening)
		ret = bind(fd, addr, length) ?: listen(fd, SOMAXCONN);
	else
		ret = connect(fd, addr, length);
	return ret ? -errno : TAKE_FD(fd);
}

static int open_unix(const char *path, bool listening)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};

	if (strlen(path) >= sizeof(addr.sun_path))
		return -ENAMETOOLONG;
	strcpy(addr.sun_path, path);
	return open_one((struct sockaddr *)&addr, sizeof(addr), listening);
}

/* The first of a host's addresses that works; what the last one failed with if none does. */
static int open_host(const char *host, const char *port, bool listening, const char **why)
{
	struct addrinfo hints = {
		.ai_socktype = SOCK_STREAM,
		.ai_flags = listening ? AI_PASSIVE : 0,
	};
	struct addrinfo *list, *one;
	int fd = -EADDRNOTAVAIL;
	int ret = getaddrinfo(host, port, &hints, &list);

	if (ret) {
		*why = gai_strerror(ret);
		return -EINVAL;
	}
	for (one = list; one && fd < 0; one = one->ai_next)
		fd = open_one(one->ai_addr, one->ai_addrlen, listening);
	freeaddrinfo(list);
	return fd;
}

/* "HOST:PORT" of what @fd is bound to, as numbers; NULL for a unix socket. */
static char *bound_to(int fd)
{
	struct sockaddr_storage addr;
	socklen_t length = sizeof(addr);
	char host[NI_MAXHOST], port[NI_MAXSERV], *text;

	if (getsockname(fd, (struct sockaddr *)&addr, &length) || addr.ss_family == AF_UNIX ||
	    getnameinfo((struct sockaddr *)&addr, length, host, sizeof(host), port, sizeof(port),
			NI_NUMERICHOST | NI_NUMERICSERV))
		return NULL;
	if (asprintf(&text, addr.ss_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host, port) < 0)
		return NULL;
	return text;
}

int iou_socket_open(const char *address, bool listening, int *fd, char **where, struct iou_err *err)
{
	IOU_FREE char *host = NULL, *port = NULL, *bound = NULL;
	const char *why = NULL;
	int ret = iou_parse_address(address, &host, &port);

	if (!ret)
		ret = port ? open_host(host, port, listening, &why) : open_unix(host, listening);
	if (why) {
		iou_err_set(err, IOU_CAUSE_USAGE, "open", 0, "there is no '%s': %s", address, why);
		return ret;
	}
	if (ret < 0)
		return socket_error(err, address, listening, -ret);
	bound = listening ? bound_to(ret) : NULL;
	if (!bound)
		bound = strdup(address);
	if (!bound) {
		iou_close(ret);
		return socket_error(err, address, listening, ENOMEM);
	}
	*where = TAKE_PTR(bound);
	*fd = ret;
	return 0;
}
