// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loop/path.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "loop/image.h"

#define NAME_LEN_MAX 32
#define SUBDIR "/iouctl/loops"

/* Ends of a file's name: the first goes before the second. */
static const char *const ends[] = {".bpf.o", ".o"};

bool iou_path_name_fits(const char *name)
{
	size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-");

	return !name[len] && len > 0 && len <= NAME_LEN_MAX;
}

bool iou_path_is_off(void)
{
	return getauxval(AT_SECURE);
}

static int no_memory(struct iou_err *err)
{
	return iou_err_set(err, IOU_CAUSE_FAILED, "open", ENOMEM, "cannot look for loops");
}

/* ---- Directories ---- */

struct dirs {
	char **list;
	size_t nr;
};

static void dirs_release(struct dirs *dirs)
{
	for (size_t i = 0; i < dirs->nr; i++)
		free(dirs->list[i]);
	free(dirs->list);
}

#define DIRS_CLEANUP IOU_CLEANUP(dirs_release)

static int add_dir(struct dirs *dirs, const char *base, size_t length, const char *below)
{
	char **list = reallocarray(dirs->list, dirs->nr + 1, sizeof(*list));

	if (!list)
		return -ENOMEM;
	dirs->list = list;
	while (length > 1 && base[length - 1] == '/')
		length--;
	if (asprintf(&list[dirs->nr], "%.*s%s", (int)length, base, below) < 0)
		return -ENOMEM;
	dirs->nr++;
	return 0;
}

/* The elements of @value between colons: empty ones never, relative ones only where they may be. */
static int add_dirs(struct dirs *dirs, const char *value, const char *below, bool relative)
{
	int ret = 0;

	while (!ret) {
		size_t length = strcspn(value, ":");

		if (value[0] == '/' || (relative && length))
			ret = add_dir(dirs, value, length, below);
		if (!value[length])
			break;
		value += length + 1;
	}
	return ret;
}

static int find_dirs(struct dirs *dirs)
{
	const char *own = secure_getenv("IOUCTL_LOOP_PATH"), *home = secure_getenv("HOME");
	const char *data = secure_getenv("XDG_DATA_HOME"), *system = secure_getenv("XDG_DATA_DIRS");
	int ret = 0;

	if (iou_path_is_off())
		return 0;
	/* Where root happens to stand may be anybody's directory. */
	if (own)
		ret = add_dirs(dirs, own, "", geteuid() != 0);
	/* The XDG base directory specification: a relative path is to be ignored. */
	if (!ret && data && data[0] == '/')
		ret = add_dir(dirs, data, strlen(data), SUBDIR);
	else if (!ret && home && home[0] == '/')
		ret = add_dir(dirs, home, strlen(home), "/.local/share" SUBDIR);
	if (!ret)
		ret = add_dirs(dirs, system && *system ? system : "/usr/local/share:/usr/share",
			       SUBDIR, false);
	return ret;
}

/* ---- What root refuses ---- */

static bool is_refused(const struct stat *st)
{
	return geteuid() == 0 && (st->st_uid != 0 || st->st_mode & (S_IWGRP | S_IWOTH));
}

/* Of the loop @name, whose file is @file, since @st of @path (a @what) is as it is. */
static int refuse(struct iou_err *err, const char *name, const char *file, const char *what,
		  const char *path, const struct stat *st)
{
	bool writable = st->st_mode & (S_IWGRP | S_IWOTH);
	char why[64] = "";

	if (st->st_uid != 0)
		snprintf(why, sizeof(why), "belongs to user %u, not to root", st->st_uid);
	iou_err_set(err, IOU_CAUSE_PERMISSION, "open", 0,
		    "the loop '%s' is refused to root: the %s '%s' %s%s%s", name, what, path, why,
		    why[0] && writable ? ", and " : "", writable ? "can be written by others" : "");
	iou_err_hint(err, "make it root's alone (%s%s%s), or name the file: %s",
		     why[0] ? "chown root" : "", why[0] && writable ? ", " : "",
		     writable ? "chmod go-w" : "", file);
	return -EPERM;
}

/* ---- One loop ---- */

static int cannot_open(struct iou_err *err, const char *path, int errnum)
{
	return iou_err_set(err, errnum == EACCES ? IOU_CAUSE_PERMISSION : IOU_CAUSE_FAILED, "open",
			   errnum, "cannot open '%s'", path);
}

/* The file @path, whose last part is @file, in the directory @dir, of which @dir_st is: -ENOENT. */
static int open_file(int dir, const struct stat *dir_st, const char *dir_path, const char *name,
		     const char *path, int *out, struct iou_err *err)
{
	const char *file = strrchr(path, '/') + 1;
	IOU_CLOSE int fd = -1;
	struct stat st;

	/* Not even opened: to open a device can do something. */
	if (is_refused(dir_st))
		return fstatat(dir, file, &st, AT_SYMLINK_NOFOLLOW)
			       ? -ENOENT
			       : refuse(err, name, path, "directory", dir_path, dir_st);
	fd = openat(dir, file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 && errno == ENOENT)
		return -ENOENT;
	if (fd < 0 || fstat(fd, &st))
		return cannot_open(err, path, errno);
	if (is_refused(&st))
		return refuse(err, name, path, "file", path, &st);
	*out = TAKE_FD(fd);
	return 0;
}

