// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* From a configuration to a running VM, and what to do when KVM does not work. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "vm/accel.h"
#include "vm/dialog.h"
#include "vm/disks.h"
#include "vm/guestroot.h"
#include "vm/shares.h"
#include "vm/vm.h"

#define BOOT_MS 60000
/* KVM works at once or not at all. */
#define KVM_BOOT_MS 10000
#define CPUS_MAX 4
#define MEMORY (1ULL << 30)
/* COMMAND_LINE_SIZE of x86, arch/x86/include/asm/setup.h, with the NUL */
#define COMMAND_LINE_SIZE 2048

/* All that one call needs, for any number of attempts. */
struct run {
	const struct iou_vm_config *config;
	struct iou_vm_plan plan;
	struct iou_vm_shares shares;
	struct iou_vm_disks disks;
	struct iou_vm_host_streams streams;
	struct iou_vm_signals signals;
	char *kernel, *program, *append, *start;
	size_t start_length;
	int64_t deadline_ms;
};

static void run_release(struct run *run)
{
	iou_vm_signals_restore(&run->signals);
	iou_vm_host_streams_release(&run->streams);
	iou_vm_shares_release(&run->shares);
	iou_vm_disks_release(&run->disks);
	iou_vm_tools_release(&run->plan.tools);
	iou_close(run->plan.kernel);
	iou_close(run->plan.program);
	free(run->kernel);
	free(run->program);
	free(run->append);
	free(run->start);
}

/* An ELF file, or a bzImage (Documentation/arch/x86/boot.rst: "HdrS" at 0x202). */
static bool is_kernel(int fd)
{
	char head[0x206];

	if (pread(fd, head, sizeof(head), 0) != (ssize_t)sizeof(head))
		return false;
	return memcmp(head, "\177ELF", 4) == 0 || memcmp(head + 0x202, "HdrS", 4) == 0;
}

static int open_kernel(struct run *run, struct iou_err *err)
{
	int ret;

	ret = iou_vm_kernel_find(run->config->kernel, &run->kernel, err);
	if (ret)
		return ret;
	run->plan.kernel = open(run->kernel, O_RDONLY | O_CLOEXEC);
	if (run->plan.kernel < 0) {
		ret = iou_err_set(err, IOU_CAUSE_VM, "vm", errno, "cannot open the kernel '%s'",
				  run->kernel);
		if (ret == -EACCES)
			iou_err_hint(err, "only root may read it: run as root, or name a copy that "
					  "you may read with --kernel or in IOUCTL_KERNEL");
		return ret;
	}
	if (!is_kernel(run->plan.kernel))
		return iou_err_set(err, IOU_CAUSE_VM, "vm", ENOEXEC,
				   "'%s' is neither a bzImage nor a vmlinux for x86", run->kernel);
	return 0;
}

static int open_program(struct run *run, struct iou_err *err)
{
	run->plan.program = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	run->program = realpath("/proc/self/exe", NULL);
	/* Without a path, because it was unlinked, a copy will do where copies are made. */
	if (!run->program)
		run->program = strdup("");
	if (run->plan.program < 0 || !run->program)
		return iou_err_set(err, IOU_CAUSE_VM, "vm", errno, "cannot open /proc/self/exe");
	run->plan.program_path = run->program;
	return 0;
}

static int make_append(struct run *run, struct iou_err *err)
{
	const struct iou_vm_config *config = run->config;
	size_t size;
	FILE *f = open_memstream(&run->append, &size);

	if (!f)
		return iou_err_set(err, IOU_CAUSE_VM, "vm", ENOMEM, "cannot make a command line");
	/* Self-tests of ciphers are most of a second of each emulated boot. */
	fprintf(f, "rootfstype=virtiofs root=root ro console=ttyS0 panic=-1 cryptomgr.notests%s",
		config->verbose ? "" : " quiet");
	for (size_t i = 0; i < config->kernel_args_nr; i++)
		fprintf(f, " %s", config->kernel_args[i]);
	if (fclose(f))
		return iou_err_set(err, IOU_CAUSE_VM, "vm", ENOMEM, "cannot make a command line");
	size += strlen(run->program) + strlen(" init=\"\" -- " IOU_VM_GUEST_WORD);
	if (size >= COMMAND_LINE_SIZE)
		return iou_err_set(
			err, IOU_CAUSE_USAGE, "vm", E2BIG,
			"the kernel's command line has %zu bytes, at most %u are possible", size,
			COMMAND_LINE_SIZE - 1);
	return 0;
}

