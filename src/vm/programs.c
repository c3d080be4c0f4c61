// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "vm/programs.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/cleanup.h"
#include "vm/guestroot.h"

/* As many open files as this process may have. */
static void raise_files_limit(void)
{
	/* What virtiofsd asks for by itself. It holds one open for each file that the guest knows.
	 */
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
};

/* Runs in the child. */
static void run_program(const struct iou_words *args, const struct program *program, pid_t parent)
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

static int start_program(const struct iou_words *args, const struct program *program, pid_t *pid,
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
	if (server < 0 || client < 0 || bind(server, (struct sockaddr *)&address, sizeof(address)))
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
	const char *tmp = getenv("TMPDIR");
	char dir[80];
	int ret = -ENAMETOOLONG;

	if (!tmp || !*tmp)
		tmp = "/tmp";
	if ((size_t)snprintf(dir, sizeof(dir), "%s/iouctl.XXXXXX", tmp) < sizeof(dir))
		ret = mkdtemp(dir) ? 0 : -errno;
	if (!ret) {
		ret = make_sockets(dir, listening, connected);
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
			      "%s; and without namespaces %s wants chroot(2), which this user may "
			      "not call",
			      s->denied, s->plan->tools.virtiofsd);

	iou_err_hint(err, "allow user namespaces (sysctl user.max_user_namespaces, "
			  "kernel.unprivileged_userns_clone, "
			  "kernel.apparmor_restrict_unprivileged_userns), or run it as root");
	return ret;
}

/* virtiofsd number @nr, and the socket where QEMU finds it. */
static int start_virtiofsd(const struct iou_vm_supervisor *s, size_t nr, int *connected,
			   struct iou_err *err)
{
	IOU_CLEANUP(iou_words_release) struct iou_words args = {0};
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
		.filter =
			{
				.readonly = bare && !nr,
				.keep_groups = s->isolation != IOU_VM_ISOLATION_ROOT,
				.no_unshare = bare,
			},
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
	IOU_CLEANUP(iou_words_release) struct iou_words args = {0};
	const struct iou_vm_plan *plan = s->plan;
	size_t fs_nr = plan->shares_nr + 1;
	size_t pass_nr = fs_nr + plan->disks_nr + 3;
	IOU_FREE int *pass = calloc(pass_nr, sizeof(*pass));
	bool bare = s->isolation == IOU_VM_ISOLATION_NONE;
	const struct iou_vm_qemu qemu = {
		.accel = plan->accel,
		.cpus = plan->cpus,
		.memory = plan->memory,
		.kernel = plan->kernel,
		.agent = s->agent,
		.console = s->console,
		.fs = fs,
		.fs_nr = fs_nr,
		.disks = plan->disks,
		.disks_nr = plan->disks_nr,
		.append = plan->append,
		.init = bare ? plan->program_path : IOU_VM_INIT,
	};
	const struct program program = {.pass = pass, .pass_nr = pass_nr, .log = s->qemu_log};

	if (!pass)
		return iou_err_set(err, IOU_CAUSE_VM, "vm", ENOMEM, "cannot start QEMU");
	memcpy(pass, fs, fs_nr * sizeof(*fs));
	memcpy(pass + fs_nr, (const int[]){plan->kernel, s->agent, s->console}, 3 * sizeof(*pass));
	if (plan->disks_nr)
		memcpy(pass + fs_nr + 3, plan->disks, plan->disks_nr * sizeof(*pass));
	iou_vm_qemu_args(&args, &plan->tools, &qemu);
	return start_program(&args, &program, pid, err);
}

int iou_vm_programs_start(const struct iou_vm_supervisor *s, pid_t *qemu, struct iou_err *err)
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
