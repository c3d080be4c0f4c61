// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* iouctl run: make a ring, bind a loop to it, enter it, print what happened. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "commands.h"
#include "exit.h"
#include "loopargs.h"
#include "progress.h"
#include "report.h"
#include "rundoc.h"
#include "tracing.h"

#define PROGRESS_NS 200000000ULL
#define TRACE_NS 2000000ULL

struct args {
	struct iou_loop_args loop;
	struct iou_run_config run;
	bool trace;
	const char *trace_path;
	struct iou_dump_config dump;
};

enum { KEY_TIMEOUT = 0x100, KEY_TRACE, KEY_TRACE_FILE, KEY_GET, KEY_ALL };

static const struct argp_option options[] = {
	{"timeout", KEY_TIMEOUT, "DURATION", 0,
	 "Stop after this long (200ms, 5s), with exit code 124", 0},
	{"trace", KEY_TRACE, NULL, 0,
	 "Write each SQE submitted and each CQE reaped to standard error", 0},
	{"trace-file", KEY_TRACE_FILE, "PATH", 0, "Write them to this file", 0},
	{"get", KEY_GET, "VAR", 0,
	 "Print this variable of the object, or field of one (VAR.FIELD), and no others; may be "
	 "repeated",
	 0},
	{"all", KEY_ALL, NULL, 0, "Print all entries of large maps, and all of large variables", 0},
	{},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct args *args = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &args->loop;
		return 0;
	case KEY_TIMEOUT:
		return iou_args_duration(state, arg, "200ms", &args->run.timeout_ns);
	case KEY_TRACE_FILE:
		args->trace_path = arg;
		/* fallthrough */
	case KEY_TRACE:
		args->trace = args->loop.session.trace = true;
		return 0;
	case KEY_GET:
		return iou_args_get(state, &args->dump, arg);
	case KEY_ALL:
		args->dump.all = true;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.doc = "Make a ring, bind LOOP to it, enter it once, and print statistics.\v"
	       "LOOP is the name of a loop (see 'iouctl list') or the path of an object file. "
	       "NAME=VALUE, or --NAME VALUE, sets a parameter of the loop.",
	.children = iou_ring_args_children,
};

/* A run that ended badly says so on standard error as well: its statistics may go to a file. */
static void say_why(const struct iou_loop *loop, const struct iou_run *run,
		    const struct iou_run_config *config)
{
	const char *name = iou_loop_name(loop);
	char text[4 * sizeof(run->stop_text)], duration[32];

	switch (run->stop) {
	case IOU_STOP_FAILED:
		iou_text_escape(text, sizeof(text), run->stop_text);
		fprintf(stderr, "iouctl: '%s' failed: %s%s%s\n", name, text, text[0] ? ": " : "",
			run->stop_errno ? strerror(run->stop_errno) : "it does not say why");
		break;
	case IOU_STOP_TIMED_OUT:
		iou_text_duration(duration, sizeof(duration), (double)config->timeout_ns);
		fprintf(stderr, "iouctl: '%s' did not finish in %s\n", name, duration);
		break;
	case IOU_STOP_EJECTED:
		fprintf(stderr, "iouctl: '%s' was taken off the ring while it ran\n", name);
		break;
	case IOU_STOP_BAD_RETURN:
		fprintf(stderr,
			"iouctl: a step of '%s' returned neither IOU_LOOP_CONTINUE nor "
			"IOU_LOOP_STOP\n",
			name);
		break;
	case IOU_STOP_INTERRUPTED:
		if (!run->signal)
			fprintf(stderr, "iouctl: '%s' says it was interrupted, but nobody asked\n",
				name);
		break;
	default:
		break;
	}
}

/* A policy does what its program's calls say: on a ring of our own nobody calls. */
static int check_kind(const struct iou_loop *loop, struct iou_err *err)
{
	const struct iou_decl *self = iou_loop_self(loop);

	if (!self || !self->policy)
		return 0;
	iou_err_set(err, IOU_CAUSE_USAGE, "usage", 0,
		    "'%s' is for the rings of other programs: it does nothing on one of its own",
		    iou_loop_name(loop));
	iou_err_hint(err, "'iouctl attach %s' binds it", iou_loop_name(loop));
	return -EINVAL;
}

