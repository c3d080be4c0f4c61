// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* iouctl show: what a loop says of itself, and what is in its object. */
#include <errno.h>
#include <stdio.h>

#include "commands.h"
#include "exit.h"
#include "loop/loop.h"
#include "report.h"
#include "showdoc.h"

struct args {
	struct iou_common common;
	const char *loop, *ops;
	bool params;
};

enum { KEY_OPS = 0x100, KEY_PARAMS };

static const struct argp_option options[] = {
	{"ops", KEY_OPS, "NAME", 0, "Only this one of an object that has several loops", 0},
	{"params", KEY_PARAMS, NULL, 0,
	 "Only the parameters, one a line, for scripts: its name, its kind, and the words that it "
	 "may be, with tabs between them",
	 0},
	{},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct args *args = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &args->common;
		return 0;
	case KEY_OPS:
		args->ops = arg;
		return 0;
	case KEY_PARAMS:
		args->params = true;
		return 0;
	case ARGP_KEY_ARG:
		if (!args->loop) {
			args->loop = arg;
			return 0;
		}
		iou_err_set(iou_args_err(state), IOU_CAUSE_USAGE, "usage", 0,
			    "'iouctl show' takes one LOOP, not '%s' too", arg);
		return EINVAL;
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
	.doc = "Show the parameters, statistics, maps, programs and ring of LOOP.\v"
	       "LOOP is the name of a loop (see 'iouctl list') or the path of an object file.",
	.children = iou_common_children,
};

/* Names and words are of [a-z0-9_-]: decl.c refuses an object with others. */
static int print_params(const struct iou_loop *loop)
{
	const struct iou_decls *decls = iou_loop_decls(loop);

	for (size_t i = 0; i < decls->nr; i++) {
		const struct iou_decl *param = &decls->list[i];

		if (param->what != IOU_DECL_PARAM)
			continue;
		printf("%s\t%s\t", param->name, iou_kind_name(param->kind));
		for (size_t j = 0; iou_kind_has_choices(param->kind) && j < param->choices_nr; j++)
			printf("%s%s", j ? " " : "", param->choices[j]);
		puts(param->kind == IOU_KIND_FLAG ? "yes no" : "");
	}
	return iou_report_flush(IOU_EXIT_OK);
}

static int print_all(const struct args *args, const struct iou_loop *loop,
		     const struct iou_image *image)
{
	struct iou_doc *doc = iou_showdoc_new(loop, image, args->ops);
	int code = iou_report_doc(doc, args->common.format, IOU_EXIT_OK);

	iou_doc_free(doc);
	return code;
}

static int run(const struct iou_command *command, int argc, char **argv)
{
	struct args args = {.common.format = iou_args_format(argc, argv)};
	struct iou_err err = {};
	struct iou_image image = {};
	struct iou_loop *loop = NULL;
	int ret = iou_args_parse(command, argc, argv, &args.common, &err), code;

	if (ret > 0)
		return iou_report_flush(IOU_EXIT_OK);
	if (!ret)
		ret = iou_image_find(&image, args.loop, &err);
	if (!ret)
		ret = args.ops ? iou_loop_open(&loop, &image, args.ops, &err)
			       : iou_loop_open_any(&loop, &image, &err);
	if (ret)
		code = iou_report_error(&err, args.common.format);
	else if (args.params && args.common.format == IOU_FORMAT_TEXT)
		code = print_params(loop);
	else
		code = print_all(&args, loop, &image);
	iou_loop_free(loop);
	iou_image_release(&image);
	return code;
}

const struct iou_command iou_show_command = {
	.name = "show",
	.args = "LOOP",
	.help = "A loop's parameters, statistics, maps, programs and ring",
	.argp = &argp,
	.run = run,
};
