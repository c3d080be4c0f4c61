// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* iouctl detach: take loops off rings that are other programs'. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "attach/attach.h"
#include "attach/detach.h"
#include "base/cleanup.h"
#include "base/parse.h"
#include "commands.h"
#include "exit.h"
#include "log.h"
#include "report.h"
#include "survey/survey.h"

struct args {
	struct iou_common common;
	char **which; /* IDs and pins, of argv */
	size_t which_nr;
	int32_t pid, ring_fd; /* 0, -1: not said */
	bool all, clean;
};

enum { KEY_PID = 0x100, KEY_RING_FD, KEY_ALL, KEY_CLEAN };

static const struct argp_option options[] = {
	{"pid", KEY_PID, "PID", 0, "The loops on rings of this process", 0},
	{"ring-fd", KEY_RING_FD, "FD", 0, "With --pid: the one on this ring", 0},
	{"all", KEY_ALL, NULL, 0, "All loops that iouctl attached", 0},
	{"clean", KEY_CLEAN, NULL, 0, "Remove the pins of loops whose rings are gone", 0},
	{},
};

static error_t parse_number(struct argp_state *state, const char *arg, const char *what,
			    uint64_t least, int32_t *number)
{
	uint64_t value;

	if (iou_parse_u64(arg, &value) || value < least || value > INT_MAX)
		return iou_args_usage(state, what, arg);
	*number = (int32_t)value;
	return 0;
}

static error_t parse_end(struct argp_state *state, const struct args *args)
{
	struct iou_err *err = iou_args_err(state);

	if (args->ring_fd >= 0 && !args->pid) {
		iou_err_set(err, IOU_CAUSE_USAGE, "usage", 0, "--ring-fd needs --pid");
		return EINVAL;
	}
	if (args->which_nr || args->pid || args->all || args->clean)
		return 0;
	iou_err_set(err, IOU_CAUSE_USAGE, "usage", 0, "no loop was named");
	iou_err_hint(err, "'iouctl status' shows those that are bound, with their IDs and pins");
	return EINVAL;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct args *args = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &args->common;
		return 0;
	case KEY_PID:
		return parse_number(state, arg, "the number of a process", 1, &args->pid);
	case KEY_RING_FD:
		return parse_number(state, arg, "a descriptor", 0, &args->ring_fd);
	case KEY_ALL:
		args->all = true;
		return 0;
	case KEY_CLEAN:
		args->clean = true;
		return 0;
	case ARGP_KEY_ARG:
		args->which[args->which_nr++] = arg;
		return 0;
	case ARGP_KEY_END:
		return parse_end(state, args);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.doc = "Take loops off the rings of other programs, in order: the programs go on.\v"
	       "ID is what 'iouctl status' calls a loop, PIN the directory that it is pinned in. "
	       "What is not bound any more needs no taking off, which is no failure.",
	.children = iou_common_children,
};

/* ---- Which ones ---- */

static bool is_at(const struct iou_survey *survey, const struct iou_survey_loop *loop, int32_t pid,
		  int32_t ring_fd)
{
	const struct iou_survey_ring *ring = iou_survey_ring_of(survey, loop);

	for (size_t i = 0; ring && i < ring->at.nr; i++)
		if (ring->at.list[i].pid == pid && (ring_fd < 0 || ring->at.list[i].fd == ring_fd))
			return true;
	return false;
}

static bool is_pin(const char *which)
{
	return strchr(which, '/');
}

static bool is_named(const struct args *args, const struct iou_survey_loop *loop)
{
	uint64_t id;

	for (size_t i = 0; i < args->which_nr; i++)
		if (!is_pin(args->which[i]) && !iou_parse_u64(args->which[i], &id) &&
		    id == loop->map_id)
			return true;
	return false;
}

static bool is_meant(const struct args *args, const struct iou_survey *survey,
		     const struct iou_survey_loop *loop)
{
	if (args->all && loop->has_meta)
		return true;
	if (args->clean && loop->has_meta && loop->pins.nr && loop->has_bound && !loop->bound)
		return true;
	return is_named(args, loop) || (args->pid && is_at(survey, loop, args->pid, args->ring_fd));
}

static int check_which(const struct args *args, struct iou_err *err)
{
	uint64_t id;

	for (size_t i = 0; i < args->which_nr; i++) {
		if (is_pin(args->which[i]) || !iou_parse_u64(args->which[i], &id))
			continue;
		iou_err_set(err, IOU_CAUSE_USAGE, "usage", 0,
			    "'%s' is neither the ID of a loop nor the path of a pin",
			    args->which[i]);
		iou_err_hint(err, "'iouctl status' shows both");
		return -EINVAL;
	}
	return 0;
}

