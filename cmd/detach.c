// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* iouctl detach: take loops off rings that are other programs'. */
#include <errno.h>
#include <stdio.h>

#include "attach/attach.h"
#include "attach/detach.h"
#include "commands.h"
#include "exit.h"
#include "log.h"
#include "report.h"
#include "survey/survey.h"
#include "whichloops.h"

struct args {
	struct iou_which_args which;
	bool clean;
};

enum { KEY_CLEAN = 0x100 };

static const struct argp_option options[] = {
	{"clean", KEY_CLEAN, NULL, 0, "Remove the pins of loops whose rings are gone", 1},
	{},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct args *args = state->input;

	(void)arg;
	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &args->which;
		return 0;
	case KEY_CLEAN:
		args->clean = true;
		return 0;
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
	.children = iou_which_args_children,
};

static bool is_meant(const struct args *args, const struct iou_survey *survey,
		     const struct iou_survey_loop *loop)
{
	if (args->clean && loop->has_meta && loop->pins.nr && loop->has_bound && !loop->bound)
		return true;
	return iou_which_means(&args->which, survey, loop);
}

/* ---- Taking off ---- */

static void add(struct iou_doc *list, const struct iou_detached *done)
{
	static const char *const lefts[] = {
		[IOU_LEFT_IN_ORDER] = "in-order", [IOU_LEFT_UNHEARD] = "unheard",
		[IOU_LEFT_STILL_ON] = "still-on", [IOU_LEFT_HELD] = "held",
		[IOU_LEFT_FAILED] = "failed",
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
	enum iou_format format = args->which.common.format;
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
	for (size_t i = 0; args->clean && i < survey.remains.nr; i++) {
		struct iou_detached done = {};
		struct iou_err failed = {};
		int ret = iou_detach_pin(survey.remains.list[i], &done, &failed);

		nr++;
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
	enum iou_format format = args->which.common.format;
	const struct iou_which_args *which = &args->which;
	int code = IOU_EXIT_OK, ret;
	struct iou_err err = {};

	list = iou_doc_table(doc, "detached");
	for (size_t i = 0; i < which->which_nr; i++) {
		struct iou_detached done = {};
		struct iou_err failed = {};

		if (!iou_which_is_pin(which->which[i]))
			continue;
		ret = iou_detach_pin(which->which[i], &done, &failed);
		code = finish(list, &done, ret, code, format, &failed);
	}
	if (args->clean || iou_which_is_seen(which)) {
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
	struct args args = {};
	struct iou_err err = {};
	int ret = iou_which_args_init(&args.which, argc, argv, &err), code;

	if (!ret)
		ret = iou_args_parse(command, argc, argv, &args.which.common, &err)
			      ?: iou_which_args_check(&args.which, args.clean, &err);
	if (ret > 0)
		code = iou_report_flush(IOU_EXIT_OK);
	else if (ret)
		code = iou_report_error(&err, args.which.common.format);
	else
		code = detach(&args);
	iou_which_args_release(&args.which);
	return code;
}

const struct iou_command iou_detach_command = {
	.name = "detach",
	.args = "[ID|PIN...]",
	.help = "Take loops off the rings of other programs",
	.argp = &argp,
	.run = run,
};
