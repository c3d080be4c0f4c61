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

/* As many open files as this process may have. */
static void raise_files_limit(void)
{
	/* What virtiofsd asks for by itself. It holds one open for each file that the guest knows. */
	struct rlimit files = {1000000, 1000000};

	if (setrlimit(RLIMIT_NOFILE, &files) == 0 || getrlimit(RLIMIT_NOFILE, &files))
		return;
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
}

/* How a program is started, besides its arguments. */
struct program {
	const int *pass; /* file descriptors that it gets */
	size_t pass_nr;
	int log;
	struct iou_vm_filter filter;
	bool many_files;
};

/* Runs in the child. */
static void run_program(const struct iou_vm_args *args, const struct program *program, pid_t parent)
{
	static char path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
	static char locale[] = "LC_ALL=C";
	char *const env[] = {path, locale, NULL};
	const struct rlimit no_core = {0};
	sigset_t none;
	int ret;

	/* Where no namespace ends it with the supervisor. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	/* QEMU may abort where KVM is broken, and must not leave a core file behind. */
	setrlimit(RLIMIT_CORE, &no_core);
	if (program->many_files)
		raise_files_limit();
	dup2(program->log, STDOUT_FILENO);
	dup2(program->log, STDERR_FILENO);
	for (size_t i = 0; i < program->pass_nr; i++)
		fcntl(program->pass[i], F_SETFD, 0);
	ret = iou_vm_filter_install(&program->filter);
	if (ret) {
		dprintf(STDERR_FILENO, "cannot install a seccomp filter: %s\n", strerror(-ret));
		_exit(127);
	}
	execve(args->list[0], args->list, env);
	dprintf(STDERR_FILENO, "cannot run %s: %s\n", args->list[0], strerror(errno));
	_exit(127);
}

static int start_program(const struct iou_vm_args *args, const struct program *program, pid_t *pid,
			 struct iou_err *err)
{
	pid_t parent = getpid(), child;

	if (args->failed)
		return iou_err_set(err, IOU_CAUSE_VM, "vm", ENOMEM, "cannot build a command line");
	child = fork();
	if (child < 0)
		return iou_err_set(err, IOU_CAUSE_VM, "vm", errno, "cannot fork for %s",
				   args->list[0]);
	if (child == 0)
		run_program(args, program, parent);
	*pid = child;
	return 0;
}

/*
 * A socket that listens, which virtiofsd wants, and one that is connected to it, for QEMU. The
 * name in @dir, which nobody else may enter, is needed only in between.
 */
static int make_sockets(const char *dir, int *listening, int *connected)
{
	IOU_CLOSE int server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	IOU_CLOSE int client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int ret = 0;

	snprintf(address.sun_path, sizeof(address.sun_path), "%s/socket", dir);
	if (server < 0 || client < 0 ||
	    bind(server, (struct sockaddr *)&address, sizeof(address)))
		return -errno;
	if (listen(server, 1) || connect(client, (struct sockaddr *)&address, sizeof(address)))
		ret = -errno;
	unlink(address.sun_path);
	if (!ret) {
		*listening = TAKE_FD(server);
		*connected = TAKE_FD(client);
	}
	return ret;
}

static int make_private_sockets(int *listening, int *connected, struct iou_err *err)
{
	const char *tmp = getenv("TMPDIR") ?: "/tmp";
	char dir[80];
	int ret = -ENAMETOOLONG;

	if ((size_t)snprintf(dir, sizeof(dir), "%s/iouctl.XXXXXX", tmp) < sizeof(dir)) {
		ret = mkdtemp(dir) ? make_sockets(dir, listening, connected) : -errno;
		if (dir[strlen(dir) - 1] != 'X')
			rmdir(dir);
	}
	if (!ret)
		return 0;
	iou_err_set(err, IOU_CAUSE_VM, "vm", -ret, "cannot make a socket in %s", tmp);
	iou_err_hint(err, "set TMPDIR to a directory that can be written");
	return ret;
}

/* To ask is to try, with the root that it is anyway. */
static bool may_chroot(void)
{
	return chroot("/") == 0;
}

