// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* iouctl probe: what this kernel and this user can do. */
#include "probe/probe.h"

#include <errno.h>
#include <string.h>

#include "commands.h"
#include "exit.h"
#include "log.h"
#include "report.h"

static error_t parse(int key, char *arg, struct argp_state *state)
{
	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = state->input;
		return 0;
	case ARGP_KEY_ARG:
		iou_err_set(iou_args_err(state), IOU_CAUSE_USAGE, "usage", 0,
			    "'iouctl probe' takes no arguments, not '%s'", arg);
		return EINVAL;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.parser = parse,
	.doc = "Say what this kernel and this user can do, and what is in the way.",
	.children = iou_common_children,
};

static void add_check(struct iou_doc *checks, const struct iou_check *check)
{
	struct iou_doc *row = iou_doc_object(checks, NULL), *field;
	const char *answer = iou_answer_name(check->answer);

	iou_doc_string(row, "id", NULL, check->id);
	iou_doc_string(row, "group", "GROUP", check->group);
	iou_doc_string(row, "what", "WHAT", check->what);
	field = iou_doc_string(row, "answer", "ANSWER", answer);
	if (check->needed && check->answer == IOU_ANSWER_NO)
		iou_doc_text(field, "NO");
	iou_doc_bool(row, "needed", NULL, check->needed);
	field = iou_doc_string(row, "why", "WHY", check->why[0] ? check->why : NULL);
	iou_doc_text(field, "%s", check->why);
}

static void add_verdict(struct iou_doc *doc, const struct iou_probe *probe, int code)
{
	const struct iou_err *err = &probe->verdict;
	struct iou_doc *verdict = iou_doc_object(doc, "verdict"), *field;

	field = iou_doc_bool(verdict, "can_run", "loops", probe->can_run);
	if (probe->can_run)
		iou_doc_text(field, "can run here");
	else
		iou_doc_text(field, "cannot run here (%s): %s%s%s%s%s",
			     err->cause == IOU_CAUSE_PERMISSION ? "permission" : "kernel",
			     err->message, err->errnum ? ": " : "",
			     err->errnum ? strerror(err->errnum) : "", err->hint[0] ? "; " : "",
			     err->hint);
	iou_doc_string(verdict, "message", NULL, probe->can_run ? NULL : err->message);
	iou_doc_string(verdict, "errno", NULL, err->errnum ? iou_errno_name(err->errnum) : NULL);
	iou_doc_string(verdict, "hint", NULL, err->hint[0] ? err->hint : NULL);
	iou_doc_u64(verdict, "exit", NULL, (uint64_t)code);
	field = iou_doc_bool(verdict, "suspect_cve_2026_72112",
			     probe->suspect_cve_2026_72112 ? "warning" : NULL,
			     probe->suspect_cve_2026_72112);
	iou_doc_text(field, "7.1.0 to 7.1.4 free memory too early when a loop's map is attached "
			    "twice (CVE-2026-72112); this kernel may be one of them");
}

static int run(const struct iou_command *command, int argc, char **argv)
{
	struct iou_common common = {.format = iou_args_format(argc, argv)};
	struct iou_err err = {};
	struct iou_probe probe;
	struct iou_doc *doc, *checks;
	int ret = iou_args_parse(command, argc, argv, &common, &err), code;

	if (ret > 0)
		return iou_report_flush(IOU_EXIT_OK);
	if (!ret) {
		ret = iou_probe_run(&probe);
		if (ret)
			iou_err_set(&err, IOU_CAUSE_FAILED, "probe", -ret, "cannot probe");
	}
	if (ret)
		return iou_report_error(&err, common.format);

	code = probe.can_run ? IOU_EXIT_OK : iou_exit_of_cause(probe.verdict.cause);
	doc = iou_doc_new("iouctl.probe/1");
	iou_doc_string(doc, "kernel", "kernel", probe.release);
	checks = iou_doc_table(doc, "checks");
	for (size_t i = 0; i < probe.nr; i++)
		add_check(checks, &probe.list[i]);
	add_verdict(doc, &probe, code);
	code = iou_report_doc(doc, common.format, code);
	iou_doc_free(doc);
	iou_probe_release(&probe);
	return code;
}

const struct iou_command iou_probe_command = {
	.name = "probe",
	.help = "What this kernel and this user can do",
	.argp = &argp,
	.run = run,
};
