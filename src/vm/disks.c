// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "vm/disks.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include <linux/fs.h>

#include "base/cleanup.h"

#define SECTOR 512

/* Where QEMU keeps its locks (block/file-posix.c): what it does from the first, what it bears
 * others to do from the second. */
#define LOCKS_FROM 100
#define LOCKS_LENGTH 200

static int usage(struct iou_err *err, int errnum, const char *path, const char *why)
{
	return iou_err_set(err, IOU_CAUSE_USAGE, "usage", errnum, "'%s' cannot be a disk%s%s", path,
			   why ? ": " : "", why ?: "");
}

static int in_use(struct iou_err *err, const char *path, bool device)
{
	int ret = iou_err_set(err, IOU_CAUSE_VM, "vm", EBUSY, "'%s' cannot be a disk", path);

	iou_err_hint(err,
		     device ? "it is mounted, or something else has it for itself"
			    : "another program has locked it, such as a micro-VM whose disk it is");
	return ret;
}

static int check_kind(int fd, const char *path, struct stat *st, struct iou_err *err)
{
	uint64_t size;

	if (fstat(fd, st))
		return usage(err, errno, path, NULL);
	size = (uint64_t)st->st_size;
	if (!S_ISREG(st->st_mode) && !S_ISBLK(st->st_mode))
		return usage(err, 0, path, "it is neither a file nor a block device");
	if (S_ISBLK(st->st_mode) && ioctl(fd, BLKGETSIZE64, &size))
		return usage(err, errno, path, NULL);
	if (!size)
		return usage(err, 0, path, "it is empty");
	if (size % SECTOR) {
		int ret = usage(err, 0, path, "its size is no multiple of 512");

		iou_err_hint(err, "the guest would not see its end; truncate --size %%512 fills "
				  "it up with zeros");
		return ret;
	}
	return 0;
}

/*
 * The lock belongs to the open file, which QEMU inherits: it is no stranger's to that QEMU, but to
 * all others. Some file systems have no locks; QEMU, too, does without there.
 */
static int lock(int fd, const char *path, struct iou_err *err)
{
	struct flock range = {
		.l_type = F_WRLCK,
		.l_whence = SEEK_SET,
		.l_start = LOCKS_FROM,
		.l_len = LOCKS_LENGTH,
	};

	if (fcntl(fd, F_OFD_SETLK, &range) && (errno == EAGAIN || errno == EACCES))
		return in_use(err, path, false);
	return 0;
}

static bool is_one_of(const struct iou_vm_disks *disks, const struct stat *st)
{
	struct stat other;

	for (size_t i = 0; i < disks->nr; i++) {
		if (fstat(disks->fds[i], &other) ||
		    (other.st_mode & S_IFMT) != (st->st_mode & S_IFMT))
			continue;
		if (S_ISBLK(st->st_mode) ? other.st_rdev == st->st_rdev
					 : other.st_dev == st->st_dev && other.st_ino == st->st_ino)
			return true;
	}
	return false;
}

/* A device is for us alone (O_EXCL), or a file system that is mounted here would be written under.
 */
static int open_one(struct iou_vm_disks *disks, const char *path, struct iou_err *err)
{
	const int flags = O_RDWR | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
	bool device;
	struct stat st;
	IOU_CLOSE int fd = -1;
	int ret;

	if (stat(path, &st))
		return usage(err, errno, path, NULL);
	device = S_ISBLK(st.st_mode);
	if (is_one_of(disks, &st))
		return usage(err, 0, path, "it was given twice");
	fd = open(path, device ? flags | O_EXCL : flags);
	if (fd < 0)
		return errno == EBUSY ? in_use(err, path, device) : usage(err, errno, path, NULL);
	ret = check_kind(fd, path, &st, err);
	if (!ret)
		ret = lock(fd, path, err);
	if (!ret)
		disks->fds[disks->nr++] = TAKE_FD(fd);
	return ret;
}

int iou_vm_disks_open(struct iou_vm_disks *disks, const char *const *paths, size_t nr,
		      struct iou_err *err)
{
	IOU_CLEANUP(iou_vm_disks_release) struct iou_vm_disks opened = {0};
	int ret = 0;

	opened.fds = calloc(nr + 1, sizeof(*opened.fds));
	if (!opened.fds)
		return iou_err_set(err, IOU_CAUSE_FAILED, "vm", ENOMEM, "cannot open the disks");
	for (size_t i = 0; !ret && i < nr; i++)
		ret = open_one(&opened, paths[i], err);
	if (ret)
		return ret;
	disks->nr = opened.nr;
	disks->fds = TAKE_PTR(opened.fds);
	opened.nr = 0;
	return 0;
}

void iou_vm_disks_release(struct iou_vm_disks *disks)
{
	for (size_t i = 0; i < disks->nr; i++)
		iou_close(disks->fds[i]);
	free(disks->fds);
	*disks = (struct iou_vm_disks){0};
}
