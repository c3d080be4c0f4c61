// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* iouctl stats: what loops that are bound to the rings of other programs count. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "commands.h"
#include "exit.h"
#include "log.h"
#include "report.h"
#include "statsdoc.h"

struct args {
	struct iou_which_args which;
	struct iou_dump_config dump;
	uint64_t interval_ns, duration_ns; /* 0: once; for ever */
	bool metrics;
};

enum { KEY_INTERVAL = 0x100, KEY_DURATION, KEY_FORMAT, KEY_GET, KEY_ENTRIES };

static const struct argp_option options[] = {
	{"interval", KEY_INTERVAL, "DURATION", 0,
	 "Again and again, each time this is over (1s), until the loop is off", 1},
	{"duration", KEY_DURATION, "DURATION", 0, "With --interval: no longer than this", 1},
	{"format", KEY_FORMAT, "text|json|openmetrics", 0,
	 "What is printed: text, JSON as by --json, or OpenMetrics, for a node exporter", 1},
	{"get", KEY_GET, "VAR", 0,
	 "Print this variable of the object, or field of one (VAR.FIELD), and no others; may be "
	 "repeated",
	 1},
	{"all-entries", KEY_ENTRIES, NULL, 0,
	 "Print all entries of large maps, and all of large variables", 1},
	{},
};

static error_t parse_format(struct argp_state *state, const char *arg, struct args *args)
{
	args->metrics = strcmp(arg, "openmetrics") == 0;
	if (strcmp(arg, "json") == 0)
		args->which.common.format = IOU_FORMAT_JSON;
	else if (!args->metrics && strcmp(arg, "text") != 0)
		return iou_args_usage(state, "text, json or openmetrics", arg);
	return 0;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct args *args = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &args->which;
		return 0;
	case KEY_INTERVAL:
		return iou_args_duration(state, arg, "10s", &args->interval_ns);
	case KEY_DURATION:
		return iou_args_duration(state, arg, "10s", &args->duration_ns);
	case KEY_FORMAT:
		return parse_format(state, arg, args);
	case KEY_GET:
		return iou_args_get(state, &args->dump, arg);
	case KEY_ENTRIES:
		args->dump.all = true;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.doc = "Show what loops that are bound to the rings of other programs count.\v"
	       "ID is what 'iouctl status' calls a loop, PIN the directory that it is pinned in.",
	.children = iou_which_args_children,
};

static int check(const struct args *args, struct iou_err *err)
{
	const char *what = NULL;

	if (args->duration_ns && !args->interval_ns)
		what = "--duration needs --interval";
	else if (args->metrics && args->which.common.format != IOU_FORMAT_TEXT)
		what = "OpenMetrics are no JSON: --json does not fit";
	else if (args->metrics && args->interval_ns)
		what = "OpenMetrics are written once: --interval does not fit";
	else if (args->metrics && (args->dump.get_nr || args->dump.all))
		what = "OpenMetrics have statistics only: --get and --all-entries do not fit";
	if (!what)
		return 0;
	iou_err_set(err, IOU_CAUSE_USAGE, "usage", 0, "%s", what);
	return -EINVAL;
}

/* ---- Printing ---- */

/* How many of them are not known to be off. */
static size_t count_on(const struct iou_stats_loops *loops)
{
	size_t nr = 0;

	for (size_t i = 0; i < loops->nr; i++)
		nr += !loops->list[i].has_bound || loops->list[i].bound;
	return nr;
}

static int print(const struct args *args, const struct iou_stats_loops *loops)
{
	enum iou_format format = args->which.common.format;
	int code = loops->failed;

	if (args->metrics)
		return iou_statsmetrics_print(loops) ?: code;
	for (size_t i = 0; i < loops->nr; i++) {
		int ret = iou_statsdoc_print(&loops->list[i], &args->dump, format);

		code = code ?: ret;
		if (i + 1 < loops->nr && format == IOU_FORMAT_TEXT)
			putchar('\n');
	}
	return code;
}

/* Once. *@on: how many are still bound, or may be; @again: that one is not there is no failure. */
static int once(const struct args *args, bool again, size_t *on)
{
	enum iou_format format = args->which.common.format;
	struct iou_stats_loops loops = {};
	struct iou_err err = {};
	int ret = iou_stats_find(&loops, &args->which, format, &err), code = IOU_EXIT_OK;

	*on = 0;
	if (ret && again && err.cause == IOU_CAUSE_USAGE && !loops.nr) {
		iou_err_release(&err);
	} else if (ret && !(again && err.cause == IOU_CAUSE_USAGE)) {
		code = iou_report_error(&err, format);
	} else {
		/* Of several that were named, some have gone. */
		iou_err_release(&err);
		*on = count_on(&loops);
		code = print(args, &loops);
		if (!loops.nr && !loops.failed && !again)
			iou_note("no loop is bound that iouctl attached");
	}
	iou_stats_loops_release(&loops);
	return code;
}

static void sleep_until(uint64_t at)
{
	const struct timespec ts = {(time_t)(at / 1000000000), (long)(at % 1000000000)};

	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL);
}

static int stats(const struct args *args)
{
	uint64_t start = iou_clock_now(), at = start, end, now;
	size_t on;
	int code = once(args, false, &on);

	if (!args->interval_ns)
		return code;
	if (!args->duration_ns || __builtin_add_overflow(start, args->duration_ns, &end))
		end = UINT64_MAX;
	while (!code && on) {
		now = iou_clock_now();
		/* What was missed is not made up for. */
		at += args->interval_ns;
		if (at < now)
			at = now;
		if (at >= end) {
			sleep_until(end);
			return code;
		}
		sleep_until(at);
		if (args->which.common.format == IOU_FORMAT_TEXT)
			putchar('\n');
		code = once(args, true, &on);
	}
	if (!code)
		iou_note("no loop is left that is bound");
	return code;
}

static int run(const struct iou_command *command, int argc, char **argv)
{
	struct args args = {};
	struct iou_err err = {};
	int ret = iou_which_args_init(&args.which, argc, argv, &err), code;

	if (!ret)
		ret = iou_args_parse(command, argc, argv, &args.which.common, &err);
	if (!ret)
		ret = check(&args, &err) ?: iou_which_args_check(&args.which, false, &err);
	if (ret > 0)
		code = iou_report_flush(IOU_EXIT_OK);
	else if (ret)
		code = iou_report_error(&err, args.which.common.format);
	else
		code = stats(&args);
	iou_which_args_release(&args.which);
	free(args.dump.get);
	return code;
}

const struct iou_command iou_stats_command = {
	.name = "stats",
	.args = "[ID|PIN...]",
	.help = "Show what loops that are bound to other programs' rings count",
	.argp = &argp,
	.run = run,
};
