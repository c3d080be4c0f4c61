// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "vm/guestcommand.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>

#include "base/cleanup.h"
#include "vm/guestroot.h"

/* The streams as the command has them. */
struct ends {
	int tty;
	int fd[3];
};

/* What the child could not do, told to its parent over a pipe that exec closes. */
struct child_failure {
	int errnum;
	bool cwd;
};

static void close_ends(struct ends *ends)
{
	iou_close(TAKE_FD(ends->tty));
	for (size_t i = 0; i < ARRAY_SIZE(ends->fd); i++)
		iou_close(TAKE_FD(ends->fd[i]));
}

/*
 * The host's terminal echoes, edits lines and turns NL into CR NL; here bytes pass as they are.
 * Canonical mode stays on, so that an end of file can be passed through as ^D.
 */
static int pass_through(int tty)
{
	struct termios t;

	if (tcgetattr(tty, &t))
		return -errno;
	t.c_iflag = IUTF8;
	t.c_oflag = 0;
	t.c_lflag = ICANON;
	memset(t.c_cc, _POSIX_VDISABLE, sizeof(t.c_cc));
	t.c_cc[VEOF] = 4;
	t.c_cc[VMIN] = 1;
	return tcsetattr(tty, TCSANOW, &t) ? -errno : 0;
}

/* One pty stands for all streams that are terminals, as they are one terminal on the host. */
static int open_tty(struct iou_vm_command *command, struct ends *ends,
		    const struct iou_vm_start *start)
{
	command->tty = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (command->tty < 0 || grantpt(command->tty) || unlockpt(command->tty))
		return -errno;
	ends->tty = ioctl(command->tty, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (ends->tty < 0 || ioctl(ends->tty, TIOCSWINSZ, &start->size))
		return -errno;
	if (start->interactive)
		return tcsetattr(ends->tty, TCSANOW, &start->settings) ? -errno : 0;
	return pass_through(ends->tty);
}

static int open_pipe(int *ours, int *theirs, bool we_write)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC))
		return -errno;
	*ours = fds[we_write];
	*theirs = fds[!we_write];
	return fcntl(*ours, F_SETFL, O_NONBLOCK) ? -errno : 0;
}

static int open_streams(struct iou_vm_command *command, struct ends *ends,
			const struct iou_vm_start *start)
{
	int ret = 0;

	if (start->terminal[0] || start->terminal[1] || start->terminal[2])
		ret = open_tty(command, ends, start);
	if (!ret && !start->terminal[STDIN_FILENO])
		ret = open_pipe(&command->in, &ends->fd[STDIN_FILENO], true);
	for (int i = 0; !ret && i < 2; i++)
		if (!start->terminal[STDOUT_FILENO + i])
			ret = open_pipe(&command->out[i], &ends->fd[STDOUT_FILENO + i], false);
	return ret;
}

static void child_fail(int report, bool cwd)
{
	const struct child_failure failure = {.errnum = errno, .cwd = cwd};
	ssize_t n = write(report, &failure, sizeof(failure));

	_exit(n < 0 ? 126 : 127);
}

static char **iouctl_argv(char *const *args)
{
	static char name[] = "iouctl";
	size_t nr = 0;
	char **argv;

	while (args[nr])
		nr++;
	argv = calloc(nr + 2, sizeof(*argv));
	if (!argv)
		return NULL;
	argv[0] = name;
	memcpy(argv + 1, args, nr * sizeof(*argv));
	return argv;
}

/* Runs in the child. */
static void run(const struct ends *ends, const struct iou_vm_start *start, int report)
{
	sigset_t none;

	setsid();
	if (ends->tty >= 0)
		ioctl(ends->tty, TIOCSCTTY, 0);
	for (int i = 0; i < 3; i++)
		if (dup2(start->terminal[i] ? ends->tty : ends->fd[i], i) < 0)
			child_fail(report, false);
	umask((mode_t)start->umask);
	setrlimit(RLIMIT_NOFILE, &start->files);
	if (chdir(start->cwd))
		child_fail(report, true);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	environ = start->env;
	if (start->exec) {
		execvp(start->argv[0], start->argv);
	} else {
		char **argv = iouctl_argv(start->argv);

		if (argv)
			execv(IOU_VM_INIT, argv);
	}
	child_fail(report, false);
}

static int explain(const struct child_failure *failure, const struct iou_vm_start *start,
		   struct iou_err *err)
{
	int ret;

	if (!failure->cwd)
		return iou_err_set(err, IOU_CAUSE_USAGE, "vm", failure->errnum,
				   "cannot run '%s' in the guest",
				   start->exec ? start->argv[0] : IOU_VM_INIT);
	ret = iou_err_set(err, IOU_CAUSE_VM, "vm", failure->errnum,
			  "cannot change to the working directory '%s' in the guest", start->cwd);
	iou_err_hint(err, "the guest has /proc, /sys, /dev and /run of its own: start it from "
			  "another directory, or give this one to the guest with --share");
	return ret;
}

static int start_child(struct iou_vm_command *command, const struct ends *ends,
		       const struct iou_vm_start *start, struct iou_err *err)
{
	struct child_failure failure;
	int report[2];
	ssize_t n;

	if (pipe2(report, O_CLOEXEC))
		return iou_err_set(err, IOU_CAUSE_VM, "vm", errno, "cannot make a pipe");
	command->pid = fork();
	if (command->pid == 0)
		run(ends, start, report[1]);
	iou_close(report[1]);
	n = read(report[0], &failure, sizeof(failure));
	iou_close(report[0]);
	if (command->pid < 0)
		return iou_err_set(err, IOU_CAUSE_VM, "vm", errno, "cannot fork in the guest");
	return n == (ssize_t)sizeof(failure) ? explain(&failure, start, err) : 0;
}

int iou_vm_command_start(struct iou_vm_command *command, const struct iou_vm_start *start,
			 struct iou_err *err)
{
	struct ends ends = {.tty = -1, .fd = {-1, -1, -1}};
	int ret;

	*command = (struct iou_vm_command){.pid = -1, .tty = -1, .in = -1, .out = {-1, -1}};
	ret = open_streams(command, &ends, start);
	if (ret)
		iou_err_set(err, IOU_CAUSE_VM, "vm", -ret, "cannot make the command's streams");
	else
		ret = start_child(command, &ends, start, err);
	/* Held open here, they would never come to an end. */
	close_ends(&ends);
	return ret;
}

void iou_vm_command_signal(const struct iou_vm_command *command, int signal)
{
	pid_t group = command->pid, foreground;

	if ((signal == SIGINT || signal == SIGQUIT) && command->tty >= 0 &&
	    ioctl(command->tty, TIOCGPGRP, &foreground) == 0 && foreground > 0)
		group = foreground;
	kill(-group, signal);
}
