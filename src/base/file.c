// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"

static int write_whole(int fd, const void *data, size_t size)
{
	size_t at = 0;

	while (at < size) {
		ssize_t put = write(fd, (const char *)data + at, size - at);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return -errno;
		at += (size_t)put;
	}
	return 0;
}

/* A device, a pipe: as with any other program. */
static int write_to(const char *path, const void *data, size_t size)
{
	IOU_CLOSE int fd = open(path, O_WRONLY | O_CLOEXEC);

	return fd < 0 ? -errno : write_whole(fd, data, size);
}

/* A name that nobody has, in the directory of @path; to be freed. */
static char *name_beside(const char *path)
{
	const char *slash = strrchr(path, '/');
	uint64_t number = 0;
	char *name;

	if (getrandom(&number, sizeof(number), 0) < 0)
		return NULL;
	/* Not longer than any name may be, as the object's own with something behind it. */
	if (asprintf(&name, "%.*s.iouctl-%016llx", slash ? (int)(slash - path) + 1 : 0, path,
		     (unsigned long long)number) < 0)
		return NULL;
	return name;
}

static int write_beside(const char *path, const void *data, size_t size)
{
	IOU_FREE char *name = name_beside(path);
	IOU_CLOSE int fd = name ? open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666) : -1;
	int ret;

	if (fd < 0)
		return -errno;
	ret = write_whole(fd, data, size);
	/* Where a disk is full or over quota, some file systems only say so now. */
	if (!ret && close(TAKE_FD(fd)))
		ret = -errno;
	if (!ret && rename(name, path))
		ret = -errno;
	if (ret)
		unlink(name);
	return ret;
}

/* The file that is written has another name for a moment, in which no signal may end us. */
static int replace(const char *path, const void *data, size_t size)
{
	/* What a symbolic link leads to is replaced, not the link. */
	IOU_FREE char *real = realpath(path, NULL);
	sigset_t all, before;
	int ret;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before);
	ret = write_beside(real ?: path, data, size);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return ret;
}

int iou_file_write(const char *path, const void *data, size_t size, struct iou_err *err)
{
	struct stat st;
	bool special = stat(path, &st) == 0 && !S_ISREG(st.st_mode);
	int ret = special ? write_to(path, data, size) : replace(path, data, size);
	enum iou_cause cause = ret == -EACCES || ret == -EPERM || ret == -EROFS
				       ? IOU_CAUSE_PERMISSION
			       : ret == -ENOENT || ret == -ENOTDIR || ret == -EISDIR ||
					       ret == -ENAMETOOLONG
				       ? IOU_CAUSE_USAGE
				       : IOU_CAUSE_FAILED;

	return ret ? iou_err_set(err, cause, "output", -ret, "cannot write '%s'", path) : 0;
}
