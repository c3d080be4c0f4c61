// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "attachdoc.h"

#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/clock.h"
#include "base/text.h"
#include "exit.h"
#include "loopdoc.h"
#include "report.h"

static const struct {
	const char *id, *text;
} ends[] = {
	[IOU_BOUND_HELD] = {"held", "still bound"},
	[IOU_BOUND_SIGNAL] = {"signal", "iouctl got a signal"},
	[IOU_BOUND_DURATION] = {"duration", "the duration is over"},
	[IOU_BOUND_EXIT] = {"exit", "the program ended"},
	[IOU_BOUND_CLOSED] = {"closed", "the program closed the ring"},
	[IOU_BOUND_DETACHED] = {"detached", "somebody else took the loop off"},
};

static const char *const lefts[] = {
	[IOU_LEFT_IN_ORDER] = "in-order", [IOU_LEFT_UNHEARD] = "unheard",
	[IOU_LEFT_STILL_ON] = "still-on", [IOU_LEFT_HELD] = "held",
	[IOU_LEFT_FAILED] = "failed",
};

static void add_target(struct iou_doc *doc, const struct iou_target *target)
{
	struct iou_doc *in = iou_doc_object(doc, "target"), *line;

	if (target->pid)
		iou_doc_u64(in, "pid", NULL, (uint64_t)target->pid);
	else
		iou_doc_null(in, "pid", NULL);
	iou_doc_string(in, "name", NULL, target->comm[0] ? target->comm : NULL);
	iou_doc_u64(in, "ring_fd", NULL, (uint64_t)target->ring_fd);
	iou_doc_u64(in, "ring_ino", NULL, target->inode);
	line = iou_doc_null(in, NULL, "target");
	if (target->pid)
		iou_doc_text(line, "%s (pid %d), ring fd %d", target->comm, target->pid,
			     target->ring_fd);
	else
		iou_doc_text(line, "ring fd %d", target->ring_fd);
}

static void add_attach(struct iou_doc *doc, const struct iou_bound *bound,
		       const struct iou_attachdoc *print)
{
	bool held = bound->end == IOU_BOUND_HELD;
	uint64_t elapsed = held ? iou_clock_now() - bound->since_ns : bound->elapsed_ns;
	struct iou_doc *in = iou_doc_object(doc, "attach"), *line;
	char text[32];

	line = iou_doc_u64(in, "elapsed_ns", print->pin ? NULL : "time", elapsed);
	iou_doc_text(line, "%s", iou_text_duration(text, sizeof(text), (double)elapsed));
	line = iou_doc_string(in, "end", held ? NULL : "end", ends[bound->end].id);
	iou_doc_text(line, "%s", ends[bound->end].text);
	iou_doc_string(in, "left", NULL, held ? NULL : lefts[bound->left]);
	iou_doc_string(in, "pin", print->pin ? "pinned" : NULL, print->pin);
}

static int print_one(const struct iou_attachdoc *print, const struct iou_bound *bound, int code,
		     struct iou_err *err)
{
	struct iou_doc *doc = iou_doc_new("iouctl.attach/1");
	struct utsname uts;
	int ret = 0;

	iou_loopdoc_add_name(doc, bound->loop);
	uname(&uts);
	iou_doc_string(doc, "kernel", "kernel", uts.release);
	add_target(doc, &bound->target);
	iou_loopdoc_add_ring(doc, &bound->target.params);
	iou_loopdoc_add_params(doc, bound->loop);
	if (print->dry_run) {
		iou_doc_string(doc, "verdict", "verdict", "may be bound");
	} else {
		ret = iou_loopdoc_add_stats(doc, bound->loop, err);
		iou_dump_add(doc, bound->loop, print->dump);
		add_attach(doc, bound, print);
	}
	ret = ret ? iou_report_error(err, print->format) : iou_report_doc(doc, print->format, code);
	iou_doc_free(doc);
	return ret;
}

int iou_attachdoc_print(const struct iou_attachdoc *print, int code, struct iou_err *err)
{
	for (size_t i = 0; i < print->nr; i++) {
		int ret = print_one(print, &print->bounds[i], code, err);

		if (i + 1 < print->nr && print->format == IOU_FORMAT_TEXT)
			putchar('\n');
		if (ret != code)
			return ret;
	}
	return code;
}

void iou_attachdoc_tick(void *data, uint64_t elapsed_ns)
{
	const struct iou_attachdoc *print = data;
	struct iou_err err = {};

	(void)elapsed_ns;
	iou_attachdoc_print(print, IOU_EXIT_OK, &err);
	if (print->format == IOU_FORMAT_TEXT)
		putchar('\n');
	iou_report_flush(IOU_EXIT_OK);
}