/* ---- The run ---- */

/* What is to be done beside a run, now and then. */
struct beside {
	struct iou_progress_line progress;
	struct iou_tracing tracing;
	bool has_progress;
	uint64_t progress_at;
};

static void tick(void *data, uint64_t elapsed_ns)
{
	struct beside *beside = data;

	if (beside->tracing.trace)
		iou_trace_consume(beside->tracing.trace);
	if (beside->has_progress && elapsed_ns >= beside->progress_at) {
		iou_progress_line_tick(&beside->progress, elapsed_ns);
		beside->progress_at = elapsed_ns + PROGRESS_NS;
	}
}

/* A trace on the terminal leaves no place for a line of progress. */
static void prepare_beside(struct beside *beside, struct args *args)
{
	bool to_stderr = args->trace && !args->trace_path;

	beside->has_progress = iou_progress_line_wanted() && !to_stderr;
	beside->tracing.path = args->trace_path;
	args->run.tick = tick;
	args->run.tick_data = beside;
	if (beside->has_progress)
		args->run.tick_ns = PROGRESS_NS;
	if (args->trace)
		args->run.tick_ns = TRACE_NS;
}

/* Everything from an open loop to its statistics. An exit code, or -1 with @err. */
static int run_loop(struct iou_session *session, struct iou_loop *loop, struct args *args,
		    struct beside *beside, int *signum, struct iou_err *err)
{
	struct iou_run run = {};
	int ret = iou_session_open(session, loop, &args->loop.session, err);

	prepare_beside(beside, args);
	if (!ret && args->trace)
		ret = iou_tracing_open(&beside->tracing, loop, err);
	if (ret)
		return -1;
	/* A loop that writes to standard output has that for itself: what it wrote is data. */
	if (session->resources.writes_stdout)
		dup2(STDERR_FILENO, STDOUT_FILENO);
	ret = iou_session_run(session, &args->run, &run, err);
	iou_progress_line_end(&beside->progress);
	if (!ret && args->trace)
		ret = iou_tracing_finish(&beside->tracing,
					 run.signal || run.stop == IOU_STOP_TIMED_OUT, err);
	if (ret)
		return -1;
	say_why(loop, &run, &args->run);
	*signum = run.signal;
	return iou_rundoc_print(session, &run, &args->dump, beside->tracing.trace,
				args->loop.common.format, err);
}

static int run(const struct iou_command *command, int argc, char **argv)
{
	struct args args = {};
	struct iou_err err = {};
	struct iou_image image = {};
	struct iou_loop *loop = NULL;
	struct iou_session session = IOU_SESSION_INIT;
	struct beside beside = {.tracing = IOU_TRACING_INIT};
	int ret = iou_loop_args_init(&args.loop, argc, argv, &err), code = -1, signum = 0;

	if (!ret)
		ret = iou_args_parse(command, argc, argv, &args.loop.common, &err);
	if (!ret)
		ret = iou_loop_args_open(command, &args.loop, &image, &loop, &err);
	if (!ret)
		ret = check_kind(loop, &err) ?: iou_dump_check(loop, &args.dump, &err);
	if (!ret) {
		beside.progress.loop = loop;
		code = run_loop(&session, loop, &args, &beside, &signum, &err);
	}
	if (ret > 0) {
		code = iou_report_flush(IOU_EXIT_OK);
	} else if (code < 0) {
		iou_loop_args_hint_at_vm(&args.loop, &err);
		code = iou_report_error(&err, args.loop.common.format);
	}
	iou_tracing_release(&beside.tracing);
	/* Link, object, ring, in this order. */
	iou_loop_free(loop);
	iou_session_release(&session);
	iou_image_release(&image);
	iou_loop_args_release(&args.loop);
	free(args.dump.get);
	if (signum)
		iou_exit_by_signal(signum);
	return code;
}

const struct iou_command iou_run_command = {
	.name = "run",
	.args = "LOOP [NAME=VALUE...]",
	.help = "Make a ring, bind a loop to it, enter it, print statistics",
	.argp = &argp,
	.takes_params = true,
	.run = run,
};
