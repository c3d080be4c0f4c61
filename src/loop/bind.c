// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* From a loaded loop to one that is bound to a ring. */
#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "loop/internal.h"

/* How long the ring's lock may be somebody else's. */
#define ATTACH_MS 2000

static int cannot_attach(struct iou_loop *loop, int ret, struct iou_err *err)
{
	const uint32_t *ring_fd = iou_loop_ops_field(loop, "ring_fd", sizeof(*ring_fd));

	iou_err_set(err, ret == -EPERM || ret == -EACCES ? IOU_CAUSE_PERMISSION : IOU_CAUSE_FAILED,
		    "attach", -ret, "cannot attach '%s' to ring fd %d", iou_loop_name(loop),
		    ring_fd ? (int)*ring_fd : -1);
	if (ret == -EOPNOTSUPP)
		iou_err_hint(err, "the ring was made with IORING_SETUP_SQPOLL or IOPOLL, or "
				  "without IORING_SETUP_DEFER_TASKRUN");
	else if (ret == -EBUSY)
		iou_err_hint(err, "the ring has a loop already");
	else if (ret == -ETIMEDOUT)
		iou_err_hint(err, "the program is in a call that keeps the ring locked");
	return ret;
}

static int begin(struct iou_loop *loop, struct iou_err *err)
{
	if (loop->was_attached)
		return iou_err_set(err, IOU_CAUSE_FAILED, "attach", EALREADY,
				   "'%s' was attached before", iou_loop_name(loop));
	loop->was_attached = true;
	return 0;
}

int iou_loop_attach(struct iou_loop *loop, struct iou_err *err)
{
	int ret = begin(loop, err);

	if (ret)
		return ret;
	loop->link = bpf_map__attach_struct_ops(loop->ops);
	return loop->link ? 0 : cannot_attach(loop, -errno, err);
}

/* ---- With a bound ----
 *
 * The kernel waits for the ring's lock, and cannot be interrupted. So a child waits, and hands over
 * the link. If it comes too late the link goes with it.
 */

union control {
	struct cmsghdr header;
	char room[CMSG_SPACE(sizeof(int))];
};

/* @fd, or -1 for none. */
static void send_link(int socket, int ret, int fd)
{
	struct iovec iov = {&ret, sizeof(ret)};
	union control control = {};
	struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1};
	struct cmsghdr *header = &control.header;

	if (fd >= 0) {
		message.msg_control = &control;
		message.msg_controllen = sizeof(control);
		*header = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof(fd)),
					   .cmsg_level = SOL_SOCKET,
					   .cmsg_type = SCM_RIGHTS};
		memcpy(CMSG_DATA(header), &fd, sizeof(fd));
	}
	sendmsg(socket, &message, MSG_NOSIGNAL);
}

/* A descriptor, or -errno. */
static int receive_link(int socket)
{
	int ret = -EIO, fd = -1;
	struct iovec iov = {&ret, sizeof(ret)};
	union control control = {};
	struct msghdr message = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *header;

	if (recvmsg(socket, &message, MSG_CMSG_CLOEXEC) != (ssize_t)sizeof(ret))
		return -EIO;
	header = CMSG_FIRSTHDR(&message);
	if (header && header->cmsg_type == SCM_RIGHTS && header->cmsg_len == CMSG_LEN(sizeof(fd)))
		memcpy(&fd, CMSG_DATA(header), sizeof(fd));
	return ret ?: fd >= 0 ? fd : -EIO;
}

/* Nobody else waits for the streams of one that hangs. */
static void attach_in_child(const struct iou_loop *loop, int socket)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	struct bpf_link *link;

	for (int fd = 0; fd <= 2; fd++)
		dup2(null, fd);
	link = bpf_map__attach_struct_ops(loop->ops);
	send_link(socket, link ? 0 : -errno, link ? bpf_link__fd(link) : -1);
	_exit(0);
}

static bool wait_for(int socket)
{
	struct pollfd said = {.fd = socket, .events = POLLIN};
	int64_t end = 0, left = ATTACH_MS;
	int ret = 0;

	while (ret <= 0 && left > 0) {
		left = iou_clock_ms();
		end = end ?: left + ATTACH_MS;
		left = end - left;
		ret = left > 0 ? poll(&said, 1, (int)left) : 0;
	}
	return ret > 0;
}

int iou_loop_attach_bounded(struct iou_loop *loop, struct iou_err *err)
{
	int ret = begin(loop, err), pair[2];
	pid_t pid;

	if (ret)
		return ret;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return cannot_attach(loop, -errno, err);
	pid = fork();
	if (pid == 0)
		attach_in_child(loop, pair[1]);
	ret = pid < 0 ? -errno : 0;
	close(pair[1]);
	if (!ret)
		ret = wait_for(pair[0]) ? receive_link(pair[0]) : -ETIMEDOUT;
	close(pair[0]);
	if (pid > 0 && ret == -ETIMEDOUT)
		kill(pid, SIGKILL);
	else if (pid > 0)
		waitpid(pid, NULL, 0);
	if (ret < 0)
		return cannot_attach(loop, ret, err);
	loop->link_fd = ret;
	return 0;
}

int iou_loop_link_fd(const struct iou_loop *loop)
{
	return loop->link ? bpf_link__fd(loop->link) : loop->link_fd;
}
