// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "rundoc.h"

#include <errno.h>
#include <inttypes.h>
#include <iouctl/arith.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "exit.h"
#include "paramtext.h"
#include "report.h"
#include "stats/stats.h"

static void add_ring(struct iou_doc *doc, const struct io_uring_params *p)
{
	struct iou_doc *ring = iou_doc_object(doc, "ring"), *flags, *line;
	char text[512] = "";
	size_t at = 0;

	iou_doc_u64(ring, "sq_entries", NULL, p->sq_entries);
	iou_doc_u64(ring, "cq_entries", NULL, p->cq_entries);
	flags = iou_doc_array(ring, "flags");
	for (unsigned int bit = 0; bit < 32; bit++) {
		const char *name = iou_ring_flag_name(bit);

		/* A size that was asked for is in the sizes. */
		if (!(p->flags & (1U << bit)) || !name || (1U << bit) == IORING_SETUP_CQSIZE)
			continue;
		iou_doc_string(flags, NULL, NULL, name);
		at += (size_t)snprintf(text + at, sizeof(text) - at, " %s", name);
	}
	line = iou_doc_null(ring, NULL, "ring");
	iou_doc_text(line, "SQ %u, CQ %u;%s", p->sq_entries, p->cq_entries, text);
}

static void add_params(struct iou_doc *doc, const struct iou_loop *loop)
{
	const struct iou_decls *decls = iou_loop_decls(loop);
	struct iou_doc *params = iou_doc_object(doc, "params");

	for (size_t i = 0; i < decls->nr; i++)
		if (decls->list[i].what == IOU_DECL_PARAM)
			iou_param_add_value(params, decls->list[i].name, NULL, loop,
					    &decls->list[i]);
}

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

/* Nanoseconds and bytes are for people to read in their own units. */
static const char *with_unit(char *text, size_t size, uint64_t value, const char *unit)
{
	char number[32];

	if (strcmp(unit, "ns") == 0)
		return iou_text_duration(text, size, (double)value);
	if (strcmp(unit, "bytes") == 0)
		return iou_text_size(text, size, value);
	snprintf(text, size, "%s", iou_text_count(number, sizeof(number), value));
	return text;
}

static void add_histogram(struct iou_doc *in, const struct iou_stat *stat)
{
	static const struct {
		const char *key;
		double share;
	} points[] = {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p99_9", 0.999}};
	const struct iou_stat_histogram *h = stat->histogram;
	const char *name = stat->decl->name, *unit = stat->decl->unit;
	struct iou_doc *object = iou_doc_object(in, name), *buckets, *line;
	char min[32], p50[32], p99[32], max[32], count[32];

	iou_doc_u64(object, "count", NULL, h->count);
	iou_doc_u64(object, "sum", NULL, h->sum);
	iou_doc_u64(object, "min", NULL, h->min);
	iou_doc_u64(object, "max", NULL, h->max);
	for (size_t i = 0; i < ARRAY_SIZE(points); i++)
		iou_doc_u64(object, points[i].key, NULL, iou_stat_percentile(h, points[i].share));
	buckets = iou_doc_array(object, "buckets");
	for (uint32_t i = 0; i < IOU_HISTOGRAM_BUCKETS; i++) {
		struct iou_doc *bucket = h->buckets[i] ? iou_doc_object(buckets, NULL) : NULL;

		iou_doc_u64(bucket, "from", NULL, iou_histogram_from(i));
		iou_doc_u64(bucket, "to", NULL, iou_histogram_to(i));
		iou_doc_u64(bucket, "count", NULL, h->buckets[i]);
	}
	line = iou_doc_null(object, NULL, name);
	if (!h->count)
		iou_doc_text(line, "none");
	else
		iou_doc_text(line, "%s; min %s, median %s, 99%% %s, max %s",
			     iou_text_count(count, sizeof(count), h->count),
			     with_unit(min, sizeof(min), h->min, unit),
			     with_unit(p50, sizeof(p50), iou_stat_percentile(h, 0.5), unit),
			     with_unit(p99, sizeof(p99), iou_stat_percentile(h, 0.99), unit),
			     with_unit(max, sizeof(max), h->max, unit));
}

static int add_stats(struct iou_doc *doc, const struct iou_loop *loop)
{
	struct iou_doc *in = iou_doc_object(doc, "stats"), *field;
	struct iou_stats stats;
	char text[32];
	int ret = iou_stats_read(loop, &stats);

	if (ret)
		return ret;
	for (size_t i = 0; i < stats.nr; i++) {
		const struct iou_decl *decl = stats.list[i].decl;

		if (stats.list[i].histogram) {
			add_histogram(in, &stats.list[i]);
			continue;
		}
		if (stats.list[i].text) {
			iou_doc_string(in, decl->name, decl->name, stats.list[i].text);
			continue;
		}
		field = iou_doc_u64(in, decl->name, decl->name, stats.list[i].value);
		iou_doc_text(field, "%s%s%s",
			     iou_text_count(text, sizeof(text), stats.list[i].value),
			     decl->unit[0] ? " " : "", decl->unit);
	}
	iou_stats_release(&stats);
	return 0;
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
	struct iou_doc *doc = iou_doc_new("iouctl.run/1"), *in, *line;
	struct utsname uts;
	int ret;

	in = iou_doc_object(doc, "loop");
	line = iou_doc_string(in, "name", "loop", iou_loop_name(loop));
	iou_doc_text(line, "%s (%s)", iou_loop_name(loop), iou_loop_source(loop));
	iou_doc_string(in, "source", NULL, iou_loop_source(loop));
	uname(&uts);
	iou_doc_string(doc, "kernel", "kernel", uts.release);
	add_ring(doc, &session->ring.params);
	add_params(doc, loop);
	ret = add_stats(doc, loop);
	if (ret) {
		iou_doc_free(doc);
		iou_err_set(err, IOU_CAUSE_FAILED, "run", -ret,
			    "cannot read the statistics of '%s'", iou_loop_name(loop));
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
