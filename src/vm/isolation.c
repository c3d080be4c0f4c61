// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "vm/isolation.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>

#include "base/cleanup.h"

const char *iou_vm_isolation_name(enum iou_vm_isolation isolation)
{
	static const char *const names[] = {
		[IOU_VM_ISOLATION_ROOT] = "mount and PID namespaces",
		[IOU_VM_ISOLATION_USER] = "user, mount and PID namespaces",
		[IOU_VM_ISOLATION_NONE] = "a filter of system calls, and no namespaces",
	};

	return names[isolation];
}

pid_t iou_vm_isolation_fork(enum iou_vm_isolation isolation)
{
	static const unsigned long flags[] = {
		[IOU_VM_ISOLATION_ROOT] = CLONE_NEWNS | CLONE_NEWPID,
		[IOU_VM_ISOLATION_USER] = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID,
		[IOU_VM_ISOLATION_NONE] = 0,
	};
	long pid = syscall(SYS_clone, flags[isolation] | SIGCHLD, NULL, NULL, NULL, 0);

	return pid < 0 ? -errno : (pid_t)pid;
}

bool iou_vm_isolation_denied(int ret)
{
	/* clone(2): the last three are limits of user namespaces, and kernels without them. */
	static const int denials[] = {EPERM, EACCES, ENOSYS, ENOSPC, EUSERS, EINVAL};

	for (size_t i = 0; i < ARRAY_SIZE(denials); i++)
		if (ret == -denials[i])
			return true;
	return false;
}

static int write_file(const char *path, const char *text, struct iou_err *err)
{
	IOU_CLOSE int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		return iou_err_set(err, IOU_CAUSE_VM, "vm", errno, "cannot write %s", path);
	return 0;
}

int iou_vm_isolation_be_root(uid_t uid, gid_t gid, struct iou_err *err)
{
	char map[32];
	int ret;

	/* user_namespaces(7): who has no privilege outside must give up setgroups() first. */
	ret = write_file("/proc/self/setgroups", "deny", err);
	snprintf(map, sizeof(map), "0 %u 1", gid);
	if (!ret)
		ret = write_file("/proc/self/gid_map", map, err);
	snprintf(map, sizeof(map), "0 %u 1", uid);
	if (!ret)
		ret = write_file("/proc/self/uid_map", map, err);
	return ret;
}

/*
 * All that changes a file, its name or its attributes without a descriptor that was opened for
 * writing; such descriptors are refused by filter_opens().
 */
static const int changing[] = {
	SCMP_SYS(creat),     SCMP_SYS(mkdir),       SCMP_SYS(mkdirat),      SCMP_SYS(mknod),
	SCMP_SYS(mknodat),   SCMP_SYS(rmdir),       SCMP_SYS(unlink),       SCMP_SYS(unlinkat),
	SCMP_SYS(rename),    SCMP_SYS(renameat),    SCMP_SYS(renameat2),    SCMP_SYS(link),
	SCMP_SYS(linkat),    SCMP_SYS(symlink),     SCMP_SYS(symlinkat),    SCMP_SYS(chmod),
	SCMP_SYS(fchmod),    SCMP_SYS(fchmodat),    SCMP_SYS(chown),        SCMP_SYS(fchown),
	SCMP_SYS(lchown),    SCMP_SYS(fchownat),    SCMP_SYS(utime),        SCMP_SYS(utimes),
	SCMP_SYS(futimesat), SCMP_SYS(utimensat),   SCMP_SYS(setxattr),     SCMP_SYS(lsetxattr),
	SCMP_SYS(fsetxattr), SCMP_SYS(removexattr), SCMP_SYS(lremovexattr), SCMP_SYS(fremovexattr),
	SCMP_SYS(truncate),  SCMP_SYS(ftruncate),   SCMP_SYS(fallocate),
};

/*
 * What has its flags where no filter can look, what leads round all of it, and what libseccomp 2.5
 * has no names for. virtiofsd uses the first where it is there, and does without where it is not.
 */
static const int unknown[] = {
	SCMP_SYS(openat2),
	SCMP_SYS(io_uring_setup),
	SCMP_SYS(open_by_handle_at),
	452, /* fchmodat2, the same number on all architectures, like these: */
	463, /* setxattrat */
	466, /* removexattrat */
	469, /* file_setattr */
};

static int filter_open(scmp_filter_ctx ctx, int syscall, unsigned int flags_at)
{
	static const unsigned int writing[] = {O_WRONLY, O_RDWR, O_ACCMODE};
	static const unsigned int making[] = {O_CREAT, O_TRUNC};
	int ret = 0;

	for (size_t i = 0; !ret && i < ARRAY_SIZE(writing); i++)
		ret = seccomp_rule_add(
			ctx, SCMP_ACT_ERRNO(EROFS), syscall, 1,
			SCMP_CMP(flags_at, SCMP_CMP_MASKED_EQ, O_ACCMODE, writing[i]));
	for (size_t i = 0; !ret && i < ARRAY_SIZE(making); i++)
		ret = seccomp_rule_add(
			ctx, SCMP_ACT_ERRNO(EROFS), syscall, 1,
			SCMP_CMP(flags_at, SCMP_CMP_MASKED_EQ, making[i], making[i]));
	return ret;
}

static int filter_changes(scmp_filter_ctx ctx)
{
	int ret = filter_open(ctx, SCMP_SYS(open), 1);

	if (!ret)
		ret = filter_open(ctx, SCMP_SYS(openat), 2);
	for (size_t i = 0; !ret && i < ARRAY_SIZE(changing); i++)
		ret = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EROFS), changing[i], 0);
	for (size_t i = 0; !ret && i < ARRAY_SIZE(unknown); i++)
		ret = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOSYS), unknown[i], 0);
	return ret;
}

int iou_vm_filter_install(const struct iou_vm_filter *filter)
{
	scmp_filter_ctx ctx;
	int ret = 0;

	if (!filter->readonly && !filter->keep_groups && !filter->no_unshare)
		return 0;
	ctx = seccomp_init(SCMP_ACT_ALLOW);
	if (!ctx)
		return -ENOMEM;
	if (filter->readonly)
		ret = filter_changes(ctx);
	/* An errno of 0: it does nothing, and that is a success. */
	if (!ret && filter->keep_groups)
		ret = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(0), SCMP_SYS(setgroups), 0);
	if (!ret && filter->no_unshare)
		ret = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(0), SCMP_SYS(unshare), 1,
				       SCMP_CMP(0, SCMP_CMP_EQ, CLONE_FS));
	if (!ret)
		ret = seccomp_load(ctx);
	seccomp_release(ctx);
	return ret;
}
