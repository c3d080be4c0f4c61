// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What this process may do: sysctls, seccomp filters, capabilities, limits. */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "probe/checks.h"
#include "ring/ring.h"

static void add(struct iou_probe *probe, const char *id, const char *what, bool needed,
		enum iou_answer answer, const char *why)
{
	iou_probe_add(probe,
		      &(struct iou_check){
			      .group = "permission",
			      .answer = answer,
			      .needed = needed,
		      },
		      id, what, why);
}

/* The first line of a file, without its end: 0 or -errno. */
static int read_line(const char *path, char *line, size_t size)
{
	IOU_FCLOSE FILE *f = fopen(path, "re");

	if (!f)
		return -errno;
	if (!fgets(line, (int)size, f))
		return -EIO;
	line[strcspn(line, "\n")] = '\0';
	return 0;
}

/* A field of /proc/self/status as a number in @base: 0 or -errno. */
static int status_field(const char *name, int base, unsigned long long *value)
{
	IOU_FCLOSE FILE *f = fopen("/proc/self/status", "re");
	char line[256];
	size_t length = strlen(name);

	if (!f)
		return -errno;
	while (fgets(line, sizeof(line), f))
		if (strncmp(line, name, length) == 0 && line[length] == ':') {
			*value = strtoull(line + length + 1, NULL, base);
			return 0;
		}
	return -ENOENT;
}

static void check_sysctls(struct iou_probe *probe)
{
	char line[32], why[128];

	/* 0: everybody, 1: CAP_SYS_ADMIN and io_uring_group, 2: nobody (Linux 6.6). */
	if (read_line("/proc/sys/kernel/io_uring_disabled", line, sizeof(line)) == 0) {
		bool open = strcmp(line, "0") == 0;

		snprintf(why, sizeof(why), "kernel.io_uring_disabled is %s", line);
		add(probe, "io-uring-enabled", "io_uring is open to everybody", false,
		    open ? IOU_ANSWER_YES : IOU_ANSWER_NO, open ? "" : why);
	} else {
		add(probe, "io-uring-enabled", "io_uring is open to everybody", false,
		    IOU_ANSWER_UNKNOWN, "this kernel has no kernel.io_uring_disabled");
	}
	if (read_line("/proc/sys/kernel/unprivileged_bpf_disabled", line, sizeof(line)) == 0) {
		snprintf(why, sizeof(why),
			 "kernel.unprivileged_bpf_disabled is %s; loops need "
			 "capabilities anyway",
			 line);
		add(probe, "unprivileged-bpf", "bpf(2) is open to everybody", false,
		    strcmp(line, "0") == 0 ? IOU_ANSWER_YES : IOU_ANSWER_NO, why);
	}
}

/*
 * Calls that the kernel refuses for their arguments before it looks at permissions: another
 * answer than that comes from a filter. bpf(2) checks the size first (E2BIG beyond a page);
 * io_uring_setup(2) checks permissions first, so that EPERM is a filter's only where the sysctl
 * forbids nothing.
 */
static void check_seccomp(struct iou_probe *probe)
{
	unsigned long long mode = 0, filters = 0;
	char line[32] = "0", why[160];
	int bpf_errno = 0, setup_errno = 0;
	bool disabled;

	if (syscall(__NR_bpf, BPF_MAP_CREATE, NULL, (unsigned int)sysconf(_SC_PAGESIZE) + 1) < 0)
		bpf_errno = errno;
	if (syscall(__NR_io_uring_setup, 1, NULL) < 0)
		setup_errno = errno;
	status_field("Seccomp", 10, &mode);
	status_field("Seccomp_filters", 10, &filters);
	read_line("/proc/sys/kernel/io_uring_disabled", line, sizeof(line));
	disabled = strcmp(line, "0") != 0;

	snprintf(why, sizeof(why), "a seccomp filter answers it with %s (%llu filters)",
		 iou_errno_name(bpf_errno), filters);
	add(probe, "seccomp-bpf", "no seccomp filter forbids bpf(2)", true,
	    bpf_errno == E2BIG ? IOU_ANSWER_YES : IOU_ANSWER_NO, bpf_errno == E2BIG ? "" : why);

	snprintf(why, sizeof(why), "a seccomp filter answers it with %s (%llu filters)",
		 iou_errno_name(setup_errno), filters);
	if (setup_errno == EFAULT)
		add(probe, "seccomp-io-uring-setup", "no seccomp filter forbids io_uring_setup(2)",
		    true, IOU_ANSWER_YES, "");
	else if (mode == 0 || disabled)
		add(probe, "seccomp-io-uring-setup", "no seccomp filter forbids io_uring_setup(2)",
		    true, mode ? IOU_ANSWER_UNKNOWN : IOU_ANSWER_YES,
		    mode ? "the sysctl forbids it already" : "");
	else
		add(probe, "seccomp-io-uring-setup", "no seccomp filter forbids io_uring_setup(2)",
		    true, IOU_ANSWER_NO, why);
}

