// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The command line of iouctl bench. */
#include "benchargs.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/parse.h"
#include "base/text.h"

#define ROUNDS_MAX 100000

enum {
	KEY_ROUNDS = 0x100,
	KEY_DURATION,
	KEY_CPU,
	KEY_THREADS,
	KEY_LOOP,
	KEY_OPS,
	KEY_TIMEOUT,
	KEY_INSTRUCTIONS,
	KEY_COUNTED,
	KEY_CSV,
	KEY_SVG,
};

static const struct argp_option options[] = {
	{"rounds", KEY_ROUNDS, "N", 0,
	 "Rounds of each variant that count (default 11, or as many as --duration allows)", 0},
	{"duration", KEY_DURATION, "DURATION", 0,
	 "Begin no round after this long, but for the first six", 0},
	{"cpu", KEY_CPU, "LIST", 0,
	 "The processors to run on (2, or 0-3,8), a thread on each in turn", 0},
	{"threads", KEY_THREADS, "N", 0,
	 "Do the job so many times at once, each with a ring of its own", 0},
	{"loop", KEY_LOOP, "LOOP", 0,
	 "This loop in place of the job's own, with the NAME=VALUE that follow '--'", 0},
	{"ops", KEY_OPS, "NAME", 0, "Which loop of an object that has several", 0},
	{"timeout", KEY_TIMEOUT, "DURATION", 0, "Fail where a round of the loop takes longer", 0},
	{"instructions", KEY_INSTRUCTIONS, NULL, 0,
	 "Count instructions, in a micro-VM of its own, rather than time", 0},
	{"counted", KEY_COUNTED, NULL, 0,
	 "Clocks count instructions here, as in a micro-VM that does", 0},
	{"csv", KEY_CSV, NULL, 0, "Comma-separated values instead of text", 0},
	{"svg", KEY_SVG, "PATH", 0, "Draw a chart into this file, too", 0},
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

static error_t parse_cpus(struct argp_state *state, struct iou_bench_args *args, const char *arg)
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

static int set_param(struct iou_bench_args *args, const char *word, struct iou_err *err)
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

static int choose_job(struct iou_bench_args *args, const char *name, struct iou_err *err)
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

static error_t parse_argument(struct argp_state *state, struct iou_bench_args *args, char *arg)
{
	struct iou_err *err = iou_args_err(state);

	if (!args->job)
		return choose_job(args, arg, err) ? EINVAL : 0;
	return set_param(args, arg, err) ? EINVAL : 0;
}

static error_t conflict(struct argp_state *state, const char *one, const char *other)
{
	iou_err_set(iou_args_err(state), IOU_CAUSE_USAGE, "usage", 0, "%s does not go with %s", one,
		    other);
	return EINVAL;
}

/* Whether the job is to wait for a disk, past the page cache. */
static bool is_direct(const struct iou_bench_args *args)
{
	for (size_t i = 0; args->job && i < args->job->params_nr; i++)
		if (strcmp(args->job->params[i].name, "direct") == 0)
			return args->work.values[i].number;
	return false;
}

static error_t parse_end(struct argp_state *state, const struct iou_bench_args *args)
{
	struct iou_err *err = iou_args_err(state);

	if (args->csv && args->common.format != IOU_FORMAT_TEXT)
		return conflict(state, "'--csv'", "'--json'");
	if (args->instructions && args->config.cpus_nr)
		return conflict(state, "'--cpu'", "'--instructions', where there is one processor");
	if ((args->instructions || args->counted) && is_direct(args)) {
		iou_err_set(err, IOU_CAUSE_USAGE, "usage", 0, "direct=1 does not go with '%s'",
			    args->instructions ? "--instructions" : "--counted");
		iou_err_hint(err, "a disk that is waited for cannot be counted: time it instead");
		return EINVAL;
	}
	if (args->work.loop_params && !args->work.loop) {
		iou_err_set(err, IOU_CAUSE_USAGE, "usage", 0,
			    "what is behind '--' is for a loop of yours, and '--loop' names none");
		return EINVAL;
	}
	if (!args->job &&
	    (args->csv || args->svg || args->instructions || args->counted || args->work.loop ||
	     args->work.ops || args->work.timeout_ns || args->config.rounds ||
	     args->config.cpus_nr || args->config.duration_ns || args->config.threads)) {
		iou_err_set(err, IOU_CAUSE_USAGE, "usage", 0, "no JOB was given");
		iou_err_hint(err, "'iouctl bench' shows the ones that there are");
		return EINVAL;
	}
	return 0;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct iou_bench_args *args = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &args->common;
		return 0;
	case KEY_ROUNDS:
		return parse_u32(state, arg, ROUNDS_MAX, &args->config.rounds);
	case KEY_DURATION:
		return iou_args_duration(state, arg, "1m", &args->config.duration_ns);
	case KEY_CPU:
		return parse_cpus(state, args, arg);
	case KEY_THREADS:
		return parse_u32(state, arg, 1024, &args->config.threads);
	case KEY_LOOP:
		args->work.loop = arg;
		return 0;
	case KEY_OPS:
		args->work.ops = arg;
		return 0;
	case KEY_TIMEOUT:
		return iou_args_duration(state, arg, "1m", &args->work.timeout_ns);
	case KEY_INSTRUCTIONS:
		args->instructions = true;
		return 0;
	case KEY_COUNTED:
		args->counted = true;
		return 0;
	case KEY_CSV:
		args->csv = true;
		return 0;
	case KEY_SVG:
		args->svg = arg;
		return 0;
	case ARGP_KEY_ARG:
		return parse_argument(state, args, arg);
	case ARGP_KEY_END:
		return parse_end(state, args);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

const struct argp iou_bench_argp = {
	.options = options,
	.parser = parse,
	.doc = "Do the same job as a loop and as what one would use otherwise, and compare.\v"
	       "Without JOB, the jobs are listed. NAME=VALUE sets a parameter of the job; behind "
	       "'--', one of the loop that --loop names.",
	.children = iou_common_children,
};
