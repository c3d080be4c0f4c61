// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "rundoc.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "exit.h"
#include "loopdoc.h"
#include "report.h"
#include "stats/stats.h"

static void add_snapshot(struct iou_doc *in, const struct iou_run *run)
{
	bool shown = run->stop != IOU_STOP_DONE;
	const struct iou_ring_snapshot *s = &run->ring;
	struct iou_doc *ring = iou_doc_object(in, "ring"), *line;

	iou_doc_u64(ring, "sq_head", NULL, s->sq_head);
	iou_doc_u64(ring, "sq_tail", NULL, s->sq_tail);
	iou_doc_u64(ring, "cq_head", NULL, s->cq_head);
	iou_doc_u64(ring, "cq_tail", NULL, s->cq_tail);
	iou_doc_bool(ring, "cq_overflowed", NULL, s->cq_overflowed);
	line = iou_doc_null(ring, NULL, shown ? "queues" : NULL);
	iou_doc_text(line, "SQ head %u, tail %u; CQ head %u, tail %u%s", s->sq_head, s->sq_tail,
		     s->cq_head, s->cq_tail, s->cq_overflowed ? ", overflowed" : "");
	if (run->has_in_flight) {
		iou_doc_s64(ring, "in_flight", shown ? "in flight" : NULL, run->in_flight);
	} else {
		line = iou_doc_null(ring, "in_flight", shown ? "in flight" : NULL);
		iou_doc_text(line, "unknown");
	}
}

static void add_stop(struct iou_doc *in, const struct iou_run *run)
{
	struct iou_doc *stop = iou_doc_object(in, "stop"), *line;
	const char *name = iou_stop_name(run->stop);

	line = iou_doc_string(stop, "reason", "stop", name);
	iou_doc_string(stop, "errno", NULL,
		       run->stop_errno ? iou_errno_name(run->stop_errno) : NULL);
	iou_doc_string(stop, "text", NULL, run->stop_text[0] ? run->stop_text : NULL);
	if (run->signal) {
		char signame[32];

		snprintf(signame, sizeof(signame), "SIG%s", sigabbrev_np(run->signal) ?: "?");
		iou_doc_string(stop, "signal", NULL, signame);
		iou_doc_text(line, "%s by %s", name, signame);
	} else if (run->stop_errno) {
		iou_doc_text(line, "%s: %s%s%s", name, run->stop_text,
			     run->stop_text[0] ? ": " : "", strerror(run->stop_errno));
	}
}

/* For people: a program divides by itself. */
static void add_rate(struct iou_doc *in, const struct iou_progress *progress, uint64_t elapsed_ns)
{
	double each = (double)elapsed_ns / (double)progress->value;
	bool bytes = strcmp(progress->decl->unit, "bytes") == 0;
	struct iou_doc *line;
	char text[32];

	if (!bytes) {
		line = iou_doc_null(in, NULL, "each");
		iou_doc_text(line, "%s", iou_text_duration(text, sizeof(text), each));
	}
	line = iou_doc_null(in, NULL, "rate");
	iou_text_rate(text, sizeof(text), 1e9 / each);
	if (bytes)
		iou_doc_text(line, "%s%sB/s", text, strchr(text, ' ') ? "" : " ");
	else
		iou_doc_text(line, "%s %s/s", text, progress->decl->unit);
}

static void add_run(struct iou_doc *doc, const struct iou_loop *loop, const struct iou_run *run)
{
	struct iou_doc *in = iou_doc_object(doc, "run"), *line;
	struct iou_progress progress;
	char text[32];

	line = iou_doc_u64(in, "elapsed_ns", "time", run->elapsed_ns);
	iou_doc_text(line, "%s", iou_text_duration(text, sizeof(text), (double)run->elapsed_ns));
	if (!iou_progress_read(loop, &progress) && progress.value && run->elapsed_ns)
		add_rate(in, &progress, run->elapsed_ns);
	line = iou_doc_u64(in, "enter_calls", "enter", run->enter_calls);
	iou_doc_text(line, "%s call%s of io_uring_enter",
		     iou_text_count(text, sizeof(text), run->enter_calls),
		     run->enter_calls == 1 ? "" : "s");
	if (run->has_steps)
		iou_doc_u64(in, "steps", "steps", run->steps);
	else
		iou_doc_null(in, "steps", NULL);
	add_snapshot(in, run);
	add_stop(in, run);
}

static void add_trace(struct iou_doc *doc, const struct iou_trace *trace)
{
	struct iou_doc *in = iou_doc_object(doc, "trace");
	uint64_t written, lost;

	iou_trace_count(trace, &written, &lost);
	iou_doc_u64(in, "written", NULL, written);
	iou_doc_u64(in, "lost", NULL, lost);
}

int iou_rundoc_print(const struct iou_session *session, const struct iou_run *run,
		     const struct iou_dump_config *dump, const struct iou_trace *trace,
		     enum iou_format format, struct iou_err *err)
{
	const struct iou_loop *loop = session->loop;
	struct iou_doc *doc = iou_doc_new("iouctl.run/1");
	struct utsname uts;
	int ret;

	iou_loopdoc_add_name(doc, loop);
	uname(&uts);
	iou_doc_string(doc, "kernel", "kernel", uts.release);
	iou_loopdoc_add_ring(doc, &session->ring.params);
	iou_loopdoc_add_params(doc, loop);
	ret = iou_loopdoc_add_stats(doc, loop, err);
	if (ret) {
		iou_doc_free(doc);
		return iou_report_error(err, format);
	}
	iou_dump_add(doc, loop, dump);
	if (trace)
		add_trace(doc, trace);
	add_run(doc, loop, run);
	ret = iou_report_doc(doc, format, iou_exit_of_run(run));
	iou_doc_free(doc);
	return ret;
}