/* ---- Taking off ---- */

static void add(struct iou_doc *list, const struct iou_detached *done)
{
	static const char *const lefts[] = {
		[IOU_LEFT_IN_ORDER] = "in-order",
		[IOU_LEFT_UNHEARD] = "unheard",
		[IOU_LEFT_STILL_ON] = "still-on",
	};
	struct iou_doc *row = iou_doc_object(list, NULL), *field;

	field = iou_doc_u64(row, "id", "ID", done->id);
	if (!done->id)
		iou_doc_text(field, "-");
	iou_doc_string(row, "loop", "LOOP", done->loop);
	if (done->pid)
		iou_doc_u64(row, "pid", "PID", (uint64_t)done->pid);
	else
		iou_doc_null(row, "pid", "PID");
	iou_doc_string(row, "pin", "PIN", done->pin[0] ? done->pin : NULL);
	iou_doc_string(row, "left", "LEFT", lefts[done->left]);
}

/* Take one off, or say why not. The exit code so far, or that of this failure. */
static int finish(struct iou_doc *list, const struct iou_detached *done, int ret, int code,
		  enum iou_format format, struct iou_err *err)
{
	if (ret == -ENOENT && err->cause == IOU_CAUSE_USAGE) {
		iou_note("%s: nothing to take off", err->message);
		iou_err_release(err);
		return code;
	}
	if (ret) {
		int failed = iou_report_error(err, format);

		return code ?: failed;
	}
	add(list, done);
	return code ?: done->left == IOU_LEFT_STILL_ON ? IOU_EXIT_FAILED : IOU_EXIT_OK;
}

static int detach_seen(const struct args *args, struct iou_doc *list, struct iou_err *err)
{
	const struct iou_survey_want want = {.loops = true};
	enum iou_format format = args->common.format;
	struct iou_survey survey = {};
	int code = IOU_EXIT_OK;
	size_t nr = 0;

	if (iou_survey(&survey, &want, err))
		return iou_report_error(err, format);
	for (size_t i = 0; i < survey.loops_nr; i++) {
		struct iou_detached done = {};
		struct iou_err failed = {};
		int ret;

		if (!is_meant(args, &survey, &survey.loops[i]))
			continue;
		nr++;
		ret = iou_detach(&survey.loops[i], &done, &failed);
		code = finish(list, &done, ret, code, format, &failed);
	}
	if (!nr && survey.gaps_nr && !survey.iterated)
		iou_note("%s", survey.gaps[0].why);
	if (!nr)
		iou_note("no such loop is bound: nothing to take off");
	iou_survey_release(&survey);
	return code;
}

static int detach(const struct args *args)
{
	struct iou_doc *doc = iou_doc_new("iouctl.detach/1"), *list;
	enum iou_format format = args->common.format;
	bool seen = args->pid || args->all || args->clean;
	int code = IOU_EXIT_OK, ret;
	struct iou_err err = {};

	list = iou_doc_table(doc, "detached");
	for (size_t i = 0; i < args->which_nr; i++) {
		struct iou_detached done = {};
		struct iou_err failed = {};

		if (!is_pin(args->which[i])) {
			seen = true;
			continue;
		}
		ret = iou_detach_pin(args->which[i], &done, &failed);
		code = finish(list, &done, ret, code, format, &failed);
	}
	if (seen) {
		ret = detach_seen(args, list, &err);
		code = code ?: ret;
	}
	/* A failure was the document. */
	if (!code || format == IOU_FORMAT_TEXT)
		code = iou_report_doc(doc, format, code);
	iou_doc_free(doc);
	return code;
}

static int run(const struct iou_command *command, int argc, char **argv)
{
	IOU_FREE char **which = calloc((size_t)argc + 1, sizeof(*which));
	struct args args = {
		.common.format = iou_args_format(argc, argv), .which = which, .ring_fd = -1};
	struct iou_err err = {};
	int ret;

	if (!which)
		ret = iou_err_set(&err, IOU_CAUSE_FAILED, "usage", ENOMEM,
				  "cannot read the command line");
	else
		ret = iou_args_parse(command, argc, argv, &args.common, &err)
			      ?: check_which(&args, &err);
	if (ret > 0)
		return iou_report_flush(IOU_EXIT_OK);
	if (ret)
		return iou_report_error(&err, args.common.format);
	return detach(&args);
}

const struct iou_command iou_detach_command = {
	.name = "detach",
	.args = "[ID|PIN...]",
	.help = "Take loops off the rings of other programs",
	.argp = &argp,
	.run = run,
};
