// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <inttypes.h>
#include <iouctl/arith.h>
#include <stdio.h>
#include <string.h>

#include "exit.h"
#include "log.h"
#include "report.h"
#include "statsdoc.h"
#include "stats/stats.h"

/*
 * Buckets that are always there, whatever falls into them, so that two scrapes can be compared:
 * 2^n - 1 each, up to a quarter of an hour of nanoseconds. What is measured in these begins later.
 */
#define BUCKETS_FROM 0
#define BUCKETS_FROM_NS 7
#define BUCKETS_TO 40

static size_t make_buckets(struct iou_metric_bucket buckets[BUCKETS_TO + 1],
			   const struct iou_stat *stat)
{
	const struct iou_stat_histogram *h = stat->histogram;
	bool ns = strcmp(stat->decl->unit, "ns") == 0;
	uint64_t count = 0;
	uint32_t at = 0;
	size_t nr = 0;

	for (unsigned int bits = ns ? BUCKETS_FROM_NS : BUCKETS_FROM; bits <= BUCKETS_TO; bits++) {
		uint64_t to = (UINT64_C(1) << bits) - 1;

		while (at < IOU_HISTOGRAM_BUCKETS && iou_histogram_to(at) <= to)
			count += h->buckets[at++];
		buckets[nr++] = (struct iou_metric_bucket){to, count};
	}
	return nr;
}

/* "requests" and "the kernel took" are one sentence in two; what is measured says so itself. */
static void make_help(char *help, size_t size, const struct iou_decl *decl)
{
	bool counted = decl->unit[0] && strcmp(decl->unit, "ns") != 0 &&
		       strcmp(decl->unit, "bytes") != 0;

	snprintf(help, size, "%s%s%s", counted ? decl->unit : "",
		 counted && decl->help[0] ? " " : "", decl->help);
}

static bool add_stat(struct iou_metrics *metrics, const struct iou_stat *stat, const char *scope)
{
	struct iou_metric_bucket buckets[BUCKETS_TO + 1];
	char help[1024];
	struct iou_metric metric = {
		.type = IOU_METRIC_GAUGE,
		.name = stat->decl->name,
		.unit = stat->decl->unit,
		.help = help,
		.scope = scope,
	};

	make_help(help, sizeof(help), stat->decl);
	switch (stat->decl->kind) {
	case IOU_KIND_HISTOGRAM:
		metric.type = IOU_METRIC_HISTOGRAM;
		return iou_metrics_add_histogram(metrics, &metric, buckets,
						 make_buckets(buckets, stat),
						 stat->histogram->count, stat->histogram->sum);
	case IOU_KIND_TEXT:
		return iou_metrics_add_text(metrics, &metric, stat->text);
	case IOU_KIND_COUNTER:
		metric.type = IOU_METRIC_COUNTER;
		return iou_metrics_add(metrics, &metric, stat->value);
	default:
		return iou_metrics_add(metrics, &metric, stat->value);
	}
}

static void label_number(struct iou_metrics *metrics, const char *name, int64_t value)
{
	char text[32];

	snprintf(text, sizeof(text), "%" PRId64, value);
	if (value >= 0)
		iou_metrics_label(metrics, name, text);
}

/* What there is of every loop, before what each declares: these names are always the same. */
static void add_common(struct iou_metrics *metrics, const struct iou_stats_loop *loop)
{
	const struct iou_metric bound = {IOU_METRIC_GAUGE, "loop_bound", "",
					 "1 while the loop is bound to a ring", "loop"};
	const struct iou_metric steps = {IOU_METRIC_COUNTER, "loop_steps", "",
					 "steps of the loop, while the kernel counted them",
					 "loop"};
	const struct iou_metric run = {IOU_METRIC_COUNTER, "loop_run", "ns", "time in these steps",
				       "loop"};
	const struct iou_survey_loop *seen = loop->seen;

	if (loop->has_bound)
		iou_metrics_add(metrics, &bound, loop->bound);
	if (!seen || !seen->has_runs)
		return;
	iou_metrics_add(metrics, &steps, seen->runs);
	iou_metrics_add(metrics, &run, seen->run_ns);
}

static void label(struct iou_metrics *metrics, const struct iou_stats_loop *loop)
{
	const struct iou_meta *meta = loop->reached.loop ? &loop->reached.meta : NULL;
	const struct iou_survey_at *at = loop->ring && loop->ring->at.nr ? &loop->ring->at.list[0]
									 : NULL;

	iou_metrics_unlabel(metrics);
	iou_metrics_label(metrics, "loop", meta ? meta->loop : loop->seen->map_name);
	label_number(metrics, "pid", meta && meta->pid > 0 ? meta->pid : at ? at->pid : -1);
	label_number(metrics, "ring_fd",
		     meta && meta->ring_fd >= 0 ? meta->ring_fd
		     : at                       ? at->fd
						: -1);
	label_number(metrics, "id", loop->id ? (int64_t)loop->id : -1);
}

static int add_stats(struct iou_metrics *metrics, const struct iou_loop *loop, struct iou_err *err)
{
	struct iou_stats stats;
	int ret = iou_stats_read(loop, &stats);

	if (ret)
		return iou_err_set(err, IOU_CAUSE_FAILED, "stats", -ret,
				   "cannot read the statistics of '%s'", iou_loop_name(loop));
	for (size_t i = 0; i < stats.nr; i++)
		if (!add_stat(metrics, &stats.list[i], iou_loop_name(loop)))
			iou_note("'%s' of '%s' is left out: another metric has its name",
				 stats.list[i].decl->name, iou_loop_name(loop));
	iou_stats_release(&stats);
	return 0;
}

int iou_statsmetrics_print(const struct iou_stats_loops *loops)
{
	struct iou_metrics *metrics = iou_metrics_new("iouctl");
	struct iou_err err = {};
	int code = IOU_EXIT_OK;

	for (size_t i = 0; i < loops->nr; i++) {
		label(metrics, &loops->list[i]);
		add_common(metrics, &loops->list[i]);
	}
	for (size_t i = 0; i < loops->nr; i++) {
		if (!loops->list[i].reached.loop)
			continue;
		label(metrics, &loops->list[i]);
		if (add_stats(metrics, loops->list[i].reached.loop, &err)) {
			code = code ?: iou_report_error(&err, IOU_FORMAT_TEXT);
			err = (struct iou_err){};
		}
	}
	if (iou_metrics_write(stdout, metrics) == -ENOMEM) {
		fputs("iouctl: cannot print the result: Cannot allocate memory\n", stderr);
		code = IOU_EXIT_FAILED;
	}
	iou_metrics_free(metrics);
	return iou_report_flush(code);
}
