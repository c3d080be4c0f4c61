// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* iouctl list: the loops at hand. */
#include <errno.h>
#include <stdio.h>

#include "commands.h"
#include "exit.h"
#include "loop/loop.h"
#include "report.h"

struct args {
	struct iou_common common;
	bool names;
};

enum { KEY_NAMES = 0x100 };

static const struct argp_option options[] = {
	{"names", KEY_NAMES, NULL, 0, "Only the names, one a line, for scripts", 0},
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
	.doc = "List the loops at hand.",
	.children = iou_common_children,
};

static int add_row(struct iou_doc *loops, const struct iou_builtin *builtin, struct iou_err *err)
{
	struct iou_image image;
	struct iou_loop *loop;
	int ret = iou_image_builtin(&image, builtin, err);

	if (ret)
		return ret;
	ret = iou_loop_open(&loop, &image, NULL, err);
	if (!ret) {
		const struct iou_decl *self = iou_loop_self(loop);
		struct iou_doc *row = iou_doc_object(loops, NULL);

		iou_doc_string(row, "name", "LOOP", iou_loop_name(loop));
		iou_doc_string(row, "source", "SOURCE", iou_loop_source(loop));
		iou_doc_string(row, "description", "DESCRIPTION", self ? self->help : NULL);
		iou_loop_free(loop);
	}
	iou_image_release(&image);
	return ret;
}

static int print_names(void)
{
	for (size_t i = 0; i < iou_builtins_nr; i++)
		puts(iou_builtins[i].name);
	return iou_report_flush(IOU_EXIT_OK);
}

static int run(const struct iou_command *command, int argc, char **argv)
{
	struct args args = {.common.format = iou_args_format(argc, argv)};
	struct iou_err err = {};
	struct iou_doc *doc, *loops;
	int ret = iou_args_parse(command, argc, argv, &args.common, &err);

	if (ret > 0)
		return iou_report_flush(IOU_EXIT_OK);
	if (!ret && args.names && args.common.format == IOU_FORMAT_TEXT)
		return print_names();
	doc = iou_doc_new("iouctl.list/1");
	loops = iou_doc_table(doc, "loops");
	for (size_t i = 0; i < iou_builtins_nr && !ret; i++)
		ret = add_row(loops, &iou_builtins[i], &err);
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
