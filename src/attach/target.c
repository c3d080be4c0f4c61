// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "attach/target.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "ring/ring.h"
#include "survey/survey.h"

/* So many of a process are looked through. */
#define RINGS_MAX 256

/* ---- The descriptor ---- */

/* "5, 7": the rings of the process. */
static void list_rings(pid_t pid, char *list, size_t size)
{
	const struct iou_survey_want want = {.pid = pid ?: getpid()};
	struct iou_survey survey = {};
	size_t at = 0;

	list[0] = '\0';
	if (iou_survey(&survey, &want, NULL))
		return;
	for (size_t i = 0; i < survey.rings_nr; i++)
		for (size_t k = 0; k < survey.rings[i].at.nr && at < size; k++)
			at += (size_t)snprintf(list + at, size - at, "%s%d", at ? ", " : "",
					       survey.rings[i].at.list[k].fd);
	iou_survey_release(&survey);
}

static int no_ring(const struct iou_target *target, const char *what, struct iou_err *err)
{
	char list[256];

	if (target->pid)
		iou_err_set(err, IOU_CAUSE_USAGE, "target", 0, "descriptor %d of process %d %s",
			    target->ring_fd, target->pid, what);
	else
		iou_err_set(err, IOU_CAUSE_USAGE, "target", 0, "descriptor %d %s", target->ring_fd,
			    what);
	list_rings(target->pid, list, sizeof(list));
	if (list[0])
		iou_err_hint(err, "rings are at: %s", list);
	else if (target->pid)
		iou_err_hint(err, "it has no ring that can be seen");
	else
		iou_err_hint(err,
			     "descriptors of rings are closed on exec: the program that starts "
			     "iouctl has to clear FD_CLOEXEC; or name the ring by --pid");
	return -EBADF;
}

static int open_process(struct iou_target *target, pid_t pid, struct iou_err *err)
{
	target->pid = pid;
	target->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (target->pidfd >= 0) {
		return 0;
	}
	if (errno == ENOSYS)
		return iou_err_set(err, IOU_CAUSE_UNSUPPORTED, "target", errno,
				   "cannot open process %d", pid);
	iou_err_set(err, IOU_CAUSE_USAGE, "target", errno, "cannot open process %d", pid);
	if (errno == EINVAL || errno == ENOENT)
		iou_err_hint(err, "it is a thread: give the process that it is of");
	return -errno;
}

static int take_descriptor(struct iou_target *target, struct iou_err *err)
{
	int ret;

	if (target->inherited)
		target->fd = fcntl(target->ring_fd, F_DUPFD_CLOEXEC, 3);
	else
		target->fd = (int)syscall(SYS_pidfd_getfd, target->pidfd, target->ring_fd, 0);
	if (target->fd >= 0)
		return 0;
	ret = -errno;
	if (ret == -EBADF)
		return no_ring(target, "is not open", err);
	if (ret == -EPERM) {
		iou_err_set(err, IOU_CAUSE_PERMISSION, "target", EPERM,
			    "cannot take descriptor %d of process %d", target->ring_fd,
			    target->pid);
		iou_err_hint(err, "that needs CAP_SYS_PTRACE, or to be its user where "
				  "kernel.yama.ptrace_scope is 0");
		return ret;
	}
	return iou_err_set(err,
			   ret == -ENOSYS  ? IOU_CAUSE_UNSUPPORTED
			   : ret == -ESRCH ? IOU_CAUSE_USAGE
					   : IOU_CAUSE_FAILED,
			   "target", -ret, "cannot take descriptor %d of process %d",
			   target->ring_fd, target->pid);
}

/* ---- What it says of itself ---- */

/* A ring of our own that is set up alike: where its parts are, the other's are, too. */
static int measure_twin(struct iou_target *target, uint32_t sq, uint32_t cq, struct iou_err *err)
{
	static const uint32_t layout = IORING_SETUP_SQE128 | IORING_SETUP_CQE32 |
				       IORING_SETUP_SQE_MIXED | IORING_SETUP_CQE_MIXED |
				       IORING_SETUP_NO_SQARRAY | IORING_SETUP_SQ_REWIND;
	uint32_t flags = target->params.flags;
	struct iou_ring_config config = {
		.sq_entries = sq,
		.cq_entries = cq,
		.flags = IOU_RING_LOOP_FLAGS | (flags & layout),
	};
	struct iou_ring twin = IOU_RING_INIT;
	int ret = iou_ring_init(&twin, &config, err);

	if (ret)
		return ret;
	target->params = twin.params;
	target->params.flags = flags;
	iou_ring_release(&twin);
	return 0;
}

