// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "bench/files.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"

/* How much is written, or looked at, at a time. */
#define CHUNK (UINT64_C(256) << 10)

/* Word @i of a file is this, and so never that of memory nobody has written to. */
#define WORD(i) ((i) + UINT64_C(0x696f7563746c0000))

/* ---- Making ---- */

/* Not all file systems can make a file without a name; the others' has one for a moment. */
static int make_unnamed(const char *dir)
{
	IOU_FREE char *name = NULL;
	int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR))
		return fd;
	if (asprintf(&name, "%s/iouctl-bench.XXXXXX", dir) < 0) {
		name = NULL;
		errno = ENOMEM;
		return -1;
	}
	fd = mkostemp(name, O_CLOEXEC);
	if (fd >= 0)
		unlink(name);
	return fd;
}

static int write_all(int fd, const char *data, size_t size)
{
	while (size) {
		ssize_t put = write(fd, data, size);

		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return put ? -errno : -EIO;
		data += put;
		size -= (size_t)put;
	}
	return 0;
}

static int fill(int fd, uint64_t size)
{
	IOU_FREE uint64_t *words = malloc(CHUNK);
	int ret = words ? 0 : -ENOMEM;

	for (uint64_t at = 0; at < size && !ret; at += CHUNK) {
		uint64_t chunk = size - at < CHUNK ? size - at : CHUNK;

		for (uint64_t i = 0; i < chunk / sizeof(*words); i++)
			words[i] = WORD(at / sizeof(*words) + i);
		ret = write_all(fd, (const char *)words, chunk);
	}
	/* Or it might be written back in the midst of what is measured. */
	if (!ret && size && (fdatasync(fd) || lseek(fd, 0, SEEK_SET)))
		ret = -errno;
	return ret;
}

int iou_bench_file_make(int *fd, const char *dir, uint64_t size, struct iou_err *err)
{
	const char *where = dir ?: getenv("TMPDIR") ?: "/tmp";
	IOU_CLOSE int made = make_unnamed(where);
	int ret = made < 0 ? -errno : fill(made, size);

	if (ret) {
		bool there = ret != -ENOENT && ret != -ENOTDIR;

		return iou_err_set(err,
				   ret == -EACCES || ret == -EROFS ? IOU_CAUSE_PERMISSION
				   : there                         ? IOU_CAUSE_FAILED
								   : IOU_CAUSE_USAGE,
				   "bench", -ret, "cannot make a file of %" PRIu64 " bytes in '%s'",
				   size, where);
	}
	*fd = TAKE_FD(made);
	return 0;
}

const char *iou_bench_file_path(char text[IOU_BENCH_FILE_PATH], int fd)
{
	snprintf(text, IOU_BENCH_FILE_PATH, "/proc/self/fd/%d", fd);
	return text;
}

int iou_bench_file_direct(int *direct, int fd, int mode, struct iou_err *err)
{
	char path[IOU_BENCH_FILE_PATH];
	int opened = open(iou_bench_file_path(path, fd), mode | O_DIRECT | O_CLOEXEC);

	if (opened < 0) {
		int ret = iou_err_set(err, IOU_CAUSE_FAILED, "bench", errno,
				      "cannot open a file with O_DIRECT");

		iou_err_hint(err, "not all file systems have it: choose another with dir=PATH");
		return ret;
	}
	posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	*direct = opened;
	return 0;
}

/* ---- Checking ---- */

static bool is_right(const uint64_t *words, size_t nr, uint64_t first)
{
	for (size_t i = 0; i < nr; i++)
		if (words[i] != WORD(first + i))
			return false;
	return true;
}

bool iou_bench_block_is_right(const void *data, size_t size, uint64_t end)
{
	uint64_t first;

	memcpy(&first, data, sizeof(first));
	first -= WORD(0);
	if (first >= end / sizeof(first) || first * sizeof(first) % size)
		return false;
	return is_right(data, size / sizeof(first), first);
}

int iou_bench_file_check(int fd, uint64_t size, struct iou_err *err)
{
	IOU_FREE uint64_t *words = malloc(CHUNK);
	struct stat st;

	if (!words)
		return iou_err_set(err, IOU_CAUSE_FAILED, "bench", ENOMEM, "cannot check a file");
	if (fstat(fd, &st))
		return iou_err_set(err, IOU_CAUSE_FAILED, "bench", errno, "cannot check a file");
	if ((uint64_t)st.st_size != size)
		return iou_err_set(err, IOU_CAUSE_FAILED, "bench", 0,
				   "what was written is %" PRIu64 " bytes, not %" PRIu64,
				   (uint64_t)st.st_size, size);
	for (uint64_t at = 0; at < size; at += CHUNK) {
		uint64_t chunk = size - at < CHUNK ? size - at : CHUNK;
		ssize_t got = pread(fd, words, chunk, (off_t)at);

		if (got < 0)
			return iou_err_set(err, IOU_CAUSE_FAILED, "bench", errno,
					   "cannot check a file");
		if ((uint64_t)got != chunk ||
		    !is_right(words, chunk / sizeof(*words), at / sizeof(*words)))
			return iou_err_set(err, IOU_CAUSE_FAILED, "bench", 0,
					   "what was written is not what it should be, in the "
					   "%" PRIu64 " bytes from byte %" PRIu64 " on",
					   chunk, at);
	}
	return 0;
}

void *iou_bench_memory(size_t size)
{
	void *mapped = mmap(NULL, size, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	return mapped == MAP_FAILED ? NULL : mapped;
}
