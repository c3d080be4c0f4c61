// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* iouctl list: the loops at hand. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "commands.h"
#include "exit.h"
#include "loop/loop.h"
#include "loop/path.h"
#include "report.h"

struct args {
	struct iou_common common;
	bool names;
};

enum { KEY_NAMES = 0x100 };

static const struct argp_option options[] = {
	{"names", KEY_NAMES, NULL, 0,
	 "Only the names of those that can be used, one a line, for scripts", 0},
	{},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct args *args = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &args->common;
		return 0;
	case KEY_NAMES:
		args->names = true;
		return 0;
	case ARGP_KEY_ARG:
		iou_err_set(iou_args_err(state), IOU_CAUSE_USAGE, "usage", 0,
			    "'iouctl list' takes no arguments, not '%s'", arg);
		return EINVAL;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.doc = "List the loops at hand: the built-in ones, and those on the search path.",
	.children = iou_common_children,
};

/* What an object with several loops has, for people: "2 loops: one, other". */
static void say_several(struct iou_doc *field, const struct iou_loop *loop)
{
	struct iou_ops ops;
	char text[256] = "";
	size_t at = 0, nr;

	for (nr = 0; iou_loop_ops(loop, nr, &ops); nr++)
		if (at < sizeof(text))
			at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%s", nr ? ", " : "",
					       ops.name);
	if (nr > 1)
		iou_doc_text(field, "%zu loops (--ops): %s%s", nr, text,
			     at < sizeof(text) ? "" : "…");
}

static void add_ops(struct iou_doc *row, const struct iou_loop *loop)
{
	struct iou_doc *list = iou_doc_array(row, "ops");
	struct iou_ops ops;

	for (size_t nr = 0; loop && iou_loop_ops(loop, nr, &ops); nr++)
		iou_doc_string(list, NULL, NULL, ops.name);
}

/* Which command they are for: not said where they differ, or nothing says it. */
static void add_command(struct iou_doc *row, const struct iou_loop *loop)
{
	bool policy = false, known = true;
	struct iou_ops ops;
	size_t nr;

	for (nr = 0; loop && iou_loop_ops(loop, nr, &ops); nr++) {
		known = known && ops.self && (!nr || ops.self->policy == policy);
		policy = ops.self && ops.self->policy;
	}
	known = known && nr;
	iou_doc_string(row, "command", "FOR", !known ? NULL : policy ? "attach" : "run");
}

/* A row for @loop, or, with NULL, for one that cannot be used: @err says why. */
static void add_row(struct iou_doc *loops, const char *name, const char *source,
		    const struct iou_loop *loop, const struct iou_err *err)
{
	struct iou_doc *row = iou_doc_object(loops, NULL), *field;
	char why[sizeof(err->message) + 128];
	const struct iou_decl *self = loop ? iou_loop_self(loop) : NULL;
	struct iou_ops second;
	bool several = loop && iou_loop_ops(loop, 1, &second);

	iou_doc_string(row, "name", "LOOP", name);
	iou_doc_string(row, "source", "SOURCE", source);
	add_command(row, loop);
	field = iou_doc_string(row, "description", "DESCRIPTION",
			       self && !several ? self->help : NULL);
	if (several)
		say_several(field, loop);
	snprintf(why, sizeof(why), "%s%s%s", err->message, err->errnum ? ": " : "",
		 err->errnum ? strerror(err->errnum) : "");
	if (!loop)
		iou_doc_text(field, "cannot be used: %s", why);
	add_ops(row, loop);
	iou_doc_string(row, "error", NULL, loop ? NULL : why);
}

/* Where the loops go: a row each into the document, or else their names to standard output. */
static int add_loop(struct iou_doc *loops, const char *name, const char *source,
		    struct iou_err *err)
{
	struct iou_image image = {};
	struct iou_loop *loop = NULL;
	int ret = iou_image_find(&image, name, err) ?: iou_loop_open_any(&loop, &image, err);

	if (loops)
		add_row(loops, name, source, loop, err);
	else if (!ret)
		puts(name);
	iou_loop_free(loop);
	iou_image_release(&image);
	return ret;
}

static int add_loops(struct iou_doc *loops, struct iou_err *err)
{
	IOU_CLEANUP(iou_path_loops_release) struct iou_path_loops found = {};
	int ret = iou_path_list(&found);

	if (ret)
		return iou_err_set(err, IOU_CAUSE_FAILED, "open", -ret, "cannot look for loops");
	for (size_t i = 0; i < iou_builtins_nr && !ret; i++)
		/* What is ours can be used, which need not be found out for its name alone. */
		if (loops)
			ret = add_loop(loops, iou_builtins[i].name, "built-in", err);
		else
			puts(iou_builtins[i].name);
	for (size_t i = 0; i < found.nr && !ret; i++) {
		struct iou_err why = {};

		/* Anybody's: one that cannot be used says so in its row. */
		add_loop(loops, found.list[i].name, found.list[i].path, &why);
		iou_err_release(&why);
	}
	return ret;
}

static int run(const struct iou_command *command, int argc, char **argv)
{
	struct args args = {.common.format = iou_args_format(argc, argv)};
	struct iou_err err = {};
	struct iou_doc *doc, *loops;
	int ret = iou_args_parse(command, argc, argv, &args.common, &err);

	if (ret > 0)
		return iou_report_flush(IOU_EXIT_OK);
	if (!ret && args.names && args.common.format == IOU_FORMAT_TEXT) {
		ret = add_loops(NULL, &err);
		return ret ? iou_report_error(&err, args.common.format)
			   : iou_report_flush(IOU_EXIT_OK);
	}
	doc = iou_doc_new("iouctl.list/1");
	loops = iou_doc_table(doc, "loops");
	if (!ret)
		ret = add_loops(loops, &err);
	ret = ret ? iou_report_error(&err, args.common.format)
		  : iou_report_doc(doc, args.common.format, IOU_EXIT_OK);
	iou_doc_free(doc);
	return ret;
}

const struct iou_command iou_list_command = {
	.name = "list",
	.help = "List the loops at hand",
	.argp = &argp,
	.run = run,
};
