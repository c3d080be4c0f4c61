// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* iouctl bench: the same job as a loop and as what one would use otherwise, side by side. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "benchargs.h"
#include "benchdoc.h"
#include "benchsvg.h"
#include "commands.h"
#include "exit.h"
#include "log.h"
#include "report.h"

#define ROUNDS 11
#define ROUNDS_COUNTED 6          /* they hardly differ */
#define ROUNDS_FOR_DURATION 10000 /* a duration was given, and no number */

/* Of a bar: less says nothing, more says no more. */
#define BAR_MIN 10
#define BAR_MAX 40

/* ---- What it does ---- */

/* The directory of @path, for the guest to write in; to be freed. NULL for what is no file. */
static char *directory_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	IOU_FREE char *directory = NULL;
	struct stat st;

	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode))
		return NULL;
	directory = !slash ? strdup(".") : strndup(path, (size_t)(slash - path) + 1);
	return directory ? realpath(directory, NULL) : NULL;
}

/* The same command line in a micro-VM whose clock counts instructions. */
static int count(const struct iou_bench_args *args, int argc, char **given, struct iou_err *err)
{
	IOU_FREE char *directory = args->svg ? directory_of(args->svg) : NULL;
	const char *const before[] = {"iouctl", "vm",      "--accel", "count",
				      "-q",     "--share", directory};
	const char *const behind[] = {"--", "bench", "--counted"};
	size_t before_nr = ARRAY_SIZE(before) - (directory ? 0 : 2);
	IOU_FREE const char **words = calloc((size_t)argc + before_nr + ARRAY_SIZE(behind) + 1,
					     sizeof(*words));
	size_t nr = 0;

	if (!words)
		return iou_err_set(err, IOU_CAUSE_FAILED, "bench", ENOMEM,
				   "cannot start a micro-VM");
	for (size_t i = 0; i < before_nr; i++)
		words[nr++] = before[i];
	for (size_t i = 0; i < ARRAY_SIZE(behind); i++)
		words[nr++] = behind[i];
	for (int i = 1; i < argc; i++)
		if (strcmp(given[i], "--instructions") != 0)
			words[nr++] = given[i];
	execv("/proc/self/exe", (char *const *)words);
	return iou_err_set(err, IOU_CAUSE_FAILED, "bench", errno, "cannot start a micro-VM");
}

/* What takes long shall not fail at its end for what could be seen before. */
static int check_svg(const char *path, struct iou_err *err)
{
	IOU_FREE char *directory = NULL;
	enum iou_cause cause;
	struct stat st;
	int ret = 0;

	if (!*path) {
		ret = ENOENT;
	} else if (stat(path, &st) == 0 && !S_ISREG(st.st_mode)) {
		ret = S_ISDIR(st.st_mode) ? EISDIR : 0;
	} else {
		directory = directory_of(path);
		ret = !directory || access(directory, W_OK) ? errno : 0;
	}
	cause = ret == EACCES || ret == EROFS ? IOU_CAUSE_PERMISSION : IOU_CAUSE_USAGE;
	return ret ? iou_err_set(err, cause, "output", ret, "cannot write '%s'", path) : 0;
}

/* ---- How far it is ---- */

static void show_progress(void *data, uint32_t round, uint32_t rounds, const char *variant)
{
	bool *shown = data;

	if (rounds <= ROUNDS_FOR_DURATION)
		fprintf(stderr, "\rround %u of %u: %s\033[K", round + 1, rounds, variant);
	else
		fprintf(stderr, "\rround %u: %s\033[K", round + 1, variant);
	*shown = true;
}

static void end_progress(const bool *shown)
{
	if (*shown)
		fputs("\r\033[K", stderr);
}

/* ---- The result ---- */

/* How long bars may be beside the table, or 0: on a terminal only. */
static size_t bar_width(const struct iou_benchdoc *what)
{
	IOU_FREE char *text = NULL;
	struct winsize window;
	struct iou_doc *doc;
	size_t size, width;
	FILE *out;

	if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &window))
		return 0;
	out = open_memstream(&text, &size);
	if (!out)
		return 0;
	doc = iou_benchdoc(what);
	iou_render_text(out, doc);
	iou_doc_free(doc);
	fclose(out);
	width = text ? iou_benchdoc_table_width(text) : 0;
	if (!width || width + 2 + BAR_MIN > window.ws_col)
		return 0;
	width = window.ws_col - width - 2;
	return width < BAR_MAX ? width : BAR_MAX;
}