static int make_start(struct run *run, struct iou_err *err)
{
	static char *none[] = {NULL};
	IOU_FREE char **env = iou_vm_env_new();
	IOU_FREE char *cwd = getcwd(NULL, 0);
	struct iou_vm_start start = {
		.cwd = cwd,
		.argv = run->config->argv,
		.env = env,
		.shares = run->shares.paths ?: none,
		.disks = (uint32_t)run->disks.nr,
		.exec = run->config->exec,
		.umask = umask(0),
	};

	umask((mode_t)start.umask);
	if (!cwd)
		return iou_err_set(err, IOU_CAUSE_VM, "vm", errno,
				   "cannot tell the working directory");
	memcpy(start.terminal, run->streams.terminal, sizeof(start.terminal));
	iou_vm_host_winsize(&run->streams, &start.size);
	start.interactive = run->streams.interactive;
	start.settings = run->streams.settings;
	getrlimit(RLIMIT_NOFILE, &start.files);
	run->start = env ? iou_vm_start_encode(&start, &run->start_length) : NULL;
	if (!run->start)
		return iou_err_set(err, IOU_CAUSE_VM, "vm", ENOMEM, "cannot encode the command");
	return 0;
}

static void set_sizes(struct run *run)
{
	long online = sysconf(_SC_NPROCESSORS_ONLN);

	run->plan.cpus = run->config->cpus;
	if (run->config->accel == IOU_VM_ACCEL_COUNT)
		run->plan.cpus = 1;
	if (!run->plan.cpus)
		run->plan.cpus = online < 1          ? 1
				 : online > CPUS_MAX ? CPUS_MAX
						     : (unsigned int)online;
	run->plan.memory = run->config->memory ?: MEMORY;
}

static int prepare(struct run *run, struct iou_err *err)
{
	int ret;

	if (!run->config->argv || !run->config->argv[0])
		return iou_err_set(err, IOU_CAUSE_USAGE, "usage", EINVAL, "no command for the VM");
	/* What was said wrongly goes before what this machine lacks. */
	ret = iou_vm_shares_resolve(&run->shares, run->config->shares, run->config->shares_nr, err);
	if (!ret)
		ret = iou_vm_disks_open(&run->disks, run->config->disks, run->config->disks_nr,
					err);
	if (!ret)
		ret = open_kernel(run, err);
	if (!ret)
		ret = iou_vm_tools_find(&run->plan.tools, err);
	if (!ret)
		ret = open_program(run, err);
	if (!ret)
		ret = make_append(run, err);
	if (!ret)
		ret = make_start(run, err);
	if (ret)
		return ret;
	set_sizes(run);
	run->plan.append = run->append;
	run->plan.shares = (const char *const *)run->shares.paths;
	run->plan.shares_nr = run->shares.nr;
	run->plan.disks = run->disks.fds;
	run->plan.disks_nr = run->disks.nr;
	return 0;
}

/* The last words of all, behind the message. */
static void add_detail(const struct iou_vm_machine *machine, struct iou_err *err)
{
	IOU_FREE char *console = iou_vm_tail_text(&machine->console, "The console's last lines:");
	IOU_FREE char *qemu = iou_vm_tail_text(&machine->qemu, "QEMU's last lines:");
	const struct iou_vm_tail *fs = &machine->virtiofsd;
	IOU_FREE char *virtiofsd = NULL;
	char *all;

	/* The C one says this one line, once for each share, whenever QEMU ends. */
	if (fs->count && !(fs->watched[0] && strcmp(iou_vm_tail_last(fs), fs->watched) == 0))
		virtiofsd = iou_vm_tail_text(fs, "virtiofsd's last lines:");
	if (!console && !qemu && !virtiofsd)
		return;
	if (asprintf(&all, "%s%s%s", console ?: "", qemu ?: "", virtiofsd ?: "") > 0)
		iou_err_detail(err, all);
}

struct outcome {
	struct iou_vm_result result;
	bool hello;
	bool retry; /* with TCG: what failed may be KVM's fault */
	bool crash; /* the kernel crashed before the command was started */
	bool hang;  /* it did not come up in time */
};

static int attempt(struct run *run, enum iou_vm_accel accel, int64_t boot_ms,
		   struct outcome *outcome, struct iou_err *err)
{
	IOU_CLEANUP(iou_vm_dialog_release)
	struct iou_vm_dialog dialog = {
		.link.fd = -1,
		.streams = &run->streams,
		.signals = &run->signals,
		.start = run->start,
		.start_length = run->start_length,
		.timeout_ns = run->config->timeout_ns,
		.deadline_ms = run->deadline_ms,
		.boot_ms = boot_ms,
	};
	int ret;

	run->plan.accel = accel;
	ret = iou_vm_machine_start(&dialog.machine, &run->plan, err);
	if (ret)
		return ret;
	if (run->config->verbose && run->config->note) {
		dialog.machine.console.note = run->config->note;
		run->config->note("isolation: %s", iou_vm_isolation_name(dialog.machine.isolation));
	}
	ret = iou_vm_dialog_run(&dialog, err);
	if (ret && err->cause == IOU_CAUSE_VM)
		add_detail(&dialog.machine, err);
	outcome->result = dialog.result;
	outcome->hello = dialog.hello;
	outcome->crash = ret && !dialog.hello && !dialog.interrupted &&
			 strstr(dialog.machine.console.watched, "Fatal exception");
	outcome->hang = ret && !dialog.hello && !dialog.interrupted && err->errnum == ETIMEDOUT;
	/* A kernel that comes far enough to panic does not do so for want of KVM. */
	outcome->retry = ret && !dialog.hello && !dialog.interrupted &&
			 err->cause == IOU_CAUSE_VM && !dialog.machine.console.watched[0];
	return ret;
}

