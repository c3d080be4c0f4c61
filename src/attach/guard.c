// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "attach/guard.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"

static int pidfd_open(pid_t pid)
{
	return (int)syscall(SYS_pidfd_open, pid, 0);
}

/* What ends the process that it guards must not end it, too. */
static void stay(void)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE};

	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		signal(signals[i], SIG_IGN);
	/* Nor what goes to its group, or comes from its terminal. */
	setsid();
	prctl(PR_SET_NAME, "iouctl-guard");
}

/* Whoever reads what the other one prints must not wait for this one. */
static void leave_streams(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (null < 0)
			close(fd);
		else if (null != fd)
			dup2(null, fd);
	if (null > STDERR_FILENO)
		close(null);
}

/* False where it cannot be waited for. */
static bool await_end(pid_t parent)
{
	struct pollfd ended = {.fd = pidfd_open(parent), .events = POLLIN};

	/* It has ended already: the number may be somebody else's by now. */
	if (getppid() != parent)
		return true;
	if (ended.fd < 0)
		return false;
	while (poll(&ended, 1, -1) < 0 && errno == EINTR)
		;
	return true;
}

static void guard_them(pid_t parent, struct iou_bound *bounds, size_t nr)
{
	stay();
	leave_streams();
	if (!await_end(parent))
		return;
	/* One that the other process took off meanwhile is as one whose program is elsewhere. */
	for (size_t i = 0; i < nr; i++)
		if (bounds[i].end == IOU_BOUND_HELD)
			iou_attach_leave(bounds[i].loop);
}

int iou_guard_start(struct iou_guard *guard, struct iou_bound *bounds, size_t nr)
{
	pid_t parent = getpid(), pid = fork();

	if (pid < 0)
		return -errno;
	if (pid == 0) {
		guard_them(parent, bounds, nr);
		_exit(0);
	}
	guard->pid = pid;
	guard->pidfd = pidfd_open(pid);
	return 0;
}

void iou_guard_end(struct iou_guard *guard)
{
	if (!guard->pid)
		return;
	/* By its descriptor: one that was killed may have been reaped, if SIGCHLD is ignored. */
	if (guard->pidfd >= 0)
		syscall(SYS_pidfd_send_signal, guard->pidfd, SIGKILL, NULL, 0);
	else
		kill(guard->pid, SIGKILL);
	while (waitpid(guard->pid, NULL, 0) < 0 && errno == EINTR)
		;
	iou_close(TAKE_FD(guard->pidfd));
	guard->pid = 0;
}