static int print(const struct iou_bench_args *args, struct iou_benchdoc *what)
{
	struct iou_doc *doc;
	int code;

	if (args->csv) {
		iou_benchdoc_csv(what);
		return iou_report_flush(IOU_EXIT_OK);
	}
	if (args->common.format == IOU_FORMAT_TEXT)
		what->bar_width = bar_width(what);
	doc = iou_benchdoc(what);
	code = iou_report_doc(doc, args->common.format, IOU_EXIT_OK);
	iou_doc_free(doc);
	return code;
}

static int failed(const struct iou_bench_args *args, struct iou_err *err)
{
	if (err->cause == IOU_CAUSE_UNSUPPORTED)
		iou_err_hint(err, "with --instructions, or behind 'iouctl vm --', it runs in a "
				  "micro-VM whose kernel has them");
	return iou_report_error(err, args->common.format);
}

static void choose_rounds(struct iou_bench_args *args)
{
	if (args->config.rounds)
		return;
	args->config.rounds = args->config.duration_ns ? ROUNDS_FOR_DURATION
			      : args->counted          ? ROUNDS_COUNTED
						       : ROUNDS;
}

static int bench(struct iou_bench_args *args, struct iou_err *err)
{
	struct iou_bench_results results = {};
	struct iou_benchdoc what = {
		.job = args->job,
		.work = &args->work,
		.config = &args->config,
		.results = &results,
		.counted = args->counted,
	};
	int ret, code, signal = 0;
	bool shown = false;

	choose_rounds(args);
	args->config.signal = &signal;
	if (iou_log_level >= IOU_LOG_NORMAL && isatty(STDERR_FILENO)) {
		args->config.progress = show_progress;
		args->config.progress_data = &shown;
	}
	ret = iou_bench_check_cpus(&args->config, err);
	if (!ret && args->svg)
		ret = check_svg(args->svg, err);
	if (!ret)
		ret = iou_bench_run(&results, args->job, &args->work, &args->config, err);
	end_progress(&shown);
	if (signal)
		return iou_exit_by_signal(signal);
	if (ret)
		return failed(args, err);
	ret = args->svg ? iou_benchsvg_write(&what, args->svg, err) : 0;
	code = ret ? iou_report_error(err, args->common.format) : print(args, &what);
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
static void split(struct iou_bench_args *args, int *argc, char **argv)
{
	for (int i = 1; i < *argc; i++)
		if (strcmp(argv[i], "--") == 0) {
			args->work.loop_params = &argv[i + 1];
			*argc = i;
		}
}

static int run(const struct iou_command *command, int argc, char **argv)
{
	struct iou_bench_args args = {.config = {.warmup = 1}};
	IOU_FREE char **given = calloc((size_t)argc + 1, sizeof(*given));
	struct iou_err err = {};
	int all = argc, ret;

	args.common.format = iou_args_format(argc, argv);
	if (!given)
		return IOU_EXIT_FAILED;
	memcpy(given, argv, (size_t)argc * sizeof(*argv));
	split(&args, &argc, argv);
	ret = iou_args_parse(command, argc, argv, &args.common, &err);
	if (ret > 0) {
		ret = iou_report_flush(IOU_EXIT_OK);
	} else if (ret) {
		ret = iou_report_error(&err, args.common.format);
	} else if (!args.job) {
		ret = list_jobs(args.common.format);
	} else if (args.instructions) {
		if (!args.svg || !check_svg(args.svg, &err))
			count(&args, all, given, &err);
		ret = iou_report_error(&err, args.common.format);
	} else {
		if (!args.config.threads)
			args.config.threads = 1;
		ret = bench(&args, &err);
	}
	free(args.cpus);
	return ret;
}

const struct iou_command iou_bench_command = {
	.name = "bench",
	.args = "[JOB] [NAME=VALUE...] [-- NAME=VALUE...]",
	.help = "Compare loops with what one would use otherwise",
	.argp = &iou_bench_argp,
	.run = run,
};
