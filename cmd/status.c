// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* iouctl status: the loops that are bound, and all rings. */
#include <errno.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/parse.h"
#include "commands.h"
#include "exit.h"
#include "report.h"
#include "statusdoc.h"
#include "survey/survey.h"

#define WATCH_NS UINT64_C(2000000000)

struct args {
	struct iou_common common;
	struct iou_status_want want;
	uint64_t watch_ns; /* 0: once */
};

enum { KEY_PID = 0x100, KEY_LOOPS, KEY_RINGS, KEY_WATCH };

static const struct argp_option options[] = {
	{"pid", KEY_PID, "PID", 0, "Only the rings of this process, and the loops at them", 0},
	{"loops", KEY_LOOPS, NULL, 0, "Only loops", 0},
	{"rings", KEY_RINGS, NULL, 0, "Only rings", 0},
	{"watch", KEY_WATCH, "DURATION", OPTION_ARG_OPTIONAL,
	 "Again and again, until interrupted, so long apart (2s)", 0},
	{},
};

static error_t parse_pid(struct args *args, char *arg, struct argp_state *state)
{
	uint64_t pid;

	if (iou_parse_u64(arg, &pid) || pid == 0 || pid > INT32_MAX)
		return iou_args_usage(state, "the number of a process", arg);
	args->want.pid = (int32_t)pid;
	return 0;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct args *args = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &args->common;
		return 0;
	case KEY_PID:
		return parse_pid(args, arg, state);
	case KEY_LOOPS:
		args->want.loops = true;
		return 0;
	case KEY_RINGS:
		args->want.rings = true;
		return 0;
	case KEY_WATCH:
		args->watch_ns = WATCH_NS;
		if (arg && (iou_parse_duration(arg, &args->watch_ns) || !args->watch_ns))
			return iou_args_usage(state, "a duration", arg);
		return 0;
	case ARGP_KEY_ARG:
		return iou_args_usage(state, "an option: 'iouctl status' takes no arguments", arg);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.doc = "Show the loops that are bound to rings, and all rings, as far as this user may see "
	       "them.",
	.children = iou_common_children,
};

static int print(const struct args *args)
{
	/* All processes are looked at for --pid, too: others may hold what is at its rings. */
	struct iou_survey_want want = {.loops = true};
	enum iou_format format = args->common.format;
	struct iou_survey survey = {};
	struct iou_err err = {};
	struct iou_doc *doc;
	int ret;

	if (iou_survey(&survey, &want, &err))
		return iou_report_error(&err, format);
	doc = iou_statusdoc_new(&survey, &args->want);
	ret = iou_report_doc(doc, format, IOU_EXIT_OK);
	iou_doc_free(doc);
	iou_survey_release(&survey);
	return ret;
}

/* A terminal shows the last of them, any other output one after the other. */
static int watch(const struct args *args)
{
	struct timespec pause = {
		.tv_sec = (time_t)(args->watch_ns / 1000000000),
		.tv_nsec = (long)(args->watch_ns % 1000000000),
	};
	bool text = args->common.format == IOU_FORMAT_TEXT, screen = text && isatty(STDOUT_FILENO);
	int ret;

	for (bool first = true;; first = false) {
		if (screen)
			fputs("\033[H\033[J", stdout);
		else if (text && !first)
			putchar('\n');
		ret = print(args);
		if (ret)
			return ret;
		clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL);
	}
}

static int run(const struct iou_command *command, int argc, char **argv)
{
	struct args args = {.common.format = iou_args_format(argc, argv)};
	struct iou_err err = {};
	int ret = iou_args_parse(command, argc, argv, &args.common, &err);

	if (ret > 0)
		return iou_report_flush(IOU_EXIT_OK);
	if (ret)
		return iou_report_error(&err, args.common.format);
	if (!args.want.loops && !args.want.rings)
		args.want.loops = args.want.rings = true;
	return args.watch_ns ? watch(&args) : print(&args);
}

const struct iou_command iou_status_command = {
	.name = "status",
	.help = "Show the loops that are bound, and all rings",
	.argp = &argp,
	.run = run,
};
