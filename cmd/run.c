// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* iouctl run: make a ring, bind a loop to it, enter it, print what happened. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/cleanup.h"
#include "base/parse.h"
#include "base/text.h"
#include "commands.h"
#include "exit.h"
#include "log.h"
#include "progress.h"
#include "report.h"
#include "session/session.h"
#include "stats/stats.h"

#define TICK_NS 200000000ULL

struct args {
	struct iou_common common;
	const char *loop, *ops;
	struct iou_session_config session;
	struct iou_run_config run;
	char **params; /* NAME=VALUE, of argv */
	size_t params_nr;
};

enum { KEY_ENTRIES = 0x100, KEY_CQ_ENTRIES, KEY_RING_FLAG, KEY_OPS, KEY_TIMEOUT };

static const struct argp_option options[] = {
	{"entries", KEY_ENTRIES, "N", 0, "SQ entries, 1 to 32768, rounded up to a power of two", 0},
	{"cq-entries", KEY_CQ_ENTRIES, "N", 0, "CQ entries, no fewer than the SQ's", 0},
	{"ring-flag", KEY_RING_FLAG, "[-]FLAG", 0,
	 "Set up the ring with this flag, or without it after '-' (sq-rewind, -no-sqarray); may be "
	 "repeated",
	 0},
	{"ops", KEY_OPS, "NAME", 0, "Which loop of an object that has several", 0},
	{"timeout", KEY_TIMEOUT, "DURATION", 0,
	 "Stop after this long (200ms, 5s), with exit code 124", 0},
	{},
};

static error_t parse_entries(struct argp_state *state, const char *arg, uint32_t *entries)
{
	uint64_t value;

	if (iou_parse_u64(arg, &value) || value < 1 || value > 65536)
		return iou_args_usage(
			state, "a number of ring entries (1 to 32768, 65536 for the CQ)", arg);
	*entries = (uint32_t)value;
	return 0;
}

/* Those that a loop forbids, that need what `run` does not give, or that it sets by itself. */
#define FLAGS_REFUSED                                                                            \
	(IORING_SETUP_IOPOLL | IORING_SETUP_SQPOLL | IORING_SETUP_SQ_AFF | IORING_SETUP_CQSIZE | \
	 IORING_SETUP_CLAMP | IORING_SETUP_ATTACH_WQ | IORING_SETUP_R_DISABLED |                 \
	 IORING_SETUP_NO_MMAP | IORING_SETUP_REGISTERED_FD_ONLY | IORING_SETUP_HYBRID_IOPOLL)

static error_t parse_ring_flag(struct argp_state *state, const char *arg,
			       struct iou_session_config *config)
{
	bool off = arg[0] == '-';
	int bit = iou_ring_flag_bit(arg + off);
	const char *names[33] = {};
	const char *nearest;
	size_t nr = 0;

	if (bit >= 0 && off && (IOU_RING_LOOP_FLAGS & (1U << bit))) {
		iou_err_set(iou_args_err(state), IOU_CAUSE_USAGE, "usage", 0,
			    "a ring without '%s' can have no loop", arg + 1);
		return EINVAL;
	}
	if (bit >= 0 && !(FLAGS_REFUSED & (1U << bit))) {
		*(off ? &config->flags_off : &config->flags_on) |= 1U << bit;
		*(off ? &config->flags_on : &config->flags_off) &= ~(1U << bit);
		return 0;
	}
	if (bit >= 0)
		return iou_args_usage(state, "a flag for a ring with a loop", arg);
	for (unsigned int i = 0; iou_ring_flag_name(i); i++)
		if (!(FLAGS_REFUSED & (1U << i)))
			names[nr++] = iou_ring_flag_name(i);
	nearest = iou_text_nearest(arg + off, names);
	iou_args_usage(state, "a ring flag", arg);
	if (nearest)
		iou_err_hint(iou_args_err(state), "did you mean '%s'?", nearest);
	else
		iou_err_hint(iou_args_err(state), "iouctl-run(1) names them");
	return EINVAL;
}

