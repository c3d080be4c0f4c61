// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* iouctl new: the source of a loop to begin with. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "build/scaffold.h"
#include "commands.h"
#include "exit.h"
#include "next.h"
#include "report.h"

struct args {
	struct iou_common common;
	const char *name;
};

static error_t parse_name(struct argp_state *state, struct args *args, const char *arg)
{
	struct iou_err *err = iou_args_err(state);

	if (args->name) {
		iou_err_set(err, IOU_CAUSE_USAGE, "usage", 0, "more than one NAME: '%s' and '%s'",
			    args->name, arg);
		return EINVAL;
	}
	args->name = arg;
	return iou_scaffold_check(arg, err) ? EINVAL : 0;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct args *args = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &args->common;
		return 0;
	case ARGP_KEY_ARG:
		return parse_name(state, args, arg);
	case ARGP_KEY_END:
		if (args->name)
			return 0;
		iou_err_set(iou_args_err(state), IOU_CAUSE_USAGE, "usage", 0, "no NAME was given");
		iou_err_hint(iou_args_err(state), "it is the loop's: iouctl new hello");
		return EINVAL;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.parser = parse,
	.doc = "Write NAME.bpf.c into this directory: the source of a loop that works, to be "
	       "changed.\v"
	       "A file of that name that exists is left as it is.",
	.children = iou_common_children,
};

static void add_next(struct iou_doc *next, const char *label, char *line, size_t at, size_t size,
		     const char *const *words)
{
	for (; *words; words++)
		at = iou_text_add_word(line, at, size, *words);
	iou_doc_string(next, NULL, label, line);
}

static int print_made(const struct args *args, const char *path)
{
	struct iou_doc *doc = iou_doc_new("iouctl.new/1"), *next;
	char line[256], object[128];
	size_t at;
	int code;

	iou_doc_string(doc, "name", NULL, args->name);
	iou_doc_string(doc, "source", "made", path);
	next = iou_doc_array(doc, "next");
	add_next(next, "next", line, 0, sizeof(line),
		 (const char *const[]){"iouctl", "build", path, NULL});
	snprintf(object, sizeof(object), "%s.bpf.o", args->name);
	at = iou_next_run(line, sizeof(line), object);
	add_next(next, "", line, at, sizeof(line), (const char *const[]){"--count", "5", NULL});
	code = iou_report_doc(doc, args->common.format, IOU_EXIT_OK);
	iou_doc_free(doc);
	return code;
}

static int make(const struct args *args, struct iou_err *err)
{
	IOU_FREE char *text = iou_scaffold_text(args->name);
	char path[128];
	int ret;

	snprintf(path, sizeof(path), "%s.bpf.c", args->name);
	ret = text ? iou_scaffold_write(path, text, err)
		   : iou_err_set(err, IOU_CAUSE_FAILED, "output", ENOMEM, "cannot write '%s'",
				 path);
	return ret ? iou_report_error(err, args->common.format) : print_made(args, path);
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
	return make(&args, &err);
}

const struct iou_command iou_new_command = {
	.name = "new",
	.args = "NAME",
	.help = "Write the source of a loop to begin with",
	.argp = &argp,
	.run = run,
};