/* Which process a thread is of, and what that calls itself. */
static void find_process(struct iou_target *target, pid_t tid)
{
	IOU_FCLOSE FILE *status = NULL;
	char path[64], line[256];
	int tgid = 0;

	snprintf(path, sizeof(path), "/proc/%d/status", tid);
	status = fopen(path, "re");
	while (status && fgets(line, sizeof(line), status) && !tgid)
		if (sscanf(line, "Tgid: %d", &tgid) != 1)
			tgid = 0;
	if (tgid)
		open_process(target, tgid, NULL);
}

static void read_comm(struct iou_target *target)
{
	IOU_FCLOSE FILE *file = NULL;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/comm", target->pid);
	file = fopen(path, "re");
	if (file && fgets(target->comm, sizeof(target->comm), file))
		target->comm[strcspn(target->comm, "\n")] = '\0';
}

/* Our own descriptor leads to the ring, too. */
static int look_at(struct iou_target *target, struct iou_err *err)
{
	const struct iou_survey_want want = {.pid = getpid()};
	const struct iou_survey_ring *ring;
	struct iou_survey survey = {};
	uint32_t sq = 0, cq = 0;
	int ret = iou_survey(&survey, &want, err);

	if (ret)
		return ret;
	ring = iou_survey_find(&survey, getpid(), target->fd);
	if (!ring) {
		iou_survey_release(&survey);
		return no_ring(target, "is no io_uring", err);
	}
	target->inode = ring->ino;
	target->has_flags = ring->has_setup;
	target->params.flags = ring->has_setup ? ring->setup : 0;
	target->bound = ring->has_loop && ring->bound;
	target->in_flight = ring->has_in_flight ? ring->in_flight : 0;
	if (ring->has_sizes) {
		sq = ring->sq_entries;
		cq = ring->cq_entries;
	}
	if (!target->pid && ring->has_submitter && ring->submitter)
		find_process(target, ring->submitter);
	iou_survey_release(&survey);
	if (!sq || !cq)
		return iou_err_set(err, IOU_CAUSE_FAILED, "target", EBUSY,
				   "the ring does not tell its sizes");
	if (target->pid)
		read_comm(target);
	return measure_twin(target, sq, cq, err);
}

int iou_target_take(struct iou_target *target, pid_t pid, int ring_fd, struct iou_err *err)
{
	struct iou_target taken = IOU_TARGET_INIT;
	int ret;

	taken.ring_fd = ring_fd;
	taken.seen_fd = ring_fd;
	taken.inherited = !pid;
	ret = pid ? open_process(&taken, pid, err) : 0;
	if (!ret)
		ret = take_descriptor(&taken, err);
	if (!ret)
		ret = look_at(&taken, err);
	if (ret) {
		iou_target_release(&taken);
		return ret;
	}
	*target = taken;
	return 0;
}

void iou_target_let_go(struct iou_target *target)
{
	/* One that we were started with is ours to close as well. */
	if (target->inherited && target->ring_fd > STDERR_FILENO)
		close(target->ring_fd);
	iou_close(TAKE_FD(target->fd));
}

/* ---- Whether it is still there ---- */

static int compare(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

int iou_target_fds(pid_t pid, int *fds, int max)
{
	static const char ring[] = "anon_inode:[io_uring]";
	char path[64], link[sizeof(ring)];
	struct dirent *entry;
	int nr = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	dir = opendir(path);
	if (!dir)
		return -errno;
	while (nr < max && (entry = readdir(dir)))
		if (readlinkat(dirfd(dir), entry->d_name, link, sizeof(link)) ==
			    (ssize_t)strlen(ring) &&
		    memcmp(link, ring, strlen(ring)) == 0)
			fds[nr++] = atoi(entry->d_name);
	closedir(dir);
	qsort(fds, (size_t)nr, sizeof(*fds), compare);
	return nr;
}

/* 1: it is; 0: it is not; -errno: that cannot be told. */
static int is_at(const struct iou_target *target, int fd)
{
	struct stat st;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", target->pid, fd);
	if (stat(path, &st))
		return errno == ENOENT ? 0 : -errno;
	return st.st_ino == target->inode;
}

bool iou_target_is_there(struct iou_target *target)
{
	int fds[RINGS_MAX], nr, ret;

	if (target->pidfd < 0)
		return true;
	ret = is_at(target, target->seen_fd);
	if (ret) {
		target->was_seen = target->was_seen || ret > 0;
		return true;
	}
	nr = iou_target_fds(target->pid, fds, RINGS_MAX);
	for (int i = 0; i < nr; i++) {
		if (is_at(target, fds[i]) <= 0)
			continue;
		target->seen_fd = fds[i];
		target->was_seen = true;
		return true;
	}
	if (nr == RINGS_MAX || (nr < 0 && nr != -ENOENT))
		return true;
	/* A thread may have a table of descriptors of its own. */
	return target->inherited && !target->was_seen;
}

void iou_target_release(struct iou_target *target)
{
	iou_close(TAKE_FD(target->fd));
	iou_close(TAKE_FD(target->pidfd));
}