/* Output that nobody wanted is no failure; output that could not be written is. */
static int check_output(const struct run *run, struct iou_err *err)
{
	static const char *const names[] = {"output", "error output"};

	for (int i = 0; i < 2; i++) {
		int errnum = run->streams.out[i].errnum;

		if (errnum && errnum != EPIPE && errnum != ECONNRESET)
			return iou_err_set(err, IOU_CAUSE_FAILED, "output", errnum,
					   "cannot write the standard %s", names[i]);
	}
	return 0;
}

/*
 * With QEMU 7.2's emulation of several CPUs, once in about a hundred boots the kernel crashed (in
 * sched_clock_cpu(), where it patches its own code), and once it hung. Nothing of the command has
 * run by then, so another boot does no harm. Who set a time for the boot gets that time, once.
 */
static int attempt_tcg(struct run *run, int64_t boot_ms, struct outcome *outcome,
		       struct iou_err *err)
{
	bool free_time = !run->config->boot_timeout_ns;
	enum iou_vm_accel accel = run->config->accel == IOU_VM_ACCEL_COUNT ? IOU_VM_ACCEL_COUNT
									   : IOU_VM_ACCEL_TCG;
	int ret = attempt(run, accel, free_time ? boot_ms / 2 : boot_ms, outcome, err);

	if (!ret || !(outcome->crash || (outcome->hang && free_time)))
		return ret;
	if (run->config->note)
		run->config->note("the guest did not boot (%s); trying once more", err->message);
	iou_err_release(err);
	return attempt(run, accel, boot_ms, outcome, err);
}

static int run_with(struct run *run, struct outcome *outcome, struct iou_err *err)
{
	const struct iou_vm_config *config = run->config;
	int64_t boot_ms = config->boot_timeout_ns ? (int64_t)(config->boot_timeout_ns / 1000000)
						  : BOOT_MS;
	int64_t kvm_ms = boot_ms < KVM_BOOT_MS ? boot_ms : KVM_BOOT_MS;
	char why[sizeof(err->message)];
	int ret;

	if (config->accel == IOU_VM_ACCEL_TCG || config->accel == IOU_VM_ACCEL_COUNT)
		return attempt_tcg(run, boot_ms, outcome, err);
	if (config->accel == IOU_VM_ACCEL_KVM) {
		ret = attempt(run, IOU_VM_ACCEL_KVM, boot_ms, outcome, err);
		if (ret && outcome->retry)
			iou_err_hint(err, "software emulation works everywhere: --accel tcg");
		return ret;
	}
	if (iou_vm_kvm_usable(config->note)) {
		ret = attempt(run, IOU_VM_ACCEL_KVM, kvm_ms, outcome, err);
		if (!ret || !outcome->retry)
			return ret;
		snprintf(why, sizeof(why), "%s", err->message);
		iou_err_release(err);
		if (config->note)
			config->note("KVM does not work here (%s); using software emulation", why);
		ret = attempt_tcg(run, boot_ms, outcome, err);
		/* It was KVM's fault only if it works without. */
		if (outcome->hello)
			iou_vm_kvm_remember_broken();
		return ret;
	}
	return attempt_tcg(run, boot_ms, outcome, err);
}

int iou_vm_run(const struct iou_vm_config *config, struct iou_vm_result *result,
	       struct iou_err *err)
{
	IOU_CLEANUP(run_release)
	struct run run = {
		.config = config,
		.plan = {.kernel = -1, .program = -1},
		.signals.fd = -1,
	};
	struct iou_err own = {0};
	struct outcome outcome = {0};
	int ret;

	if (!err)
		err = &own;
	if (config->timeout_ns)
		run.deadline_ms = iou_clock_ms() + (int64_t)(config->timeout_ns / 1000000);
	/* What reads its terminal key by key is never a command of iouctl. */
	iou_vm_host_streams_init(&run.streams, config->exec);
	ret = prepare(&run, err);
	if (!ret) {
		ret = iou_vm_signals_take(&run.signals, run.streams.interactive);
		if (ret)
			iou_err_set(err, IOU_CAUSE_VM, "vm", -ret, "cannot take over signals");
	}
	if (!ret)
		ret = run_with(&run, &outcome, err);
	if (!ret)
		ret = check_output(&run, err);
	if (!ret)
		*result = outcome.result;
	iou_err_release(&own);
	return ret;
}
