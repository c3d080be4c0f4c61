// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "vm/guestroot.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/cleanup.h"

/*
 * System calls of Linux 5.2 and 5.12 which the C library knows from 2.36 on. Numbers are the same
 * on all architectures.
 */
#ifndef SYS_open_tree
#define SYS_open_tree 428
#define SYS_move_mount 429
#endif
#ifndef SYS_mount_setattr
#define SYS_mount_setattr 442
#endif
#ifndef OPEN_TREE_CLONE
#define OPEN_TREE_CLONE 1
#define OPEN_TREE_CLOEXEC O_CLOEXEC
#define MOVE_MOUNT_F_EMPTY_PATH 0x00000004
#endif
#ifndef MOUNT_ATTR_RDONLY
#define MOUNT_ATTR_RDONLY 0x00000001
#define MOUNT_ATTR_NOSUID 0x00000002
#define MOUNT_ATTR_NODEV 0x00000004
#endif
#ifndef AT_RECURSIVE
#define AT_RECURSIVE 0x8000
#endif

/* struct mount_attr of include/uapi/linux/mount.h, which clashes with sys/mount.h */
struct mount_attrs {
	uint64_t set, clear, propagation, userns_fd;
};

static int fail(struct iou_err *err, const char *what, const char *on)
{
	return iou_err_set(err, IOU_CAUSE_VM, "vm", errno, "cannot %s%s%s", what, on ? " " : "",
			   on ?: "");
}

static int clone_tree(const char *path, int *fd, struct iou_err *err)
{
	long tree = syscall(SYS_open_tree, AT_FDCWD, path,
			    OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);

	if (tree < 0)
		return fail(err, "clone the mounts below", path);
	*fd = (int)tree;
	return 0;
}

static int attach_tree(int tree, const char *path, uint64_t attrs, struct iou_err *err)
{
	struct mount_attrs set = {.set = attrs};

	if (mkdir(path, 0700))
		return fail(err, "make the directory", path);
	if (syscall(SYS_move_mount, tree, "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH))
		return fail(err, "mount a clone on", path);
	if (syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &set, sizeof(set)))
		return fail(err, "set the attributes of the mounts at", path);
	return 0;
}

/* Take off what is mounted on @dir in the clone, and hide what the directory itself has. */
static int cover(const char *dir, struct iou_err *err)
{
	char path[64];

	snprintf(path, sizeof(path), IOU_VM_ROOT "%s", dir);
	while (umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) == 0)
		;
	if (errno != EINVAL)
		return fail(err, "unmount in the guest's root", dir);
	if (mount("iouctl", path, "tmpfs", MS_NOSUID | MS_NODEV, "mode=755"))
		return fail(err, "cover in the guest's root", dir);
	return 0;
}

/* A copy, not a bind mount: the binary may be unlinked, or lie where the guest cannot see it. */
static int copy_program(int program, struct iou_err *err)
{
	IOU_CLOSE int copy = open(IOU_VM_ROOT IOU_VM_INIT, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
	struct stat st;
	off_t at = 0;

	if (copy < 0 || fstat(program, &st))
		return fail(err, "make the guest's", IOU_VM_INIT);
	while (at < st.st_size) {
		if (sendfile(copy, program, &at, (size_t)(st.st_size - at)) <= 0)
			return fail(err, "copy this program to the guest's", IOU_VM_INIT);
	}
	/* The umask may have taken bits away. */
	if (fchmod(copy, 0755))
		return fail(err, "make executable the guest's", IOU_VM_INIT);
	return 0;
}

static int build_root(int tree, int program, struct iou_err *err)
{
	static const char *const own[] = {"/proc", "/sys", "/dev", "/run"};
	struct mount_attrs readonly = {.set = MOUNT_ATTR_RDONLY};
	int ret;

	ret = attach_tree(tree, IOU_VM_ROOT, 0, err);
	for (size_t i = 0; !ret && i < ARRAY_SIZE(own); i++)
		ret = cover(own[i], err);
	if (!ret)
		ret = copy_program(program, err);
	if (ret)
		return ret;
	/* Last, and on the whole of it: a remount of the root alone would leave the submounts. */
	if (syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &readonly,
		    sizeof(readonly)))
		return fail(err, "make the guest's root read-only", NULL);
	return 0;
}

char *iou_vm_share_path(char *buf, size_t size, size_t nr)
{
	snprintf(buf, size, "/run/share%zu", nr);
	return buf;
}

static int clone_shares(const char *const *shares, size_t nr, int *trees, struct iou_err *err)
{
	int ret = 0;

	for (size_t i = 0; !ret && i < nr; i++)
		ret = clone_tree(shares[i], &trees[i], err);
	return ret;
}

static int attach_shares(const int *trees, size_t nr, struct iou_err *err)
{
	char path[32];
	int ret = 0;

	for (size_t i = 0; !ret && i < nr; i++)
		ret = attach_tree(trees[i], iou_vm_share_path(path, sizeof(path), i),
				  MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, err);
	return ret;
}

int iou_vm_guestroot_build(int program, const char *const *shares, size_t shares_nr,
			   struct iou_err *err)
{
	/* The supervisor ends with its namespace: what it holds open needs no closing. */
	IOU_FREE int *trees = calloc(shares_nr + 1, sizeof(*trees));
	int root = -1, ret;

	if (!trees)
		return iou_err_set(err, IOU_CAUSE_VM, "vm", ENOMEM,
				   "cannot build the guest's root");
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return fail(err, "make the mounts private", NULL);
	/* All clones come before the tmpfs on /run, which would be part of them. */
	ret = clone_tree("/", &root, err);
	if (!ret)
		ret = clone_shares(shares, shares_nr, trees, err);
	if (ret)
		return ret;
	if (mount("iouctl", "/run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=700"))
		return fail(err, "mount a tmpfs on", "/run");
	ret = build_root(root, program, err);
	if (!ret)
		ret = attach_shares(trees, shares_nr, err);
	return ret;
}
