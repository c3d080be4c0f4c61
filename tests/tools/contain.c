// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * contain COMMAND...: run it as root in a container is: with the capabilities that container
 * engines leave by default (the OCI runtimes' list), and a seccomp filter that refuses what theirs
 * refuse without CAP_SYS_ADMIN: namespaces, mounts, bpf(2), io_uring.
 */
#include <errno.h>
#include <linux/capability.h>
#include <sched.h>
#include <seccomp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NAMESPACES                                                                                 \
	(CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | \
	 CLONE_NEWCGROUP)

static const int kept[] = {
	CAP_AUDIT_WRITE, CAP_CHOWN,   CAP_DAC_OVERRIDE,     CAP_FOWNER,     CAP_FSETID,
	CAP_KILL,        CAP_MKNOD,   CAP_NET_BIND_SERVICE, CAP_NET_RAW,    CAP_SETFCAP,
	CAP_SETGID,      CAP_SETPCAP, CAP_SETUID,           CAP_SYS_CHROOT,
};

static const int refused[] = {
	SCMP_SYS(unshare),         SCMP_SYS(setns),          SCMP_SYS(mount),
	SCMP_SYS(umount2),         SCMP_SYS(pivot_root),     SCMP_SYS(bpf),
	SCMP_SYS(perf_event_open), SCMP_SYS(io_uring_setup), SCMP_SYS(io_uring_enter),
	SCMP_SYS(keyctl),          SCMP_SYS(open_tree),      SCMP_SYS(move_mount),
	SCMP_SYS(fsopen),          442 /* mount_setattr */,
};

static int filter(void)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);
	int ret = ctx ? seccomp_attr_set(ctx, SCMP_FLTATR_CTL_NNP, 0) : -ENOMEM;

	for (size_t i = 0; !ret && i < sizeof(refused) / sizeof(refused[0]); i++)
		ret = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), refused[i], 0);
	for (unsigned int bit = 0; !ret && bit < 32; bit++)
		if (NAMESPACES & (1U << bit))
			ret = seccomp_rule_add(
				ctx, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 1,
				SCMP_CMP(0, SCMP_CMP_MASKED_EQ, 1U << bit, 1U << bit));
	/* Its flags are where no filter can look. */
	if (!ret)
		ret = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
	return ret ?: seccomp_load(ctx);
}

static int drop_capabilities(void)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {};
	uint64_t mask = 0;

	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		mask |= 1ULL << kept[i];
	for (int cap = 0; prctl(PR_CAPBSET_READ, cap) >= 0; cap++)
		if (!(mask & 1ULL << cap) && prctl(PR_CAPBSET_DROP, cap))
			return -errno;
	for (int i = 0; i < 2; i++)
		data[i].effective = data[i].permitted = (uint32_t)(mask >> (32 * i));
	return syscall(SYS_capset, &head, data) ? -errno : 0;
}

int main(int argc, char **argv)
{
	int ret;

	if (argc < 2)
		return 2;
	ret = filter();
	if (!ret)
		ret = drop_capabilities();
	if (ret) {
		fprintf(stderr, "contain: %s\n", strerror(-ret));
		return 126;
	}
	execvp(argv[1], argv + 1);
	perror("contain: exec");
	return 127;
}
