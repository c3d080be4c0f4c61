// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* iouctl bench: the same job as a loop and as what one would use otherwise, side by side. */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/parse.h"
#include "base/text.h"
#include "bench/bench.h"
#include "benchdoc.h"
#include "commands.h"
#include "exit.h"
#include "log.h"
#include "report.h"

#define ROUNDS 11
#define ROUNDS_COUNTED 6 /* they hardly differ */

struct args {
	struct iou_common common;
	const struct iou_bench_job *job;
	struct iou_bench_work work;
	struct iou_bench_config config;
	int *cpus;
	bool csv, counted, instructions;
	char **given;
};

enum {
	KEY_ROUNDS = 0x100,
	KEY_DURATION,
	KEY_CPU,
	KEY_THREADS,
	KEY_LOOP,
	KEY_INSTRUCTIONS,
	KEY_COUNTED,
	KEY_CSV,
};

static const struct argp_option options[] = {
	{"rounds", KEY_ROUNDS, "N", 0, "Rounds of each variant that are counted (default 11)", 0},
	{"duration", KEY_DURATION, "DURATION", 0,
	 "Begin no round after this long, but for the first six (1m)", 0},
	{"cpu", KEY_CPU, "LIST", 0, "The processors to run on (2, 0-3,8): a thread each", 0},
	{"threads", KEY_THREADS, "N", 0, "So many at a time, each with a ring of its own", 0},
	{"loop", KEY_LOOP, "LOOP", 0,
	 "This loop in place of the job's own, with the NAME=VALUE that follow '--'", 0},
	{"instructions", KEY_INSTRUCTIONS, NULL, 0,
	 "Count instructions, in a micro-VM of its own, rather than time", 0},
	{"counted", KEY_COUNTED, NULL, OPTION_HIDDEN, "The clock counts instructions", 0},
	{"csv", KEY_CSV, NULL, 0, "Comma-separated values", 0},
	{},
};

/* ---- The command line ---- */

static error_t parse_u32(struct argp_state *state, const char *arg, uint32_t max, uint32_t *out)
{
	uint64_t value;
	char what[64];

	if (iou_parse_u64(arg, &value) || !value || value > max) {
		snprintf(what, sizeof(what), "a number from 1 to %u", max);
		return iou_args_usage(state, what, arg);
	}
	*out = (uint32_t)value;
	return 0;
}

static error_t parse_cpus(struct argp_state *state, struct args *args, const char *arg)
{
	static const char form[] = "a list of processors, such as 2 or 0-3,8";
	const char *at = arg;
	char *end;

	free(args->cpus);
	args->config.cpus_nr = 0;
	args->cpus = calloc(CPU_SETSIZE, sizeof(*args->cpus));
	args->config.cpus = args->cpus;
	if (!args->cpus)
		return ENOMEM;
	do {
		unsigned long first = strtoul(at, &end, 10), last = first;

		if (end != at && *end == '-') {
			at = end + 1;
			last = strtoul(at, &end, 10);
		}
		if (end == at || (*end && *end != ',') || last < first || last >= CPU_SETSIZE ||
		    args->config.cpus_nr + last - first >= CPU_SETSIZE)
			return iou_args_usage(state, form, arg);
		for (; first <= last; first++)
			args->cpus[args->config.cpus_nr++] = (int)first;
		at = end + 1;
	} while (*end);
	return 0;
}

static int set_value(const struct iou_bench_param *param, union iou_bench_value *value,
		     const char *text, struct iou_err *err)
{
	uint64_t number;
	int ret;

	if (!param->max) {
		value->text = text;
		return 0;
	}
	ret = param->is_size ? iou_parse_size(text, &number) : iou_parse_u64(text, &number);
	if (ret || number < param->min || number > param->max)
		return iou_err_set(err, IOU_CAUSE_USAGE, "usage", 0,
				   "'%s' is not %s from %llu to %llu, as '%s' has to be", text,
				   param->is_size ? "a size" : "a number",
				   (unsigned long long)param->min, (unsigned long long)param->max,
				   param->name);
	value->number = number;
	return 0;
}

static int set_param(struct args *args, const char *word, struct iou_err *err)
{
	const char *value = strchr(word, '=');
	size_t length = value ? (size_t)(value - word) : strlen(word);
	const struct iou_bench_job *job = args->job;
	char list[256] = "";
	size_t at = 0;

	for (size_t i = 0; i < job->params_nr; i++) {
		const char *name = job->params[i].name;

		if (value && strlen(name) == length && strncmp(name, word, length) == 0)
			return set_value(&job->params[i], &args->work.values[i], value + 1, err);
		if (at < sizeof(list))
			at += (size_t)snprintf(list + at, sizeof(list) - at, "%s%s", at ? ", " : "",
					       name);
	}
	iou_err_set(err, IOU_CAUSE_USAGE, "usage", 0, "the job '%s' has no parameter '%.*s'",
		    job->name, (int)length, word);
	iou_err_hint(err, "its parameters are: %s", list);
	return -EINVAL;
}

static int choose_job(struct args *args, const char *name, struct iou_err *err)
{
	const char *names[16] = {};
	const char *nearest;

	args->job = iou_bench_job_find(name);
	if (args->job) {
		for (size_t i = 0; i < args->job->params_nr; i++)
			if (args->job->params[i].max)
				args->work.values[i].number = args->job->params[i].def;
		return 0;
	}
	for (size_t i = 0; i < iou_bench_jobs_nr && i + 1 < ARRAY_SIZE(names); i++)
		names[i] = iou_bench_jobs[i]->name;
	nearest = iou_text_nearest(name, names);
	iou_err_set(err, IOU_CAUSE_USAGE, "usage", 0, "there is no job '%s'", name);
	if (nearest)
		iou_err_hint(err, "did you mean '%s'?", nearest);
	else
		iou_err_hint(err, "'iouctl bench' shows the ones that there are");
	return -EINVAL;
}