static error_t parse_argument(struct argp_state *state, struct args *args, char *arg)
{
	if (!args->loop) {
		args->loop = arg;
		return 0;
	}
	if (!strchr(arg, '=')) {
		iou_args_usage(state, "of the form NAME=VALUE", arg);
		return EINVAL;
	}
	args->params[args->params_nr++] = arg;
	return 0;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct args *args = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &args->common;
		return 0;
	case KEY_ENTRIES:
		return parse_entries(state, arg, &args->session.sq_entries);
	case KEY_CQ_ENTRIES:
		return parse_entries(state, arg, &args->session.cq_entries);
	case KEY_RING_FLAG:
		return parse_ring_flag(state, arg, &args->session);
	case KEY_OPS:
		args->ops = arg;
		return 0;
	case KEY_TIMEOUT:
		if (iou_parse_duration(arg, &args->run.timeout_ns) || !args->run.timeout_ns)
			return iou_args_usage(state, "a duration above 0, such as 200ms", arg);
		return 0;
	case ARGP_KEY_ARG:
		return parse_argument(state, args, arg);
	case ARGP_KEY_END:
		if (args->loop)
			return 0;
		iou_err_set(iou_args_err(state), IOU_CAUSE_USAGE, "usage", 0, "no LOOP was given");
		iou_err_hint(iou_args_err(state), "'iouctl list' shows the ones at hand");
		return EINVAL;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.doc = "Make a ring, bind LOOP to it, enter it once, and print statistics.\v"
	       "LOOP is a built-in (see 'iouctl list') or the path of an object file. NAME=VALUE, "
	       "or --NAME VALUE, sets a parameter of the loop.",
	.children = iou_common_children,
};

/* ---- What is printed ---- */

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

	for (size_t i = 0; i < decls->nr; i++) {
		const struct iou_decl *decl = &decls->list[i];
		uint64_t value;

		if (decl->what != IOU_DECL_PARAM || iou_loop_param_get(loop, decl, &value))
			continue;
		if (decl->kind == IOU_KIND_S64)
			iou_doc_s64(params, decl->name, NULL, (int64_t)value);
		else if (decl->kind == IOU_KIND_FLAG)
			iou_doc_bool(params, decl->name, NULL, value);
		else
			iou_doc_u64(params, decl->name, NULL, value);
	}
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

static void add_run(struct iou_doc *doc, const struct iou_loop *loop, const struct iou_run *run)
{
	struct iou_doc *in = iou_doc_object(doc, "run"), *line;
	struct iou_progress progress;
	char text[32];

	line = iou_doc_u64(in, "elapsed_ns", "time", run->elapsed_ns);
	iou_doc_text(line, "%s", iou_text_duration(text, sizeof(text), (double)run->elapsed_ns));
	if (!iou_progress_read(loop, &progress) && progress.value && run->elapsed_ns) {
		line = iou_doc_null(in, NULL, "each");
		iou_doc_text(line, "%s",
			     iou_text_duration(text, sizeof(text),
					       (double)run->elapsed_ns / (double)progress.value));
		line = iou_doc_null(in, NULL, "rate");
		iou_doc_text(line, "%s %s/s",
			     iou_text_rate(text, sizeof(text),
					   (double)progress.value * 1e9 / (double)run->elapsed_ns),
			     progress.decl->unit);
	}
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

		field = iou_doc_u64(in, decl->name, decl->name, stats.list[i].value);
		iou_doc_text(field, "%s %s",
			     iou_text_count(text, sizeof(text), stats.list[i].value), decl->unit);
	}
	iou_stats_release(&stats);
	return 0;
}

static int print_run(const struct args *args, const struct iou_session *session,
		     const struct iou_run *run, struct iou_err *err)
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
		return iou_report_error(err, args->common.format);
	}
	add_run(doc, loop, run);
	ret = iou_report_doc(doc, args->common.format, iou_exit_of_run(run));
	iou_doc_free(doc);
	return ret;
}

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

/* ---- The run ---- */

static int unknown_param(const struct iou_loop *loop, const char *name, struct iou_err *err)
{
	const struct iou_decls *decls = iou_loop_decls(loop);
	IOU_FREE const char **names = calloc(decls->nr + 1, sizeof(*names));
	const char *param = NULL, *option = iou_args_nearest_option(&iou_run_command, name);
	char list[512] = "";
	size_t nr = 0, at = 0;

	for (size_t i = 0; names && i < decls->nr; i++) {
		if (decls->list[i].what != IOU_DECL_PARAM)
			continue;
		if (at < sizeof(list))
			at += (size_t)snprintf(list + at, sizeof(list) - at, "%s%s", at ? ", " : "",
					       decls->list[i].name);
		names[nr++] = decls->list[i].name;
	}
	if (names)
		param = iou_text_nearest(name, names);
	iou_err_set(err, IOU_CAUSE_USAGE, "usage", 0, "'%s' has no parameter or option '%s'",
		    iou_loop_name(loop), name);
	if (param)
		iou_err_hint(err, "did you mean '%s'? Its parameters are: %s", param, list);
	else if (option)
		iou_err_hint(err, "did you mean '--%s'?", option);
	else
		iou_err_hint(err, nr ? "its parameters are: %s" : "it has none%s", list);
	return -EINVAL;
}

