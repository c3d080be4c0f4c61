// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* An exposition in which is all that metrics may come to: for parsers that others wrote. */
#include <inttypes.h>
#include <stdio.h>

#include "render/metrics.h"

static void labels(struct iou_metrics *metrics, const char *loop, const char *id)
{
	iou_metrics_unlabel(metrics);
	iou_metrics_label(metrics, "loop", loop);
	iou_metrics_label(metrics, "id", id);
}

static void add_latency(struct iou_metrics *metrics, const char *unit, uint64_t count)
{
	const struct iou_metric latency = {IOU_METRIC_HISTOGRAM, "latency", unit, "of reads", "l"};
	const struct iou_metric_bucket buckets[] = {
		{127, 0},
		{1023, 2},
		{2097151, 5},
		{1099511627775, count},
	};

	if (!iou_metrics_add_histogram(metrics, &latency, buckets, 4, count + 1, UINT64_MAX))
		puts("latency was left out");
}

int main(void)
{
	struct iou_metrics *metrics = iou_metrics_new("t");
	bool failed;
	const struct iou_metric calls = {IOU_METRIC_COUNTER, "calls", "calls",
					 "of \"it\"\\\nand\tmore", "one"},
				calls_too = {IOU_METRIC_GAUGE, "calls", "", "other", "two"},
				/* Its samples would be those of a histogram. */
		count = {IOU_METRIC_COUNTER, "latency-seconds-count", "", "", "one"},
				copied = {IOU_METRIC_COUNTER, "copied", "bytes", NULL, "one"},
				total = {IOU_METRIC_COUNTER, "in-total", "requests", "all", "one"},
				bytes = {IOU_METRIC_GAUGE, "buffer-bytes", "bytes", "size", "one"},
				odd = {IOU_METRIC_GAUGE, "9\xc3\xa4 b", "", "odd", "one"},
				text = {IOU_METRIC_GAUGE, "state", "", "in words", "one"},
				in_info = {IOU_METRIC_GAUGE, "state-info", "", "no words", "one"},
				unscoped = {IOU_METRIC_GAUGE, "state-info", "x", "no words", NULL};

	labels(metrics, "a \"b\" \\ c\nd\x1b[1m\xff\xe2\x82\xac{},=", "1");
	iou_metrics_add(metrics, &calls, UINT64_MAX);
	add_latency(metrics, "ns", 7);
	iou_metrics_add(metrics, &count, 3);
	iou_metrics_add(metrics, &copied, 4096);
	iou_metrics_add(metrics, &total, 5);
	iou_metrics_add(metrics, &bytes, 512);
	iou_metrics_add(metrics, &odd, 1);
	iou_metrics_add_text(metrics, &text, "it is \"so\"\\\nor not");
	iou_metrics_add(metrics, &in_info, 9);
	if (iou_metrics_add(metrics, &unscoped, 9))
		puts("it should be left out");
	labels(metrics, "other", "2");
	iou_metrics_add(metrics, &calls, 6);
	iou_metrics_add(metrics, &calls_too, 7);
	iou_metrics_add_text(metrics, &text, "");
	add_latency(metrics, "ns", 8);
	add_latency(metrics, "requests", 9);
	iou_metrics_unlabel(metrics);
	iou_metrics_add(metrics, &copied, 0);
	failed = iou_metrics_write(stdout, metrics) || fflush(stdout);
	iou_metrics_free(metrics);
	return failed;
}