static error_t parse_argument(struct argp_state *state, struct args *args, char *arg)
{
	struct iou_err *err = iou_args_err(state);

	if (!args->job)
		return choose_job(args, arg, err) ? EINVAL : 0;
	return set_param(args, arg, err) ? EINVAL : 0;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct args *args = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &args->common;
		return 0;
	case KEY_ROUNDS:
		return parse_u32(state, arg, 100000, &args->config.rounds);
	case KEY_DURATION:
		if (iou_parse_duration(arg, &args->config.duration_ns) || !args->config.duration_ns)
			return iou_args_usage(state, "a duration above 0, such as 1m", arg);
		return 0;
	case KEY_CPU:
		return parse_cpus(state, args, arg);
	case KEY_THREADS:
		return parse_u32(state, arg, 1024, &args->config.threads);
	case KEY_LOOP:
		args->work.loop = arg;
		return 0;
	case KEY_INSTRUCTIONS:
		args->instructions = true;
		return 0;
	case KEY_COUNTED:
		args->counted = true;
		return 0;
	case KEY_CSV:
		args->csv = true;
		return 0;
	case ARGP_KEY_ARG:
		return parse_argument(state, args, arg);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.doc = "Do the same job as a loop and as what one would use otherwise, and compare.\v"
	       "Without JOB, the jobs are listed. NAME=VALUE sets a parameter of the job.",
	.children = iou_common_children,
};

/* ---- What it does ---- */

static bool is_option(const char *word, const char *name)
{
	return strcmp(word, name) == 0;
}

/* The same command line in a micro-VM whose clock counts instructions. */
static int count(const struct args *args, int argc, struct iou_err *err)
{
	static const char *const before[] = {"iouctl", "vm", "--accel", "count",
					     "-q",     "--", "bench",   "--counted"};
	IOU_FREE const char **words = calloc((size_t)argc + ARRAY_SIZE(before) + 1, sizeof(*words));
	size_t nr = 0;

	if (!words)
		return iou_err_set(err, IOU_CAUSE_FAILED, "bench", ENOMEM,
				   "cannot start a micro-VM");
	for (size_t i = 0; i < ARRAY_SIZE(before); i++)
		words[nr++] = before[i];
	for (int i = 1; i < argc; i++)
		if (!is_option(args->given[i], "--instructions"))
			words[nr++] = args->given[i];
	execv("/proc/self/exe", (char *const *)words);
	return iou_err_set(err, IOU_CAUSE_FAILED, "bench", errno, "cannot start a micro-VM");
}

static int bench(struct args *args, struct iou_err *err)
{
	struct iou_bench_results results = {};
	struct iou_benchdoc what = {
		.job = args->job,
		.work = &args->work,
		.config = &args->config,
		.results = &results,
		.counted = args->counted,
	};
	struct iou_doc *doc;
	int code, ret;

	if (!args->config.rounds)
		args->config.rounds = args->counted ? ROUNDS_COUNTED : ROUNDS;
	ret = iou_bench_run(&results, args->job, &args->work, &args->config, err);
	if (ret)
		return iou_report_error(err, args->common.format);
	if (args->csv) {
		iou_benchdoc_csv(&what);
		code = iou_report_flush(IOU_EXIT_OK);
	} else {
		doc = iou_benchdoc(&what);
		code = iou_report_doc(doc, args->common.format, IOU_EXIT_OK);
		iou_doc_free(doc);
	}
	iou_bench_results_release(&results);
	return code;
}

static int list_jobs(enum iou_format format)
{
	struct iou_doc *doc = iou_benchdoc_jobs();
	int code = iou_report_doc(doc, format, IOU_EXIT_OK);

	iou_doc_free(doc);
	return code;
}

/* What is behind "--" is for the loop. */
static void split(struct args *args, int *argc, char **argv)
{
	for (int i = 1; i < *argc; i++)
		if (strcmp(argv[i], "--") == 0) {
			args->work.loop_params = &argv[i + 1];
			*argc = i;
		}
}

static int run(const struct iou_command *command, int argc, char **argv)
{
	struct args args = {.config = {.warmup = 1, .threads = 1}};
	IOU_FREE char **given = calloc((size_t)argc + 1, sizeof(*given));
	struct iou_err err = {};
	int all = argc, ret;

	args.common.format = iou_args_format(argc, argv);
	if (!given)
		return IOU_EXIT_FAILED;
	memcpy(given, argv, (size_t)argc * sizeof(*argv));
	args.given = given;
	split(&args, &argc, argv);
	ret = iou_args_parse(command, argc, argv, &args.common, &err);
	if (ret > 0) {
		ret = iou_report_flush(IOU_EXIT_OK);
	} else if (ret) {
		ret = iou_report_error(&err, args.common.format);
	} else if (!args.job) {
		ret = list_jobs(args.common.format);
	} else if (args.instructions) {
		count(&args, all, &err);
		ret = iou_report_error(&err, args.common.format);
	} else {
		ret = bench(&args, &err);
	}
	free(args.cpus);
	return ret;
}

const struct iou_command iou_bench_command = {
	.name = "bench",
	.args = "[JOB] [NAME=VALUE...]",
	.help = "Compare loops with what one would use otherwise",
	.argp = &argp,
	.run = run,
};
