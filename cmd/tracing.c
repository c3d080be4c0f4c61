// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "tracing.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "log.h"

/* Standard error by another name: with a buffer of its own, a line is not a system call each. */
static FILE *open_stderr(void)
{
	IOU_CLOSE int fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "w");

	if (file)
		fd = -1;
	return file;
}

int iou_tracing_open_file(struct iou_tracing *tracing, struct iou_err *err)
{
	tracing->file = tracing->path ? fopen(tracing->path, "we") : open_stderr();
	if (tracing->file)
		return 0;
	return iou_err_set(err,
			   errno == EACCES   ? IOU_CAUSE_PERMISSION
			   : errno == ENOENT ? IOU_CAUSE_USAGE
					     : IOU_CAUSE_FAILED,
			   "open", errno, "cannot write the trace to '%s'",
			   tracing->path ?: "standard error");
}

int iou_tracing_finish(struct iou_tracing *tracing, struct iou_err *err)
{
	uint64_t written, lost;
	char text[32];

	while (iou_trace_consume(tracing->trace))
		;
	if (ferror(tracing->file))
		return iou_err_set(err, IOU_CAUSE_FAILED, "run", errno ?: EIO,
				   "cannot write the trace to '%s'",
				   tracing->path ?: "standard error");
	iou_trace_count(tracing->trace, &written, &lost);
	if (lost)
		iou_note("the trace lost %s of %s records: a step had more than its buffer holds",
			 iou_text_count(text, sizeof(text), lost),
			 iou_text_count((char[32]){}, 32, written + lost));
	return 0;
}

void iou_tracing_release(struct iou_tracing *tracing)
{
	iou_trace_free(tracing->trace);
	if (tracing->file)
		fclose(tracing->file);
	*tracing = (struct iou_tracing){};
}
