// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "vm/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "vm/guestroot.h"
#include "vm/programs.h"

/* struct of linux/close_range.h, which clashes with nothing but is newer than some libcs */
#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC (1U << 2)
#endif

static void report(const struct iou_vm_supervisor *s, const struct iou_vm_report *what)
{
	/* Where it cannot be said, the starter still sees that we are gone. */
	if (send(s->control, what, sizeof(*what), MSG_NOSIGNAL) < 0)
		_exit(1);
}

/* Die when the starter does, also by SIGKILL; a starter that is gone already left an EOF. */
static int follow_starter(const struct iou_vm_supervisor *s, struct iou_err *err)
{
	struct pollfd gone = {.fd = s->control, .events = POLLIN};

	if (prctl(PR_SET_PDEATHSIG, SIGKILL))
		return iou_err_set(err, IOU_CAUSE_VM, "vm", errno, "cannot tie the VM to iouctl");
	if (poll(&gone, 1, 0) > 0)
		_exit(1);
	return 0;
}

/*
 * Leave the starter's session, so that ^C on its terminal reaches it alone, and its streams, so
 * that nobody waits for an end of file that we hold up.
 */
static int detach(struct iou_err *err)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	setsid();
	if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0 ||
	    dup2(null, STDERR_FILENO) < 0)
		return iou_err_set(err, IOU_CAUSE_VM, "vm", errno, "cannot open /dev/null");
	/* Also what was open when iouctl was started: none of it is for QEMU or virtiofsd. */
	if (close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC))
		return iou_err_set(err, IOU_CAUSE_VM, "vm", errno, "cannot mark open files");
	return 0;
}

/* Without a root of its own, the guest finds this program where it lies. */
static int check_program(const char *path, struct iou_err *err)
{
	if (path[0] && !strpbrk(path, "\"\n"))
		return 0;
	return iou_err_set(err, IOU_CAUSE_VM, "vm", ENOENT,
			   "the guest cannot be told where this program lies: %s",
			   path[0] ? path : "it was unlinked");
}

static int prepare(const struct iou_vm_supervisor *s, struct iou_err *err)
{
	const struct iou_vm_plan *plan = s->plan;
	int ret = follow_starter(s, err);

	if (!ret)
		ret = detach(err);
	if (!ret && s->isolation == IOU_VM_ISOLATION_USER)
		ret = iou_vm_isolation_be_root(s->uid, s->gid, err);
	if (ret)
		return ret;
	if (s->isolation == IOU_VM_ISOLATION_NONE)
		return check_program(plan->program_path, err);
	return iou_vm_guestroot_build(plan->program, plan->shares, plan->shares_nr, err);
}

/*
 * virtiofsd ends by itself when QEMU does, and often is the first to be reaped; then QEMU's end is
 * what happened.
 */
static void prefer_qemu(struct iou_vm_report *end, pid_t qemu)
{
	int status;

	if (!WIFEXITED(end->status) || WEXITSTATUS(end->status) != 0)
		return;
	for (int i = 0; i < 100; i++) {
		if (waitpid(qemu, &status, WNOHANG) == qemu) {
			end->kind = IOU_VM_REPORT_QEMU_ENDED;
			end->status = status;
			return;
		}
		usleep(10000);
	}
}

/* Report the first program that ends. */
static bool reap(const struct iou_vm_supervisor *s, pid_t qemu)
{
	struct iou_vm_report end = {.kind = IOU_VM_REPORT_VIRTIOFSD_ENDED};
	pid_t pid = waitpid(-1, &end.status, WNOHANG);

	if (pid <= 0)
		return false;
	if (pid == qemu)
		end.kind = IOU_VM_REPORT_QEMU_ENDED;
	else
		prefer_qemu(&end, qemu);
	report(s, &end);
	return true;
}

static void watch(const struct iou_vm_supervisor *s, int children, pid_t qemu)
{
	struct pollfd fds[] = {
		{.fd = s->control, .events = POLLIN},
		{.fd = children, .events = POLLIN},
	};
	struct signalfd_siginfo info;

	for (;;) {
		if (poll(fds, ARRAY_SIZE(fds), -1) < 0 && errno != EINTR)
			return;
		if (fds[0].revents)
			return;
		if (fds[1].revents && read(children, &info, sizeof(info)) > 0 && reap(s, qemu))
			return;
	}
}

/* Hold the exit until the starter has read all: it ends us when it is done. */
static void wait_for_starter(const struct iou_vm_supervisor *s)
{
	struct pollfd control = {.fd = s->control, .events = POLLIN};

	poll(&control, 1, 5000);
}

void iou_vm_supervisor_main(const struct iou_vm_supervisor *s)
{
	const struct iou_vm_report ready = {.kind = IOU_VM_REPORT_READY};
	struct iou_vm_report failed = {.kind = IOU_VM_REPORT_FAILED};
	struct iou_err err = {0};
	pid_t qemu = -1;
	sigset_t set;
	int children, ret;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_SETMASK, &set, NULL);
	signal(SIGCHLD, SIG_DFL);
	children = signalfd(-1, &set, SFD_CLOEXEC);
	ret = prepare(s, &err);
	if (!ret) {
		report(s, &ready);
		ret = iou_vm_programs_start(s, &qemu, &err);
	}
	if (ret) {
		iou_vm_failure_from(&failed.failure, &err);
		report(s, &failed);
	} else {
		watch(s, children, qemu);
	}
	wait_for_starter(s);
	_exit(0);
}
