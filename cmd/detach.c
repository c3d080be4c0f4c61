// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* iouctl detach: take loops off rings that are other programs'. */
#include <errno.h>
#include <limits.h>
#include <stdint.h>

#include "attach/attach.h"
#include "attach/detach.h"
#include "attach/reach.h"
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

struct outcome {
	enum iou_format format;
	struct iou_doc *detached, *failures; /* failures: JSON's alone */
	int code;                            /* that of the first failure */
};

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

/* What could not be taken off. As JSON it is in the document, which is one in any case. */
static int fail(const struct outcome *outcome, uint32_t id, const char *pin, struct iou_err *err)
{
	int code = iou_exit_of_cause(err->cause);
	struct iou_doc *row;

	if (outcome->format == IOU_FORMAT_TEXT)
		return iou_report_error(err, outcome->format);
	row = iou_doc_object(outcome->failures, NULL);
	if (id)
		iou_doc_u64(row, "id", NULL, id);
	else
		iou_doc_null(row, "id", NULL);
	iou_doc_string(row, "pin", NULL, pin);
	iou_doc_string(row, "stage", NULL, err->stage);
	iou_doc_string(row, "errno", NULL, err->errnum ? iou_errno_name(err->errnum) : NULL);
	iou_doc_string(row, "message", NULL, err->message);
	iou_doc_string(row, "hint", NULL, err->hint[0] ? err->hint : NULL);
	iou_err_release(err);
	return code;
}

/* One that was to be taken off: @ret and @err say whether it was. */
static void finish(struct outcome *outcome, const struct iou_detached *done, uint32_t id,
		   const char *pin, int ret, struct iou_err *err)
{
	int code = IOU_EXIT_OK;

	if (ret == -ENOENT && err->cause == IOU_CAUSE_USAGE) {
		iou_note("%s: nothing to take off", err->message);
		iou_err_release(err);
	} else if (ret) {
		code = fail(outcome, id, pin, err);
	} else {
		add(outcome->detached, done);
		if (done->left == IOU_LEFT_STILL_ON)
			code = IOU_EXIT_FAILED;
	}
	outcome->code = outcome->code ?: code;
}

/* Who may not look does not know that there is none. */
static int none_seen(const struct iou_survey *survey, struct iou_err *err)
{
	iou_err_set(err, IOU_CAUSE_PERMISSION, "detach", EPERM, "cannot see whether there is one");
	iou_err_hint(err, "%s; what is pinned can be named by its pin", survey->gaps[0].why);
	return -EPERM;
}

static void detach_seen(const struct args *args, struct outcome *outcome)
{
	const struct iou_survey_want want = {.loops = true};
	struct iou_survey survey = {};
	struct iou_err err = {};
	size_t nr = 0;
	int ret = iou_survey(&survey, &want, &err);

	if (ret) {
		finish(outcome, NULL, 0, NULL, ret, &err);
		return;
	}
	for (size_t i = 0; i < survey.loops_nr; i++) {
		const struct iou_survey_loop *loop = &survey.loops[i];
		struct iou_detached done = {};
		struct iou_err failed = {};
		char pin[PATH_MAX];

		if (!is_meant(args, &survey, loop))
			continue;
		nr++;
		ret = iou_detach(loop, &done, &failed);
		finish(outcome, &done, loop->map_id,
		       iou_reach_own_pin(loop, pin, sizeof(pin)) ? pin : NULL, ret, &failed);
	}
	for (size_t i = 0; args->clean && i < survey.remains.nr; i++) {
		struct iou_detached done = {};
		struct iou_err failed = {};

		nr++;
		ret = iou_detach_pin(survey.remains.list[i], &done, &failed);
		finish(outcome, &done, 0, survey.remains.list[i], ret, &failed);
	}
	if (!nr && survey.denied) {
		ret = none_seen(&survey, &err);
		finish(outcome, NULL, 0, NULL, ret, &err);
	} else if (!nr) {
		if (survey.gaps_nr && !survey.iterated)
			iou_note("%s", survey.gaps[0].why);
		iou_note("no such loop is bound: nothing to take off; 'iouctl status' shows what "
			 "is");
	}
	iou_survey_release(&survey);
}

static int detach(const struct args *args)
{
	const struct iou_which_args *which = &args->which;
	struct iou_doc *doc = iou_doc_new("iouctl.detach/1");
	struct outcome outcome = {.format = which->common.format};
	int code;

	outcome.detached = iou_doc_table(doc, "detached");
	if (outcome.format != IOU_FORMAT_TEXT)
		outcome.failures = iou_doc_array(doc, "failures");
	for (size_t i = 0; i < which->which_nr; i++) {
		const char *pin = which->which[i];
		struct iou_detached done = {};
		struct iou_err failed = {};
		int ret;

		if (!iou_which_is_pin(pin))
			continue;
		ret = iou_detach_pin(pin, &done, &failed);
		finish(&outcome, &done, 0, pin, ret, &failed);
	}
	if (args->clean || iou_which_is_seen(which))
		detach_seen(args, &outcome);
	code = iou_report_doc(doc, outcome.format, outcome.code);
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
