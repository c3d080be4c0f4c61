// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "attach/pin.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

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

/* ---- Pinning ---- */

static int check_folder(const char *path, struct iou_err *err)
{
	struct statfs fs;
	int entries = 0;
	DIR *dir;

	if (statfs(path, &fs) || fs.f_type != BPF_FS_MAGIC) {
		iou_err_set(err, IOU_CAUSE_USAGE, "pin", 0, "'%s' is not in a BPF file system",
			    path);
		iou_err_hint(err, "one is usually at /sys/fs/bpf: 'mount -t bpf bpf /sys/fs/bpf'");
		return -EINVAL;
	}
	dir = opendir(path);
	if (!dir)
		return iou_err_set(err, cause_of(errno), "pin", errno, "cannot open '%s'", path);
	while (readdir(dir))
		entries++;
	closedir(dir);
	if (entries > 2) {
		iou_err_set(err, IOU_CAUSE_USAGE, "pin", EEXIST, "cannot pin a loop in '%s'", path);
		iou_err_hint(err, "'iouctl detach' takes off what is there");
		return -EEXIST;
	}
	return 0;
}

int iou_pin_prepare(const char *path, struct iou_err *err)
{
	bool made = mkdir(path, 0700) == 0;
	int ret = 0;

	if (!made && errno != EEXIST)
		return iou_err_set(err, cause_of(errno), "pin", errno, "cannot make '%s'", path);
	ret = check_folder(path, err);
	if (ret && made)
		rmdir(path);
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

int iou_pin(const struct iou_loop *loop, const char *path, int meta_fd, int object_fd,
	    struct iou_err *err)
{
	int ret = pin_maps(loop, path);

	if (!ret)
		ret = pin_one(meta_fd, path, "meta") ?: pin_one(object_fd, path, "object");
	if (!ret)
		ret = pin_one(iou_loop_wake_fd(loop), path, "wake");
	/* Last: what is half pinned must not stay bound. */
	if (!ret)
		ret = pin_one(iou_loop_link_fd(loop), path, "link");
	if (ret) {
		iou_pin_remove(path);
		return iou_err_set(err, cause_of(-ret), "pin", -ret, "cannot pin '%s' in '%s'",
				   iou_loop_name(loop), path);
	}
	return 0;
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

/* What is in a folder of ours, but for folders. */
static void empty(const char *folder)
{
	struct dirent *entry;
	char path[PATH_ROOM];
	DIR *dir = opendir(folder);

	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.' && join(path, folder, entry->d_name))
			unlink(path);
	if (dir)
		closedir(dir);
}

int iou_pin_remove(const char *path)
{
	char maps[PATH_ROOM], link[PATH_ROOM];
	struct statfs fs;

	/* Never anything that is not a pin. */
	if (statfs(path, &fs) || fs.f_type != BPF_FS_MAGIC)
		return -errno;
	if (!join(maps, path, "maps") || !join(link, path, "link"))
		return -ENAMETOOLONG;
	unlink(link);
	empty(maps);
	rmdir(maps);
	empty(path);
	return rmdir(path) && errno != ENOENT ? -errno : 0;
}