static int no_virtiofsd(const struct iou_vm_supervisor *s, struct iou_err *err)
{
	int ret = iou_err_set(err, IOU_CAUSE_VM, "vm", EPERM,
			      "this user may make no namespaces here, nor call chroot(2), and %s "
			      "cannot do without",
			      s->plan->tools.virtiofsd);

	iou_err_hint(err, "allow user namespaces (sysctl user.max_user_namespaces, "
			  "kernel.unprivileged_userns_clone, "
			  "kernel.apparmor_restrict_unprivileged_userns), or run it as root");
	return ret;
}

/* virtiofsd number @nr, and the socket where QEMU finds it. */
static int start_virtiofsd(const struct iou_vm_supervisor *s, size_t nr, int *connected,
			   struct iou_err *err)
{
	IOU_CLEANUP(iou_vm_args_release) struct iou_vm_args args = {0};
	bool bare = s->isolation == IOU_VM_ISOLATION_NONE;
	char path[32];
	struct iou_vm_virtiofsd virtiofsd = {
		.dir = bare ? "/" : IOU_VM_ROOT,
		.writable = nr > 0,
		.chroot = may_chroot(),
	};
	IOU_CLOSE int fd = -1;
	const struct program program = {
		.pass = &fd,
		.pass_nr = 1,
		.log = s->virtiofsd_log,
		.filter = {
			.readonly = bare && !nr,
			.keep_groups = s->isolation != IOU_VM_ISOLATION_ROOT,
			.no_unshare = bare,
		},
		.many_files = true,
	};
	int ret;
	pid_t pid;

	if (nr)
		virtiofsd.dir = bare ? s->plan->shares[nr - 1]
				     : iou_vm_share_path(path, sizeof(path), nr - 1);
	if (bare) {
		ret = make_private_sockets(&fd, connected, err);
	} else {
		ret = make_sockets("/run", &fd, connected);
		if (ret)
			iou_err_set(err, IOU_CAUSE_VM, "vm", -ret,
				    "cannot make a socket in the private /run");
	}
	if (ret)
		return ret;
	virtiofsd.fd = fd;
	if (iou_vm_virtiofsd_args(&args, &s->plan->tools, &virtiofsd))
		return no_virtiofsd(s, err);
	return start_program(&args, &program, &pid, err);
}

static int start_qemu(const struct iou_vm_supervisor *s, const int *fs, pid_t *pid,
		      struct iou_err *err)
{
	IOU_CLEANUP(iou_vm_args_release) struct iou_vm_args args = {0};
	const struct iou_vm_plan *plan = s->plan;
	size_t fs_nr = plan->shares_nr + 1;
	IOU_FREE int *pass = calloc(fs_nr + 3, sizeof(*pass));
	bool bare = s->isolation == IOU_VM_ISOLATION_NONE;
	const struct iou_vm_qemu qemu = {
		.kvm = plan->kvm,
		.cpus = plan->cpus,
		.memory = plan->memory,
		.kernel = plan->kernel,
		.agent = s->agent,
		.console = s->console,
		.fs = fs,
		.fs_nr = fs_nr,
		.append = plan->append,
		.init = bare ? plan->program_path : IOU_VM_INIT,
	};
	const struct program program = {.pass = pass, .pass_nr = fs_nr + 3, .log = s->qemu_log};

	if (!pass)
		return iou_err_set(err, IOU_CAUSE_VM, "vm", ENOMEM, "cannot start QEMU");
	memcpy(pass, fs, fs_nr * sizeof(*fs));
	memcpy(pass + fs_nr, (const int[]){plan->kernel, s->agent, s->console}, 3 * sizeof(*pass));
	iou_vm_qemu_args(&args, &plan->tools, &qemu);
	return start_program(&args, &program, pid, err);
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

static int start_all(const struct iou_vm_supervisor *s, pid_t *qemu, struct iou_err *err)
{
	size_t nr = s->plan->shares_nr + 1;
	IOU_FREE int *fs = calloc(nr, sizeof(*fs));
	int ret = 0;

	if (!fs)
		return iou_err_set(err, IOU_CAUSE_VM, "vm", ENOMEM, "cannot start virtiofsd");
	for (size_t i = 0; !ret && i < nr; i++)
		ret = start_virtiofsd(s, i, &fs[i], err);
	/* What is open here needs no closing: it goes with this process. */
	return ret ?: start_qemu(s, fs, qemu, err);
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
		ret = start_all(s, &qemu, &err);
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
