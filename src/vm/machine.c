// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "vm/machine.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "vm/supervisor.h"

/* For the last of the VM's processes to go. */
#define GONE_MS 5000

static void close_ours(struct iou_vm_machine *machine)
{
	iou_close(TAKE_FD(machine->control));
	iou_close(TAKE_FD(machine->agent));
	iou_close(TAKE_FD(machine->console.fd));
	iou_close(TAKE_FD(machine->qemu.fd));
	iou_close(TAKE_FD(machine->virtiofsd.fd));
}

static int make_pair(int type, int *ours, int *theirs, struct iou_err *err)
{
	int pair[2];

	if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, pair))
		return iou_err_set(err, IOU_CAUSE_VM, "vm", errno, "cannot make a socket pair");
	fcntl(pair[0], F_SETFL, O_NONBLOCK);
	*ours = pair[0];
	*theirs = pair[1];
	return 0;
}

static int make_pairs(struct iou_vm_machine *machine, struct iou_vm_supervisor *their,
		      struct iou_err *err)
{
	int ret;

	ret = make_pair(SOCK_SEQPACKET, &machine->control, &their->control, err);
	if (!ret)
		ret = make_pair(SOCK_STREAM, &machine->agent, &their->agent, err);
	if (!ret)
		ret = make_pair(SOCK_STREAM, &machine->console.fd, &their->console, err);
	if (!ret)
		ret = make_pair(SOCK_STREAM, &machine->qemu.fd, &their->qemu_log, err);
	if (!ret)
		ret = make_pair(SOCK_STREAM, &machine->virtiofsd.fd, &their->virtiofsd_log, err);
	return ret;
}

static void close_theirs(struct iou_vm_supervisor *their)
{
	iou_close(their->control);
	iou_close(their->agent);
	iou_close(their->console);
	iou_close(their->qemu_log);
	iou_close(their->virtiofsd_log);
}

/*
 * As PID 1 of its namespace, the supervisor takes all processes of the VM with it when it dies,
 * however it dies. Without a namespace they follow it one by one, by PR_SET_PDEATHSIG.
 */
static int start_supervisor(struct iou_vm_machine *machine, struct iou_vm_supervisor *their,
			    struct iou_err *err)
{
	pid_t pid = iou_vm_isolation_fork(their->isolation);

	if (pid == 0) {
		/* A supervisor that kept these would never see the starter's end. */
		close_ours(machine);
		iou_vm_supervisor_main(their);
	}
	if (pid < 0)
		return iou_err_set(err, IOU_CAUSE_VM, "vm", -pid,
				   "cannot make a process with %s for the micro-VM",
				   iou_vm_isolation_name(their->isolation));
	machine->supervisor = pid;
	return 0;
}

static int read_report(struct iou_vm_machine *machine, struct iou_vm_report *report,
		       struct iou_err *err)
{
	ssize_t n;

	do
		n = recv(machine->control, report, sizeof(*report), 0);
	while (n < 0 && errno == EINTR);
	if (n == (ssize_t)sizeof(*report))
		return 0;
	iou_err_set(err, IOU_CAUSE_VM, "vm", 0, "the micro-VM's supervisor was killed");
	/* Not what an error without an errno is: that would look like a denial. */
	return -EIO;
}

/* What it does first takes no time; nothing is read from others yet. */
static int wait_until_ready(struct iou_vm_machine *machine, struct iou_err *err)
{
	struct pollfd control = {.fd = machine->control, .events = POLLIN};
	struct iou_vm_report report;
	int ret;

	while (poll(&control, 1, -1) < 0 && errno == EINTR)
		;
	ret = read_report(machine, &report, err);
	if (!ret && report.kind == IOU_VM_REPORT_FAILED)
		ret = iou_vm_failure_to(&report.failure, err);
	return ret;
}

static int start_with(struct iou_vm_machine *machine, const struct iou_vm_plan *plan,
		      enum iou_vm_isolation isolation, const char *denied, struct iou_err *err)
{
	struct iou_vm_supervisor their = {
		.plan = plan,
		.isolation = isolation,
		.denied = denied,
		.uid = geteuid(),
		.gid = getegid(),
		.control = -1,
		.agent = -1,
		.console = -1,
		.qemu_log = -1,
		.virtiofsd_log = -1,
	};
	int ret;

	*machine = (struct iou_vm_machine){
		.isolation = isolation,
		.control = -1,
		.agent = -1,
		.console = {.fd = -1, .watch = "Kernel panic"},
		.qemu = {.fd = -1, .watch = "KVM internal error"},
		.virtiofsd = {.fd = -1, .watch = "Unexpected poll revents"},
	};
	ret = make_pairs(machine, &their, err);
	if (!ret)
		ret = start_supervisor(machine, &their, err);
	close_theirs(&their);
	if (!ret)
		ret = wait_until_ready(machine, err);
	if (ret)
		iou_vm_machine_stop(machine);
	return ret;
}