static int open_in(const char *dir_path, const char *name, int *fd, char **out, struct iou_err *err)
{
	IOU_CLOSE int dir = open(dir_path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct stat st;
	int ret = -ENOENT;

	/* One that is not there, or into which the user may not look, has nothing for him. */
	if (dir < 0 || fstat(dir, &st))
		return -ENOENT;
	for (size_t i = 0; i < ARRAY_SIZE(ends) && ret == -ENOENT; i++) {
		IOU_FREE char *path = NULL;

		if (asprintf(&path, "%s/%s%s", dir_path, name, ends[i]) < 0) {
			path = NULL;
			return no_memory(err);
		}
		ret = open_file(dir, &st, dir_path, name, path, fd, err);
		if (!ret)
			*out = TAKE_PTR(path);
	}
	return ret;
}

int iou_path_open(const char *name, int *fd, char **path, struct iou_err *err)
{
	DIRS_CLEANUP struct dirs dirs = {};
	int ret = -ENOENT;

	if (!iou_path_name_fits(name))
		return -ENOENT;
	if (find_dirs(&dirs))
		return no_memory(err);
	for (size_t i = 0; i < dirs.nr && ret == -ENOENT; i++)
		ret = open_in(dirs.list[i], name, fd, path, err);
	return ret;
}

/* ---- All of them ---- */

void iou_path_loops_release(struct iou_path_loops *loops)
{
	for (size_t i = 0; i < loops->nr; i++) {
		free(loops->list[i].name);
		free(loops->list[i].path);
	}
	free(loops->list);
	*loops = (struct iou_path_loops){};
}

struct found {
	struct iou_path_loop loop;
	size_t order; /* of two that have one name the lower one wins */
};

struct all {
	struct found *list;
	size_t nr, size;
};

static void all_release(struct all *all)
{
	for (size_t i = 0; i < all->nr; i++) {
		free(all->list[i].loop.name);
		free(all->list[i].loop.path);
	}
	free(all->list);
}

static int by_name(const void *a, const void *b)
{
	const struct found *one = a, *other = b;
	int ret = strcmp(one->loop.name, other->loop.name);

	return ret ?: (one->order > other->order) - (one->order < other->order);
}

static bool is_builtin(const char *name)
{
	for (size_t i = 0; i < iou_builtins_nr; i++)
		if (strcmp(iou_builtins[i].name, name) == 0)
			return true;
	return false;
}

/* Which of @ends @file has before which there is a loop's name, put into @name; -1 for none. */
static int split(const char *file, char name[NAME_LEN_MAX + 1])
{
	size_t length = strcspn(file, ".");

	if (length > NAME_LEN_MAX)
		return -1;
	memcpy(name, file, length);
	name[length] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++)
		if (strcmp(file + length, ends[i]) == 0 && iou_path_name_fits(name))
			return (int)i;
	return -1;
}

static int add_found(struct all *all, const char *name, const char *dir, const char *file,
		     size_t order)
{
	struct found found = {.order = order};

	if (all->nr == all->size) {
		size_t size = all->size ? 2 * all->size : 16;
		struct found *list = reallocarray(all->list, size, sizeof(*list));

		if (!list)
			return -ENOMEM;
		all->list = list;
		all->size = size;
	}
	found.loop.name = strdup(name);
	if (!found.loop.name)
		return -ENOMEM;
	if (asprintf(&found.loop.path, "%s/%s", dir, file) < 0) {
		free(found.loop.name);
		return -ENOMEM;
	}
	all->list[all->nr++] = found;
	return 0;
}

static int read_dir(struct all *all, const char *path, size_t order)
{
	DIR *dir = opendir(path);
	char name[NAME_LEN_MAX + 1];
	struct dirent *entry;
	int ret = 0;

	while (dir && !ret && (entry = readdir(dir))) {
		int end = split(entry->d_name, name);

		if (end >= 0 && !is_builtin(name))
			ret = add_found(all, name, path, entry->d_name, order + (size_t)end);
	}
	if (dir)
		closedir(dir);
	return ret;
}

int iou_path_list(struct iou_path_loops *loops)
{
	DIRS_CLEANUP struct dirs dirs = {};
	IOU_CLEANUP(all_release) struct all all = {};
	struct iou_path_loops read = {};
	int ret = find_dirs(&dirs);

	for (size_t i = 0; i < dirs.nr && !ret; i++)
		ret = read_dir(&all, dirs.list[i], i * ARRAY_SIZE(ends));
	if (ret)
		return ret;
	read.list = calloc(all.nr + 1, sizeof(*read.list));
	if (!read.list)
		return -ENOMEM;
	if (all.nr)
		qsort(all.list, all.nr, sizeof(*all.list), by_name);
	for (size_t i = 0; i < all.nr; i++) {
		if (read.nr && strcmp(read.list[read.nr - 1].name, all.list[i].loop.name) == 0)
			continue;
		read.list[read.nr++] = all.list[i].loop;
		all.list[i].loop = (struct iou_path_loop){};
	}
	*loops = read;
	return 0;
}
