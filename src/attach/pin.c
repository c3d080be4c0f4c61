// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "attach/pin.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/cleanup.h"

#include <linux/magic.h>

/* Of the kernel's names, with their NUL. */
#define PATH_ROOM 4096

static bool join(char *path, const char *folder, const char *name)
{
	return snprintf(path, PATH_ROOM, "%s/%s", folder, name) < PATH_ROOM;
}

static enum iou_cause cause_of(int errnum)
{
	switch (errnum) {
	case EPERM:
	case EACCES:
		return IOU_CAUSE_PERMISSION;
	case ENOENT:
	case ENOTDIR:
	case ENAMETOOLONG:
		return IOU_CAUSE_USAGE;
	default:
		return IOU_CAUSE_FAILED;
	}
}

/* A directory of bpffs, and of no other file system, by no symbolic link: a descriptor or -errno.
 */
static int open_folder(int at, const char *path)
{
	IOU_CLOSE int fd = openat(at, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct statfs fs;

	if (fd < 0 || fstatfs(fd, &fs))
		return -errno;
	return fs.f_type == BPF_FS_MAGIC ? TAKE_FD(fd) : -EMEDIUMTYPE;
}

/* Something may be mounted there by others, who then own what is in it. */
static bool is_mounted(int fd)
{
	struct statx st;

	return statx(fd, "", AT_EMPTY_PATH, STATX_TYPE, &st) ||
	       st.stx_attributes & STATX_ATTR_MOUNT_ROOT;
}

/* ---- Pinning ---- */

static bool is_empty(int folder)
{
	int fd = fcntl(folder, F_DUPFD_CLOEXEC, 3), entries = 0;
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (!dir) {
		iou_close(fd);
		return false;
	}
	while (readdir(dir))
		entries++;
	closedir(dir);
	return entries <= 2;
}

/* One that others may write to is one in which they may replace what is pinned. */
static int check_folder(const char *path, struct iou_err *err)
{
	IOU_CLOSE int fd = open_folder(AT_FDCWD, path);
	struct stat st;

	if (fd == -EMEDIUMTYPE) {
		iou_err_set(err, IOU_CAUSE_USAGE, "pin", 0, "'%s' is not in a BPF file system",
			    path);
		iou_err_hint(err, "one is usually at /sys/fs/bpf: 'mount -t bpf bpf /sys/fs/bpf'");
		return -EINVAL;
	}
	if (fd < 0 || fstat(fd, &st))
		return iou_err_set(err, fd == -ELOOP ? IOU_CAUSE_USAGE : cause_of(errno), "pin",
				   fd < 0 ? -fd : errno, "cannot open '%s'", path);
	if (is_mounted(fd)) {
		iou_err_set(err, IOU_CAUSE_USAGE, "pin", 0,
			    "cannot pin a loop in '%s': a file system is mounted there", path);
		iou_err_hint(err, "a loop is pinned in a directory of its own");
		return -EINVAL;
	}
	if (!is_empty(fd)) {
		iou_err_set(err, IOU_CAUSE_USAGE, "pin", EEXIST, "cannot pin a loop in '%s'", path);
		iou_err_hint(err, "'iouctl detach' takes off what is there");
		return -EEXIST;
	}
	if (st.st_uid != geteuid() || (st.st_mode & 07777) != 0700) {
		iou_err_set(err, IOU_CAUSE_USAGE, "pin", 0,
			    "cannot pin a loop in '%s': it is not its owner's alone", path);
		iou_err_hint(err, "one that is not there yet is made, with mode 0700");
		return -EINVAL;
	}
	return 0;
}

/* In what is to be made. */
static bool has_dot(const char *path)
{
	const char *slash = strrchr(path, '/');

	return strchr(slash ?: path, '.');
}

int iou_pin_prepare(const char *path, bool *made, struct iou_err *err)
{
	bool is_new = mkdir(path, 0700) == 0;
	int ret;

	if (!is_new && errno == EPERM && has_dot(path)) {
		iou_err_set(err, IOU_CAUSE_USAGE, "pin", EPERM, "cannot make '%s'", path);
		iou_err_hint(err, "names in a BPF file system have no dots");
		return -EPERM;
	}
	if (!is_new && errno != EEXIST)
		return iou_err_set(err, cause_of(errno), "pin", errno, "cannot make '%s'", path);
	ret = check_folder(path, err);
	if (ret && is_new)
		rmdir(path);
	if (!ret)
		*made = is_new;
	return ret;
}

static int pin_one(int fd, const char *folder, const char *name)
{
	char path[PATH_ROOM];

	if (fd < 0)
		return 0;
	return join(path, folder, name) ? bpf_obj_pin(fd, path) : -ENAMETOOLONG;
}

/* BPF file systems allow no dots in names. */
static void map_file(char *name, size_t size, const char *map)
{
	snprintf(name, size, "%s", map);
	for (char *dot = name; (dot = strchr(dot, '.'));)
		*dot = '-';
}

static int pin_maps(const struct iou_loop *loop, const char *path)
{
	char folder[PATH_ROOM], name[64];
	struct bpf_map *map;
	int ret = 0;

	if (!join(folder, path, "maps"))
		return -ENAMETOOLONG;
	if (mkdir(folder, 0700))
		return -errno;
	bpf_object__for_each_map(map, iou_loop_object(loop))
	{
		if (bpf_map__type(map) == BPF_MAP_TYPE_STRUCT_OPS || !bpf_map__autocreate(map))
			continue;
		map_file(name, sizeof(name), bpf_map__name(map));
		ret = pin_one(bpf_map__fd(map), folder, name);
		if (ret)
			break;
	}
	return ret;
}

static int cannot_pin(const struct iou_loop *loop, const char *path, int ret, struct iou_err *err)
{
	return iou_err_set(err, cause_of(-ret), "pin", -ret, "cannot pin '%s' in '%s'",
			   iou_loop_name(loop), path);
}

int iou_pin(const struct iou_loop *loop, const char *path, int meta_fd, int object_fd,
	    struct iou_err *err)
{
	int ret = pin_maps(loop, path);

	if (!ret)
		ret = pin_one(meta_fd, path, "meta") ?: pin_one(object_fd, path, "object");
	return ret ? cannot_pin(loop, path, ret, err) : 0;
}

int iou_pin_link(const struct iou_loop *loop, const char *path, struct iou_err *err)
{
	int ret = pin_one(iou_loop_link_fd(loop), path, "link");

	return ret ? cannot_pin(loop, path, ret, err) : 0;
}

/* ---- What was pinned ---- */

int iou_pin_get(const char *folder, const char *name)
{
	char path[PATH_ROOM];

	if (!join(path, folder, name))
		return -ENAMETOOLONG;
	return bpf_obj_get(path);
}

int iou_pin_get_map(const char *path, const char *map)
{
	char folder[PATH_ROOM], name[64];

	if (!join(folder, path, "maps"))
		return -ENAMETOOLONG;
	map_file(name, sizeof(name), map);
	return iou_pin_get(folder, name);
}

/* ---- Removing ---- */

/* Pins are the regular files of bpffs, whatever name they have. */
static void unpin_map(int folder, const char *name)
{
	struct stat st;

	if (!fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) && S_ISREG(st.st_mode))
		unlinkat(folder, name, 0);
}

