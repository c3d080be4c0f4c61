// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "attach/program.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "attach/attach.h"
#include "base/cleanup.h"

/* ---- Starting ---- */

/* In the child. Tells what failed by the pipe that exec closes. */
static void become(char *const *argv, const sigset_t *mask, int report)
{
	sigprocmask(SIG_SETMASK, mask, NULL);
	execvp(argv[0], argv);
	if (write(report, &errno, sizeof(errno)) < 0)
		_exit(126);
	_exit(127);
}

/* The pid, or -errno of what failed in the child or before. */
static pid_t start(char *const *argv)
{
	int report[2], failed = 0;
	sigset_t mask;
	pid_t pid;

	if (pipe2(report, O_CLOEXEC))
		return -errno;
	sigprocmask(SIG_BLOCK, NULL, &mask);
	iou_hold_block();
	pid = fork();
	if (pid == 0)
		become(argv, &mask, report[1]);
	if (pid < 0)
		failed = errno;
	close(report[1]);
	if (pid > 0 && read(report[0], &failed, sizeof(failed)) != (ssize_t)sizeof(failed))
		failed = 0;
	close(report[0]);
	if (failed && pid > 0)
		waitpid(pid, NULL, 0);
	return failed ? -failed : pid;
}

/* Those that end a program, as far as they are blocked by now. */
static int open_signals(void)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
	sigset_t blocked, set;

	sigprocmask(SIG_BLOCK, NULL, &blocked);
	sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		if (sigismember(&blocked, signals[i]) == 1)
			sigaddset(&set, signals[i]);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

int iou_program_start(struct iou_program *program, char *const *argv, struct iou_err *err)
{
	struct iou_program started = {.pid = start(argv)};
	int failed = started.pid < 0 ? -started.pid : 0;

	if (!failed) {
		started.pidfd = (int)syscall(SYS_pidfd_open, started.pid, 0);
		started.signals = started.pidfd < 0 ? -1 : open_signals();
		failed = started.signals < 0 ? errno : 0;
		if (failed) {
			iou_close(started.pidfd);
			kill(started.pid, SIGKILL);
			waitpid(started.pid, NULL, 0);
		}
	}
	if (failed)
		return iou_err_set(err,
				   failed == ENOENT   ? IOU_CAUSE_USAGE
				   : failed == EACCES ? IOU_CAUSE_PERMISSION
						      : IOU_CAUSE_FAILED,
				   "program", failed, "cannot start '%s'", argv[0]);
	*program = started;
	return 0;
}

/* ---- Waiting ---- */

/* A terminal sends its signals to all of its foreground, of which the program is, too. */
static void pass_on(const struct iou_program *program, const struct signalfd_siginfo *info)
{
	if (info->ssi_code != SI_KERNEL || getpgid(program->pid) != getpgrp())
		kill(program->pid, (int)info->ssi_signo);
}

int iou_program_pause(const struct iou_program *program, int ms, int *signum)
{
	struct pollfd fds[] = {
		{.fd = program->pidfd, .events = POLLIN},
		{.fd = program->signals, .events = POLLIN},
	};
	struct signalfd_siginfo info;

	if (poll(fds, ARRAY_SIZE(fds), ms) <= 0)
		return 0;
	if (fds[1].revents &&
	    read(program->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		pass_on(program, &info);
		*signum = (int)info.ssi_signo;
		return -EINTR;
	}
	return fds[0].revents ? -ESRCH : 0;
}

int iou_program_end(struct iou_program *program, int first, int *signum)
{
	bool left = false;
	int status = 0;

	if (!program->pid)
		return 0;
	if (first)
		kill(program->pid, first);
	for (;;) {
		bool again = *signum;
		int ret = iou_program_pause(program, -1, signum);

		left = ret == -EINTR && again;
		if (left || ret == -ESRCH)
			break;
	}
	if (!left)
		waitpid(program->pid, &status, 0);
	iou_close(TAKE_FD(program->pidfd));
	iou_close(TAKE_FD(program->signals));
	program->pid = 0;
	if (left)
		return -EINTR;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
