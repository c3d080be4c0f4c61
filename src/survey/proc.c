// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Rings, as /proc shows them to who may not ask the kernel otherwise: the own processes'. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "survey/internal.h"

static void closedirp(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

/* ---- fdinfo ---- */

/* The value of the line that begins with @key. */
static bool field(const char *text, const char *key, uint32_t *value)
{
	size_t length = strlen(key);

	for (const char *line = text; line; line = strchr(line, '\n')) {
		unsigned long long read;
		char *end;

		line += *line == '\n';
		if (strncmp(line, key, length) != 0 || line[length] != ':')
			continue;
		errno = 0;
		read = strtoull(line + length + 1, &end, 0);
		if (errno || end == line + length + 1 || read > UINT32_MAX)
			return false;
		*value = (uint32_t)read;
		return true;
	}
	return false;
}

void iou_survey_fdinfo(struct iou_survey_ring *ring, const char *text)
{
	uint32_t sq_mask, cq_mask, sq_head, sq_tail, cq_head, cq_tail;

	if (field(text, "SqMask", &sq_mask) && field(text, "CqMask", &cq_mask)) {
		ring->has_sizes = true;
		ring->sq_entries = sq_mask + 1;
		ring->cq_entries = cq_mask + 1;
	}
	if (field(text, "SqHead", &sq_head) && field(text, "SqTail", &sq_tail) &&
	    field(text, "CqHead", &cq_head) && field(text, "CqTail", &cq_tail)) {
		ring->has_indices = true;
		ring->sq_head = sq_head;
		ring->sq_tail = sq_tail;
		ring->cq_head = cq_head;
		ring->cq_tail = cq_tail;
	}
}

/* As much of a file as is wanted; "" where there is none. */
static void read_text(int dir, const char *path, char *text, size_t size)
{
	IOU_CLOSE int fd = openat(dir, path, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : read(fd, text, size - 1);

	text[got > 0 ? got : 0] = '\0';
}

/* ---- Processes ---- */

/* The descriptor @name of @process, if it is a ring: that either goes meanwhile is no error. */
static int add_fd(struct iou_survey *survey, int process, struct iou_survey_at *at,
		  const char *name)
{
	struct iou_survey_ring *ring;
	char path[64], text[4096];
	struct stat st;
	ssize_t length;

	snprintf(path, sizeof(path), "fd/%.20s", name);
	length = readlinkat(process, path, text, sizeof(text) - 1);
	if (length < 0)
		return 0;
	text[length] = '\0';
	if (strcmp(text, "anon_inode:[io_uring]") != 0 || fstatat(process, path, &st, 0))
		return 0;
	ring = iou_survey_ring(survey, st.st_ino, 0);
	if (!ring)
		return -ENOMEM;
	snprintf(path, sizeof(path), "fdinfo/%.20s", name);
	read_text(process, path, text, sizeof(text));
	iou_survey_fdinfo(ring, text);
	at->fd = atoi(name);
	return iou_survey_add_at(&ring->at, at);
}

static bool is_number(const char *name)
{
	return name[0] && name[strspn(name, "0123456789")] == '\0';
}

/* Of the process with the directory @name below @proc. -EACCES: it may not be looked at. */
static int add_process(struct iou_survey *survey, int proc, const char *name)
{
	IOU_CLOSE int process = openat(proc, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int fds = process < 0 ? -1 : openat(process, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	IOU_CLEANUP(closedirp) DIR *dir = fds < 0 ? NULL : fdopendir(fds);
	struct iou_survey_at at = {.pid = atoi(name), .tid = atoi(name)};
	struct dirent *entry;
	int ret = 0;

	if (!dir) {
		ret = errno == EACCES || errno == EPERM ? -EACCES : 0;
		iou_close(fds);
		return ret;
	}
	read_text(process, "comm", at.comm, sizeof(at.comm));
	at.comm[strcspn(at.comm, "\n")] = '\0';
	while (!ret && (entry = readdir(dir)))
		if (is_number(entry->d_name))
			ret = add_fd(survey, process, &at, entry->d_name);
	return ret;
}

int iou_survey_rings_proc(struct iou_survey *survey, int32_t pid)
{
	IOU_CLEANUP(closedirp) DIR *proc = opendir("/proc");
	struct dirent *entry;
	size_t hidden = 0;
	char name[16];
	int ret = 0;

	if (!proc) {
		iou_survey_gap(survey, "processes", "rings", "/proc cannot be read: %s",
			       strerror(errno));
		return 0;
	}
	snprintf(name, sizeof(name), "%" PRId32, pid);
	while (ret != -ENOMEM && (entry = readdir(proc))) {
		if (pid ? strcmp(entry->d_name, name) != 0 : !is_number(entry->d_name))
			continue;
		ret = add_process(survey, dirfd(proc), entry->d_name);
		hidden += ret == -EACCES;
	}
	if (hidden)
		iou_survey_gap(survey, "processes", "rings of other users' processes",
			       "this user may not look into %zu process%s", hidden,
			       hidden == 1 ? "" : "es");
	return ret == -ENOMEM ? ret : 0;
}

/* ---- When a process began ---- */

/* Seconds that are rounded, and clocks that are set by little. */
#define SLACK_NS UINT64_C(2000000000)

/* By CLOCK_REALTIME as it is set now; 0: that is not known. */
static uint64_t start_of(int32_t pid)
{
	uint64_t ticks = 0, second = (uint64_t)sysconf(_SC_CLK_TCK), age;
	char path[64], text[1024], *at;

	snprintf(path, sizeof(path), "/proc/%" PRId32 "/stat", pid);
	read_text(AT_FDCWD, path, text, sizeof(text));
	/* The 22nd; the second is its name, in parentheses, which may have any of its own. */
	at = strrchr(text, ')');
	for (int i = 2; at && i < 22; i++)
		at = strchr(at + 1, ' ');
	if (!at || !second)
		return 0;
	ticks = strtoull(at, NULL, 10);
	age = iou_clock_ns(CLOCK_BOOTTIME);
	ticks = ticks / second * 1000000000 + ticks % second * 1000000000 / second;
	return ticks < age ? iou_clock_real() - (age - ticks) : 0;
}

bool iou_survey_is_for(const struct iou_survey_loop *loop, int32_t pid)
{
	if (!loop->has_meta || loop->meta.pid != pid)
		return false;
	return !loop->meta.since_ns || start_of(pid) <= loop->meta.since_ns + SLACK_NS;
}
