// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Pipes that a loop's splices go through. */
#include "session/pipes.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "session/maker.h"

/* What a pipe may be by the kernel's default (fs/pipe.c, pipe_max_size). */
#define PIPE_SIZE 1048576

uint64_t iou_pipe_size_max(void)
{
	FILE *file = fopen("/proc/sys/fs/pipe-max-size", "re");
	unsigned long long size = PIPE_SIZE;

	if (file && fscanf(file, "%llu", &size) != 1)
		size = PIPE_SIZE;
	if (file)
		fclose(file);
	return size < INT32_MAX ? size : INT32_MAX;
}

/* Make the pipe large enough for @size, if we may. What it holds is *@has. */
static int enlarge(int fd, uint64_t size, uint64_t *has)
{
	int now = fcntl(fd, F_GETPIPE_SZ), larger;

	if (now < 0)
		return -errno;
	larger = (uint64_t)now < size ? fcntl(fd, F_SETPIPE_SZ, (int)size) : now;
	*has = (uint64_t)(larger > now ? larger : now);
	return 0;
}

static int set_end(struct iou_maker *maker, const struct iou_decl *param, const char *array,
		   uint64_t i, int fd)
{
	char field[32];

	snprintf(field, sizeof(field), "%s[%u]", array, (unsigned int)i);
	return iou_maker_keep_fd(maker, fd) ?: iou_maker_set(maker, param, field, (uint32_t)fd);
}

static int make_pipe(struct iou_maker *maker, const struct iou_decl *param, uint64_t i,
		     uint64_t size, uint64_t *has)
{
	int ends[2], ret;

	if (pipe2(ends, O_CLOEXEC))
		return iou_err_set(maker->err, IOU_CAUSE_FAILED, "open", errno,
				   "cannot make the pipes of '%s'", param->name);
	ret = enlarge(ends[1], size, has);
	if (ret)
		iou_err_set(maker->err, IOU_CAUSE_FAILED, "open", -ret,
			    "cannot make the pipes of '%s'", param->name);
	if (!ret)
		ret = set_end(maker, param, "read_fds", i, TAKE_FD(ends[0]));
	if (!ret)
		ret = set_end(maker, param, "write_fds", i, TAKE_FD(ends[1]));
	iou_close(ends[0]);
	iou_close(ends[1]);
	return ret;
}

int iou_maker_make_pipes(struct iou_maker *maker, const struct iou_decl *param)
{
	const struct iou_place *place = iou_maker_place(maker, param);
	uint64_t most = iou_pipe_size_max(), size = place->size < most ? place->size : most;
	uint64_t least = UINT64_MAX, has = 0;
	int ret = 0;

	if (!place->nr)
		return 0;
	for (uint64_t i = 0; i < place->nr && !ret && maker->ring; i++) {
		ret = make_pipe(maker, param, i, size, &has);
		least = has < least ? has : least;
	}
	return ret ?: iou_maker_set(maker, param, "nr", place->nr) ?:
	       iou_maker_set(maker, param, "size", maker->ring ? least : size);
}