int iou_vm_machine_start(struct iou_vm_machine *machine, const struct iou_vm_plan *plan,
			 struct iou_err *err)
{
	enum iou_vm_isolation isolation = IOU_VM_ISOLATION_ROOT;
	char denied[sizeof(err->message)] = "";
	int ret = start_with(machine, plan, isolation, denied, err);

	while (iou_vm_isolation_denied(ret) && isolation != IOU_VM_ISOLATION_NONE) {
		snprintf(denied, sizeof(denied), "%.800s: %s", err->message, strerror(-ret));
		iou_err_release(err);
		ret = start_with(machine, plan, ++isolation, denied, err);
	}
	return ret;
}

/*
 * Without a PID namespace others may live a moment longer. QEMU and virtiofsd hold the other ends
 * of these until they are gone.
 */
static void wait_for_all(struct iou_vm_machine *machine)
{
	for (int waited = 0; waited < GONE_MS; waited += 10) {
		struct pollfd ends[] = {
			{.fd = machine->qemu.fd},
			{.fd = machine->virtiofsd.fd},
		};

		iou_vm_tail_read(&machine->qemu);
		iou_vm_tail_read(&machine->virtiofsd);
		if (machine->qemu.fd < 0 && machine->virtiofsd.fd < 0)
			return;
		poll(ends, ARRAY_SIZE(ends), 10);
	}
}

void iou_vm_machine_stop(struct iou_vm_machine *machine)
{
	if (machine->supervisor > 0) {
		kill(machine->supervisor, SIGKILL);
		/* PID 1 of a namespace can be waited for only when all others there are gone. */
		while (waitpid(machine->supervisor, NULL, 0) < 0 && errno == EINTR)
			;
		if (machine->isolation == IOU_VM_ISOLATION_NONE)
			wait_for_all(machine);
	}
	machine->supervisor = 0;
	/* What was written before the end is still there to be read. */
	iou_vm_tail_read(&machine->console);
	iou_vm_tail_read(&machine->qemu);
	iou_vm_tail_read(&machine->virtiofsd);
	close_ours(machine);
}

/* What the program said last, as ": …" behind a message, or nothing. */
static void describe_end(char *buf, size_t size, const struct iou_vm_tail *tail, int status)
{
	static const char prefix[] = "qemu-system-x86_64: ";
	const char *last = iou_vm_tail_last(tail);

	if (last && strncmp(last, prefix, strlen(prefix)) == 0)
		last += strlen(prefix);
	if (WIFSIGNALED(status))
		snprintf(buf, size, "was killed by SIG%s%s%s",
			 sigabbrev_np(WTERMSIG(status)) ?: "?", last ? ": " : "", last ?: "");
	else
		snprintf(buf, size, "exited with code %d%s%s", WEXITSTATUS(status),
			 last ? ": " : "", last ?: "");
}

static int qemu_ended(struct iou_vm_machine *machine, int status, struct iou_err *err)
{
	const char *panic = strstr(machine->console.watched, "Kernel panic");
	char end[IOU_VM_TAIL_WIDTH + 64];

	if (panic)
		return iou_err_set(err, IOU_CAUSE_VM, "vm", 0, "the guest's kernel died: %s",
				   panic);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return iou_err_set(err, IOU_CAUSE_VM, "vm", 0,
				   "the guest shut down before the command ended");
	describe_end(end, sizeof(end), &machine->qemu, status);
	return iou_err_set(err, IOU_CAUSE_VM, "vm", 0, "QEMU %s", end);
}

int iou_vm_machine_report(struct iou_vm_machine *machine, struct iou_err *err)
{
	struct iou_vm_report report;
	char end[IOU_VM_TAIL_WIDTH + 64];
	int ret = read_report(machine, &report, err);

	/* Their last words may come after the report. */
	iou_vm_machine_stop(machine);
	if (ret)
		return ret;
	switch (report.kind) {
	case IOU_VM_REPORT_READY:
	case IOU_VM_REPORT_FAILED:
		return iou_vm_failure_to(&report.failure, err);
	case IOU_VM_REPORT_QEMU_ENDED:
		return qemu_ended(machine, report.status, err);
	case IOU_VM_REPORT_VIRTIOFSD_ENDED:
		break;
	}
	describe_end(end, sizeof(end), &machine->virtiofsd, report.status);
	return iou_err_set(err, IOU_CAUSE_VM, "vm", 0, "virtiofsd %s", end);
}
