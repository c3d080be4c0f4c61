// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "report.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "exit.h"
#include "log.h"

/* How much of a long detail is shown without -v: its end, where what went wrong is. */
#define DETAIL_LINES 20

static const char *last_lines(const char *detail)
{
	const char *start = detail + strlen(detail);
	int lines = 0;

	while (start > detail && (start[-1] != '\n' || lines++ < DETAIL_LINES + 1))
		start--;
	return start;
}

static void print_lines(const char *text)
{
	while (*text) {
		size_t length = strcspn(text, "\n");
		IOU_FREE char *line = strndup(text, length);
		IOU_FREE char *safe = malloc(4 * length + 1);

		if (line && safe)
			fprintf(stderr, "  %s\n", iou_text_escape(safe, 4 * length + 1, line));
		text += length + (text[length] == '\n');
	}
}

static void print_detail(const struct iou_err *err)
{
	const char *start = last_lines(err->detail);

	if (iou_log_level >= IOU_LOG_VERBOSE) {
		print_lines(err->detail);
		return;
	}
	/* The verifier's log is pages of registers; what matters of it is in the message. */
	if (strcmp(err->stage, "load") == 0)
		return;
	if (start > err->detail)
		fputs("  …\n", stderr);
	print_lines(start);
	if (start > err->detail)
		fputs("  (-v shows all of it)\n", stderr);
}

static void print_error(const struct iou_err *err)
{
	char message[4 * sizeof(err->message)], hint[4 * sizeof(err->hint)];

	fprintf(stderr, "iouctl: %s", iou_text_escape(message, sizeof(message), err->message));
	/* A timeout's message has said it. */
	if (err->errnum && err->cause != IOU_CAUSE_TIMEOUT)
		fprintf(stderr, ": %s", strerror(err->errnum));
	if (err->hint[0])
		fprintf(stderr, "; %s", iou_text_escape(hint, sizeof(hint), err->hint));
	fputc('\n', stderr);
	if (err->detail)
		print_detail(err);
}

static struct iou_doc *error_doc(const struct iou_err *err, int code)
{
	struct iou_doc *doc = iou_doc_new("iouctl.error/1");

	iou_doc_string(doc, "stage", NULL, err->stage);
	iou_doc_string(doc, "errno", NULL, err->errnum ? iou_errno_name(err->errnum) : NULL);
	iou_doc_string(doc, "message", NULL, err->message);
	iou_doc_string(doc, "hint", NULL, err->hint[0] ? err->hint : NULL);
	iou_doc_string(doc, "detail", NULL, err->detail);
	iou_doc_u64(doc, "exit", NULL, (uint64_t)code);
	return doc;
}

int iou_report_error(struct iou_err *err, enum iou_format format)
{
	int code = iou_exit_of_cause(err->cause);

	if (format == IOU_FORMAT_TEXT) {
		print_error(err);
	} else {
		struct iou_doc *doc = error_doc(err, code);

		code = iou_report_doc(doc, format, code);
		iou_doc_free(doc);
	}
	iou_err_release(err);
	return code;
}

/* A SIGPIPE that is held back ends us in a moment, and without a word, as always. */
static bool is_pipe_broken(void)
{
	sigset_t pending;

	return sigpending(&pending) == 0 && sigismember(&pending, SIGPIPE) == 1;
}

int iou_report_flush(int code)
{
	if (!ferror(stdout) && fflush(stdout) == 0)
		return code;
	if (!is_pipe_broken())
		fprintf(stderr, "iouctl: cannot write standard output: %s\n", strerror(errno));
	clearerr(stdout);
	return IOU_EXIT_FAILED;
}

int iou_report_doc(const struct iou_doc *doc, enum iou_format format, int code)
{
	int ret = iou_render(stdout, doc, format);

	if (ret == -ENOMEM) {
		fputs("iouctl: cannot print the result: Cannot allocate memory\n", stderr);
		return IOU_EXIT_FAILED;
	}
	return iou_report_flush(code);
}
