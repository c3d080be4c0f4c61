// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "attach/program.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"

/* How often to look for a ring: nothing tells when one is made. */
#define LOOK_MS 1

/* In the child. Tells what failed by the pipe that exec closes. */
static void become(char *const *argv, int report)
{
	execvp(argv[0], argv);
	if (write(report, &errno, sizeof(errno)) < 0)
		_exit(126);
	_exit(127);
}

int iou_program_start(struct iou_program *program, char *const *argv, struct iou_err *err)
{
	int report[2], failed = 0;
	pid_t pid;

	if (pipe2(report, O_CLOEXEC))
		return iou_err_set(err, IOU_CAUSE_FAILED, "program", errno, "cannot start '%s'",
				   argv[0]);
	pid = fork();
	if (pid == 0)
		become(argv, report[1]);
	close(report[1]);
	if (pid < 0 || read(report[0], &failed, sizeof(failed)) != (ssize_t)sizeof(failed))
		failed = pid < 0 ? errno : 0;
	close(report[0]);
	if (failed) {
		if (pid > 0)
			waitpid(pid, NULL, 0);
		return iou_err_set(err,
				   failed == ENOENT   ? IOU_CAUSE_USAGE
				   : failed == EACCES ? IOU_CAUSE_PERMISSION
						      : IOU_CAUSE_FAILED,
				   "program", failed, "cannot start '%s'", argv[0]);
	}
	program->pid = pid;
	program->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	return 0;
}

static bool has_ring(pid_t pid)
{
	static const char ring[] = "anon_inode:[io_uring]";
	char path[64], link[sizeof(ring)];
	struct dirent *entry;
	bool found = false;
	DIR *fds;

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	fds = opendir(path);
	while (fds && !found && (entry = readdir(fds)))
		found = readlinkat(dirfd(fds), entry->d_name, link, sizeof(link)) ==
				(ssize_t)strlen(ring) &&
			memcmp(link, ring, strlen(ring)) == 0;
	if (fds)
		closedir(fds);
	return found;
}

/* One of those that are blocked. */
static bool is_interrupted(void)
{
	sigset_t pending, blocked;

	sigpending(&pending);
	sigprocmask(SIG_BLOCK, NULL, &blocked);
	for (int i = 1; i < NSIG; i++)
		if (sigismember(&pending, i) == 1 && sigismember(&blocked, i) == 1)
			return true;
	return false;
}

int iou_program_await_ring(const struct iou_program *program, struct iou_err *err)
{
	struct pollfd ended = {.fd = program->pidfd, .events = POLLIN};

	while (!has_ring(program->pid)) {
		if (is_interrupted())
			return -EINTR;
		if (poll(&ended, 1, LOOK_MS) > 0)
			return iou_err_set(err, IOU_CAUSE_FAILED, "program", ESRCH,
					   "the program ended, and had no ring that was seen");
	}
	return 0;
}

int iou_program_end(struct iou_program *program, int signum)
{
	int status = 0;

	if (!program->pid)
		return 0;
	if (signum)
		kill(program->pid, signum);
	while (waitpid(program->pid, &status, 0) < 0 && errno == EINTR)
		;
	iou_close(TAKE_FD(program->pidfd));
	program->pid = 0;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
