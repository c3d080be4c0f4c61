/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A file that a run writes: it is made and opened while the run is prepared, but what was in it is
 * lost only when the run begins. If it does not, a file that was not there before goes again.
 */
#pragma once

struct iou_outfile {
	int fd;     /* the caller's, to be closed after the release */
	char *made; /* its path, where it was not there before and the run has not begun */
};

/* With @flags as of open(2), without O_CREAT and O_TRUNC. 0 or -errno. */
int iou_outfile_open(struct iou_outfile *file, const char *path, int flags);

/* Empty it, if there is something to be emptied. 0 or -errno. */
int iou_outfile_begin(struct iou_outfile *file);

void iou_outfile_release(struct iou_outfile *file);