static void check_capabilities(struct iou_probe *probe)
{
	static const struct {
		unsigned int bit;
		const char *id, *name, *use;
		bool needed;
	} caps[] = {
		{CAP_BPF, "cap-bpf", "CAP_BPF", "loads and attaches loops", true},
		{CAP_PERFMON, "cap-perfmon", "CAP_PERFMON", "loads loops", true},
		{CAP_SYS_ADMIN, "cap-sys-admin", "CAP_SYS_ADMIN",
		 "finds loops and rings of others; stands for the two above", false},
		{CAP_SYS_PTRACE, "cap-sys-ptrace", "CAP_SYS_PTRACE",
		 "takes rings of other users' processes", false},
		{CAP_IPC_LOCK, "cap-ipc-lock", "CAP_IPC_LOCK",
		 "memory of rings is not counted against RLIMIT_MEMLOCK", false},
	};
	unsigned long long held = 0;
	bool known = status_field("CapEff", 16, &held) == 0, admin = held >> CAP_SYS_ADMIN & 1;

	for (size_t i = 0; i < ARRAY_SIZE(caps); i++) {
		bool has = held >> caps[i].bit & 1;
		/* capabilities(7): CAP_SYS_ADMIN includes CAP_BPF and CAP_PERFMON. */
		bool enough = has || (caps[i].needed && admin);

		add(probe, caps[i].id, caps[i].name, caps[i].needed,
		    !known   ? IOU_ANSWER_UNKNOWN
		    : enough ? IOU_ANSWER_YES
			     : IOU_ANSWER_NO,
		    caps[i].use);
	}
}

static void check_jit(struct iou_probe *probe)
{
	char line[32];
	int ret = read_line("/proc/sys/net/core/bpf_jit_enable", line, sizeof(line));

	if (ret)
		add(probe, "jit", "BPF programs are compiled (JIT)", true, IOU_ANSWER_UNKNOWN,
		    "net.core.bpf_jit_enable cannot be read");
	else
		add(probe, "jit", "BPF programs are compiled (JIT)", true,
		    strcmp(line, "0") == 0 ? IOU_ANSWER_NO : IOU_ANSWER_YES,
		    strcmp(line, "0") == 0 ? "net.core.bpf_jit_enable is 0" : "");
}

static void check_lockdown(struct iou_probe *probe)
{
	char line[64];
	bool locked;

	/* "none [integrity] confidentiality": the last forbids BPF programs to read the kernel. */
	if (read_line("/sys/kernel/security/lockdown", line, sizeof(line)))
		return;
	locked = strstr(line, "[confidentiality]");
	add(probe, "lockdown", "the kernel is not locked down for confidentiality", true,
	    locked ? IOU_ANSWER_NO : IOU_ANSWER_YES, locked ? line : "");
}

static void check_memlock(struct iou_probe *probe)
{
	struct rlimit limit = {};
	char size[32], why[96];
	bool unlimited;

	getrlimit(RLIMIT_MEMLOCK, &limit);
	unlimited = limit.rlim_cur == RLIM_INFINITY;
	snprintf(why, sizeof(why), "RLIMIT_MEMLOCK is %s",
		 unlimited ? "unlimited" : iou_text_size(size, sizeof(size), limit.rlim_cur));
	/* Loops that look into data have it in a region that counts against the limit. */
	add(probe, "memlock", "1 MiB of memory may be locked", false,
	    unlimited || limit.rlim_cur >= 1 << 20 ? IOU_ANSWER_YES : IOU_ANSWER_NO, why);
}

void iou_probe_permissions(struct iou_probe *probe)
{
	check_sysctls(probe);
	check_seccomp(probe);
	check_capabilities(probe);
	check_lockdown(probe);
	check_jit(probe);
	check_memlock(probe);
}
