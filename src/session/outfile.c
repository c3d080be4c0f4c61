// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "session/outfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"

int iou_outfile_open(struct iou_outfile *file, const char *path, int flags)
{
	IOU_FREE char *made = strdup(path);
	int fd;

	if (!made)
		return -ENOMEM;
	fd = open(path, flags | O_CREAT | O_EXCL, 0666);
	if (fd < 0 && errno == EEXIST) {
		free(TAKE_PTR(made));
		fd = open(path, flags | O_CREAT, 0666);
	}
	if (fd < 0)
		return -errno;
	*file = (struct iou_outfile){.fd = fd, .made = TAKE_PTR(made)};
	return 0;
}

int iou_outfile_begin(struct iou_outfile *file)
{
	bool is_new = file->made;
	struct stat st;

	free(TAKE_PTR(file->made));
	if (is_new || fstat(file->fd, &st) || !S_ISREG(st.st_mode))
		return 0;
	return ftruncate(file->fd, 0) ? -errno : 0;
}

void iou_outfile_release(struct iou_outfile *file)
{
	if (file->made)
		unlink(file->made);
	free(TAKE_PTR(file->made));
}
