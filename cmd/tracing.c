// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "tracing.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "log.h"

/* How long a trace is waited for that nobody reads, once its run was stopped. */
#define PATIENCE_MS 1000

static int cannot_write(const struct iou_tracing *tracing, int errnum, struct iou_err *err)
{
	enum iou_cause cause = errnum == EACCES   ? IOU_CAUSE_PERMISSION
			       : errnum == ENOENT ? IOU_CAUSE_USAGE
						  : IOU_CAUSE_FAILED;

	return iou_err_set(err, cause, "open", errnum, "cannot write the trace to '%s'",
			   tracing->path ?: "standard error");
}

int iou_tracing_open(struct iou_tracing *tracing, const struct iou_loop *loop, struct iou_err *err)
{
	if (tracing->path)
		tracing->fd = open(tracing->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	else
		tracing->fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	if (tracing->fd < 0)
		return cannot_write(tracing, errno, err);
	return iou_trace_open(&tracing->trace, loop, tracing->fd, err);
}

int iou_tracing_finish(struct iou_tracing *tracing, bool stopped, struct iou_err *err)
{
	int ret = iou_trace_finish(tracing->trace, stopped ? PATIENCE_MS : -1);
	uint64_t written, lost;
	char text[32];

	if (ret == -ETIMEDOUT) {
		iou_note("the trace is cut short: nobody reads it");
		return 0;
	}
	if (ret)
		return cannot_write(tracing, -ret, err);
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
	iou_close(tracing->fd);
	*tracing = IOU_TRACING_INIT;
}
