/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Metrics in the text format of OpenMetrics 1.0, in the part of it that collectors of the older
 * text format of Prometheus read as well: what is no number is a gauge NAME_info of the value 1.
 *
 * Names, helps and values of labels may come from strangers: what does not fit is made to. Building
 * never fails: what memory was short for is remembered, and said when it is written.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct iou_metrics;

enum iou_metric_type { IOU_METRIC_COUNTER, IOU_METRIC_GAUGE, IOU_METRIC_HISTOGRAM };

struct iou_metric {
	enum iou_metric_type type;
	const char *name;
	const char *unit;  /* "ns" is written in seconds; "" for none */
	const char *help;  /* or NULL */
	const char *scope; /* goes before the name where another kind of metric has that */
};

/* All names begin with @prefix and '_'. NULL when there is no memory: all below accept that. */
struct iou_metrics *iou_metrics_new(const char *prefix);
void iou_metrics_free(struct iou_metrics *metrics);

/* What the samples that follow are labelled with, until iou_metrics_unlabel(). */
void iou_metrics_label(struct iou_metrics *metrics, const char *name, const char *value);
void iou_metrics_unlabel(struct iou_metrics *metrics);

/*
 * A sample. Those of one metric go together, whatever comes between them. False: the name is taken
 * by other kinds of metrics, with the scope, too; it is left out.
 */
bool iou_metrics_add(struct iou_metrics *metrics, const struct iou_metric *metric, uint64_t value);

/* A text: NAME_info with a label "value". */
bool iou_metrics_add_text(struct iou_metrics *metrics, const struct iou_metric *metric,
			  const char *text);

/* How many of all values are @to at most; the buckets that follow have those, too. */
struct iou_metric_bucket {
	uint64_t to, count;
};

bool iou_metrics_add_histogram(struct iou_metrics *metrics, const struct iou_metric *metric,
			       const struct iou_metric_bucket *buckets, size_t nr, uint64_t count,
			       uint64_t sum);

/* 0, or -ENOMEM, or the error of the stream as far as stdio has met it (it is not flushed). */
int iou_metrics_write(FILE *out, const struct iou_metrics *metrics);