static int set_params(struct iou_loop *loop, const struct args *args, struct iou_err *err)
{
	const struct iou_decl *param;
	int ret = 0;

	for (size_t i = 0; i < args->params_nr && !ret; i++) {
		IOU_FREE char *name = strdup(args->params[i]);
		char *value = name ? strchr(name, '=') : NULL;

		if (!value)
			return iou_err_set(err, IOU_CAUSE_FAILED, "usage", ENOMEM,
					   "cannot read the parameters");
		*value++ = '\0';
		param = iou_loop_param(loop, name);
		ret = param ? iou_loop_param_set(loop, param, value, err)
			    : unknown_param(loop, name, err);
	}
	return ret;
}

/* A space and @word, so that a shell reads it as one; how long @line is, or would have to be. */
static size_t append_quoted(char *line, size_t at, size_t size, const char *word)
{
	bool plain = word[0] && !strpbrk(word, " \t\n'\"\\$&|;<>()*?[]#~`!{}");
	const char *piece;

	if (at >= size)
		return at;
	if (plain)
		return at + (size_t)snprintf(line + at, size - at, " %s", word);
	at += (size_t)snprintf(line + at, size - at, " '");
	for (piece = word; *piece && at < size; piece++)
		at += (size_t)snprintf(line + at, size - at, *piece == '\'' ? "'\\''" : "%c",
				       *piece);
	if (at < size)
		at += (size_t)snprintf(line + at, size - at, "'");
	return at;
}

/* The same command in the micro-VM, for a kernel that has no loops. */
static void hint_at_vm(struct iou_err *err, int argc, char **argv)
{
	char line[512] = "";
	size_t at = 0;

	/* A ring flag that this kernel does not know is another matter. */
	if (err->cause != IOU_CAUSE_UNSUPPORTED ||
	    (strcmp(err->stage, "load") != 0 && err->errnum != ENOSYS))
		return;
	for (int i = 0; i < argc; i++)
		at = append_quoted(line, at, sizeof(line), argv[i]);
	if (at < sizeof(line))
		iou_err_hint(err,
			     "loops need Linux 7.1 with CONFIG_IO_URING_BPF_OPS; "
			     "\"iouctl vm --%s\" runs this on a kernel that has it",
			     line);
}

/* Everything from an open loop to its statistics. An exit code, or -1 with @err. */
static int run_loop(struct iou_session *session, struct iou_loop *loop, struct args *args,
		    int *signum, struct iou_err *err)
{
	struct iou_progress_line line = {.loop = loop};
	struct iou_run run = {};
	int ret = set_params(loop, args, err);

	if (!ret)
		ret = iou_session_open(session, loop, &args->session, err);
	if (ret)
		return -1;
	if (iou_progress_line_wanted()) {
		args->run.tick_ns = TICK_NS;
		args->run.tick = iou_progress_line_tick;
		args->run.tick_data = &line;
	}
	ret = iou_session_run(session, &args->run, &run, err);
	iou_progress_line_end(&line);
	if (ret)
		return -1;
	say_why(loop, &run, &args->run);
	*signum = run.signal;
	return print_run(args, session, &run, err);
}

static int run(const struct iou_command *command, int argc, char **argv)
{
	IOU_FREE char **params = calloc((size_t)argc + 1, sizeof(*params));
	IOU_FREE char **given = calloc((size_t)argc + 1, sizeof(*given));
	struct args args = {.common.format = iou_args_format(argc, argv), .params = params};
	struct iou_err err = {};
	struct iou_image image = {};
	struct iou_loop *loop = NULL;
	struct iou_session session = IOU_SESSION_INIT;
	int ret, code = -1, signum = 0;

	if (!params || !given) {
		iou_err_set(&err, IOU_CAUSE_FAILED, "usage", ENOMEM,
			    "cannot read the command line");
		return iou_report_error(&err, args.common.format);
	}
	memcpy(given, argv, (size_t)argc * sizeof(*argv));
	ret = iou_args_parse(command, argc, argv, &args.common, &err);
	if (ret > 0)
		return iou_report_flush(IOU_EXIT_OK);
	if (!ret)
		ret = iou_image_find(&image, args.loop, &err);
	if (!ret)
		ret = iou_loop_open(&loop, &image, args.ops, &err);
	if (!ret)
		code = run_loop(&session, loop, &args, &signum, &err);
	if (code < 0) {
		hint_at_vm(&err, argc, given);
		code = iou_report_error(&err, args.common.format);
	}
	/* Link, object, ring, in this order. */
	iou_loop_free(loop);
	iou_session_release(&session);
	iou_image_release(&image);
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