static void unpin_maps(int parent)
{
	int fd = open_folder(parent, "maps");
	DIR *dir = fd < 0 || is_mounted(fd) ? NULL : fdopendir(fd);
	struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		unpin_map(fd, entry->d_name);
	if (dir)
		closedir(dir);
	else
		iou_close(fd);
	unlinkat(parent, "maps", AT_REMOVEDIR);
}

/* "wake" is what iouctl pinned beside them once. */
static int unpin_all(const char *path)
{
	static const char *const names[] = {"link", "wake", "meta", "object"};
	IOU_CLOSE int fd = open_folder(AT_FDCWD, path);
	int ret = 0;

	if (fd < 0)
		return fd;
	/* A directory of such a name is none of ours. */
	for (size_t i = 0; i < ARRAY_SIZE(names) && !ret; i++)
		if (unlinkat(fd, names[i], 0) && errno != ENOENT && errno != EISDIR)
			ret = -errno;
	if (!ret)
		unpin_maps(fd);
	return ret;
}

int iou_pin_remove(const char *path)
{
	int ret = unpin_all(path);

	if (!ret && rmdir(path))
		ret = -errno;
	/* Somebody else removes it as well, or has something of his own in it. */
	return ret == -ENOENT || ret == -ENOTEMPTY || ret == -EBUSY ? 0 : ret;
}

void iou_pin_undo(const char *path, bool made)
{
	if (!unpin_all(path) && made)
		rmdir(path);
}
