// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "vm/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "vm/guestroot.h"

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

/* Runs in the child. */
static void run_program(const struct iou_vm_args *args, int log, const int *pass, size_t pass_nr)
{
	static char path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
	static char locale[] = "LC_ALL=C";
	char *const env[] = {path, locale, NULL};
	const struct rlimit no_core = {0};
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	/* QEMU may abort where KVM is broken, and must not leave a core file behind. */
	setrlimit(RLIMIT_CORE, &no_core);
	dup2(log, STDOUT_FILENO);
	dup2(log, STDERR_FILENO);
	for (size_t i = 0; i < pass_nr; i++)
		fcntl(pass[i], F_SETFD, 0);
	execve(args->list[0], args->list, env);
	dprintf(STDERR_FILENO, "cannot run %s: %s\n", args->list[0], strerror(errno));
	_exit(127);
}

static int start_program(const struct iou_vm_args *args, int log, const int *pass, size_t pass_nr,
			 pid_t *pid, struct iou_err *err)
{
	pid_t child;

	if (args->failed)
		return iou_err_set(err, IOU_CAUSE_VM, "vm", ENOMEM, "cannot build a command line");
	child = fork();
	if (child < 0)
		return iou_err_set(err, IOU_CAUSE_VM, "vm", errno, "cannot fork for %s",
				   args->list[0]);
	if (child == 0)
		run_program(args, log, pass, pass_nr);
	*pid = child;
	return 0;
}

/* virtiofsd number @nr, and the socket where QEMU finds it. */
static int start_virtiofsd(const struct iou_vm_supervisor *s, size_t nr, struct iou_err *err)
{
	IOU_CLEANUP(iou_vm_args_release) struct iou_vm_args args = {0};
	IOU_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	char dir[32] = IOU_VM_ROOT;
	pid_t pid;

	iou_vm_socket_path(address.sun_path, sizeof(address.sun_path), nr);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) || listen(fd, 1))
		return iou_err_set(err, IOU_CAUSE_VM, "vm", errno,
				   "cannot listen for QEMU in the private /run");
	if (nr)
		iou_vm_share_path(dir, sizeof(dir), nr - 1);
	iou_vm_virtiofsd_args(&args, &s->plan->tools, dir, fd, nr > 0);
	return start_program(&args, s->virtiofsd_log, &fd, 1, &pid, err);
}

static int start_qemu(const struct iou_vm_supervisor *s, pid_t *pid, struct iou_err *err)
{
	IOU_CLEANUP(iou_vm_args_release) struct iou_vm_args args = {0};
	const struct iou_vm_plan *plan = s->plan;
	const struct iou_vm_qemu qemu = {
		.kvm = plan->kvm,
		.cpus = plan->cpus,
		.memory = plan->memory,
		.kernel = plan->kernel,
		.agent = s->agent,
		.console = s->console,
		.shares_nr = plan->shares_nr,
		.append = plan->append,
	};
	const int pass[] = {plan->kernel, s->agent, s->console};

	iou_vm_qemu_args(&args, &plan->tools, &qemu);
	return start_program(&args, s->qemu_log, pass, ARRAY_SIZE(pass), pid, err);
}

static int start_all(const struct iou_vm_supervisor *s, pid_t *qemu, struct iou_err *err)
{
	const struct iou_vm_plan *plan = s->plan;
	int ret;

	ret = follow_starter(s, err);
	if (!ret)
		ret = detach(err);
	if (!ret)
		ret = iou_vm_guestroot_build(plan->program, plan->shares, plan->shares_nr, err);
	for (size_t i = 0; !ret && i <= plan->shares_nr; i++)
		ret = start_virtiofsd(s, i, err);
	if (!ret)
		ret = start_qemu(s, qemu, err);
	return ret;
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
	struct iou_vm_report failed = {.kind = IOU_VM_REPORT_FAILED};
	struct iou_err err = {0};
	pid_t qemu = -1;
	sigset_t set;
	int children;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_SETMASK, &set, NULL);
	signal(SIGCHLD, SIG_DFL);
	children = signalfd(-1, &set, SFD_CLOEXEC);
	if (start_all(s, &qemu, &err)) {
		iou_vm_failure_from(&failed.failure, &err);
		report(s, &failed);
	} else {
		watch(s, children, qemu);
	}
	wait_for_starter(s);
	_exit(0);
}
