// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* iouctl build: compile a loop, and see that it is one. */
#include "build/build.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "commands.h"
#include "exit.h"
#include "log.h"
#include "next.h"
#include "report.h"

struct args {
	struct iou_common common;
	struct iou_build_config build;
	char **options; /* of clang, as the config has them; owned */
	size_t options_nr;
	char *object; /* owned */
};

static const struct argp_option options[] = {
	{"output", 'o', "PATH", 0, "The object (default: FILE's name with .o, in this directory)",
	 0},
	{"include", 'I', "DIR", 0, "Look for headers there too, first; may be repeated", 0},
	{"define", 'D', "NAME[=VALUE]", 0, "Define a macro, as 1 or VALUE; may be repeated", 0},
	{"optimize", 'O', "1|2|3|s|z", 0, "How clang optimizes (default: 2)", 0},
	{},
};

/* -I and -D go on to clang, in one word each, so that it takes no value for an option. */
static error_t add_option(struct args *args, int key, const char *value)
{
	char **option = &args->options[args->options_nr];

	if (asprintf(option, "-%c%s", key, value) < 0) {
		*option = NULL;
		return ENOMEM;
	}
	args->options_nr++;
	return 0;
}

static error_t parse_optimize(struct argp_state *state, struct args *args, const char *arg)
{
	if (!arg[0] || arg[1] || !strchr("123sz", arg[0]))
		return iou_args_usage(state, "a level of optimization: 1, 2, 3, s or z", arg);
	args->build.optimize = arg;
	return 0;
}

static error_t parse_file(struct argp_state *state, struct args *args, const char *arg)
{
	struct iou_err *err = iou_args_err(state);

	if (args->build.source) {
		iou_err_set(err, IOU_CAUSE_USAGE, "usage", 0, "more than one FILE: '%s' and '%s'",
			    args->build.source, arg);
		return EINVAL;
	}
	if (!iou_build_is_source(arg)) {
		iou_args_usage(state, "C source: its name does not end in .c", arg);
		return EINVAL;
	}
	args->build.source = arg;
	return 0;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct args *args = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &args->common;
		return 0;
	case 'o':
		if (!arg[0])
			return iou_args_usage(state, "a path", arg);
		args->build.object = arg;
		return 0;
	case 'I':
	case 'D':
		return arg[0] ? add_option(args, key, arg)
			      : iou_args_usage(state, key == 'I' ? "a directory" : "a macro", arg);
	case 'O':
		return parse_optimize(state, args, arg);
	case ARGP_KEY_ARG:
		return parse_file(state, args, arg);
	case ARGP_KEY_END:
		if (args->build.source)
			return 0;
		iou_err_set(iou_args_err(state), IOU_CAUSE_USAGE, "usage", 0, "no FILE was given");
		iou_err_hint(iou_args_err(state), "'iouctl new NAME' writes one to begin with");
		return EINVAL;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.doc = "Compile FILE, a loop in C, and see that what comes out is a loop.\v"
	       "clang compiles it: that of PATH, or the one that the environment's CLANG names. "
	       "The "
	       "object is written when all went well, and not at all otherwise.",
	.children = iou_common_children,
};

/* ---- Names ---- */

/* A parameter that is called as an option of @command could only be set in one of two ways. */
static int check_names(const struct iou_loop *loop, const struct iou_command *command,
		       struct iou_err *err)
{
	const struct iou_decls *decls = iou_loop_decls(loop);

	for (size_t i = 0; i < decls->nr; i++) {
		const struct iou_decl *decl = &decls->list[i];

		if (decl->what != IOU_DECL_PARAM || !iou_args_has_option(command, decl->name))
			continue;
		iou_err_set(err, IOU_CAUSE_REJECTED, "open", 0,
			    "the parameter '%s' is called as an option of 'iouctl %s' is",
			    decl->name, command->name);
		iou_err_hint(err, "give it another name: '--%s VALUE' has to set it", decl->name);
		return -EINVAL;
	}
	return 0;
}

static int check_all_names(const struct iou_build *build, struct iou_err *err)
{
	int ret = 0;

	/* What is declared is the object's: any of its loops has all of it. */
	for (const struct iou_command *const *c = iou_commands; *c && !ret; c++)
		if ((*c)->takes_params)
			ret = check_names(build->loop, *c, err);
	return ret;
}

/* ---- What is printed ---- */

/* The command that runs it, with a placeholder for each parameter that must be set. */
static void next_command(const struct iou_build *build, const char *object, char *line, size_t size)
{
	const struct iou_decls *decls = iou_loop_decls(build->loop);
	const struct iou_decl *self = iou_loop_self(build->loop);
	bool policy = self && self->policy;
	size_t at = policy ? iou_next_attach(line, size, object) : iou_next_run(line, size, object);
	struct iou_ops first = {}, second;
	char word[64];

	if (iou_loop_ops(build->loop, 1, &second) && iou_loop_ops(build->loop, 0, &first)) {
		at = iou_text_add_word(line, at, size, "--ops");
		at = iou_text_add_word(line, at, size, first.name);
	}
	for (size_t i = 0; i < decls->nr; i++) {
		const struct iou_decl *decl = &decls->list[i];
		if (!iou_decl_must_be_set(decl))
			continue;
		snprintf(word, sizeof(word), "%s=%s", decl->name, iou_decl_form(decl));
		at = iou_text_add_word(line, at, size, word);
	}
	if (policy && at < size)
		snprintf(line + at, size - at, " --pid PID --ring-fd auto");
}

/* How many there are, and their names in @text. */
static size_t add_loops(struct iou_doc *doc, const struct iou_build *build, char *text, size_t size)
{
	struct iou_doc *loops = iou_doc_array(doc, "loops"), *row;
	size_t at = 0, nr = 0;
	struct iou_ops ops;

	for (; iou_loop_ops(build->loop, nr, &ops); nr++) {
		row = iou_doc_object(loops, NULL);
		iou_doc_string(row, "name", NULL, ops.name);
		iou_doc_string(row, "description", NULL, ops.self ? ops.self->help : NULL);
		if (at < size)
			at += (size_t)snprintf(text + at, size - at, "%s'%s'", at ? ", " : "",
					       ops.name);
	}
	return nr;
}

static int print_made(const struct iou_build *build, const struct args *args)
{
	struct iou_doc *doc = iou_doc_new("iouctl.build/1"), *made, *next;
	char size[32], loops[512] = "", line[4608];
	size_t nr;
	int code;

	next_command(build, args->build.object, line, sizeof(line));
	iou_doc_string(doc, "source", NULL, args->build.source);
	made = iou_doc_string(doc, "object", "made", args->build.object);
	iou_doc_u64(doc, "size", NULL, build->image.size);
	nr = add_loops(doc, build, loops, sizeof(loops));
	iou_doc_text(made, "%s, %s: %s %s", args->build.object,
		     iou_text_size(size, sizeof(size), build->image.size),
		     nr > 1 ? "loops" : "loop", loops);
	next = iou_doc_array(doc, "next");
	iou_doc_string(next, NULL, "next", line);
	code = iou_report_doc(doc, args->common.format, IOU_EXIT_OK);
	iou_doc_free(doc);
	return code;
}

/* ---- */

static int make(const struct args *args, struct iou_err *err)
{
	struct iou_build build;
	int code = -1;

	if (iou_build_make(&build, &args->build, err))
		return -1;
	if (build.messages)
		fprintf(stderr, "%s\n", build.messages);
	if (check_all_names(&build, err) == 0 &&
	    iou_build_write(&build, args->build.object, err) == 0)
		code = print_made(&build, args);
	iou_build_release(&build);
	return code;
}

static int init(struct args *args, int argc, char **argv, struct iou_err *err)
{
	const char *no_colour = getenv("NO_COLOR");

	args->common.format = iou_args_format(argc, argv);
	args->build.no_colour = no_colour && *no_colour;
	args->build.debug = iou_debug;
	args->options = calloc((size_t)argc + 1, sizeof(*args->options));
	return args->options ? 0
			     : iou_err_set(err, IOU_CAUSE_FAILED, "usage", ENOMEM,
					   "cannot read the command line");
}

static void release(struct args *args)
{
	for (size_t i = 0; i < args->options_nr; i++)
		free(args->options[i]);
	free(args->options);
	free(args->object);
}

static int run(const struct iou_command *command, int argc, char **argv)
{
	struct args args = {};
	struct iou_err err = {};
	int ret = init(&args, argc, argv, &err), code = -1;

	if (!ret)
		ret = iou_args_parse(command, argc, argv, &args.common, &err);
	if (!ret) {
		args.build.options = (const char *const *)args.options;
		args.build.capture = args.common.format != IOU_FORMAT_TEXT;
		args.object = iou_build_object_of(args.build.source);
		args.build.object = args.build.object ?: args.object;
		if (!args.build.object)
			ret = iou_err_set(&err, IOU_CAUSE_FAILED, "build", ENOMEM,
					  "cannot compile '%s'", args.build.source);
	}
	if (!ret)
		code = make(&args, &err);
	if (ret > 0)
		code = iou_report_flush(IOU_EXIT_OK);
	else if (code < 0)
		code = iou_report_error(&err, args.common.format);
	release(&args);
	return code;
}

const struct iou_command iou_build_command = {
	.name = "build",
	.args = "FILE",
	.help = "Compile a loop, and see that it is one",
	.argp = &argp,
	.run = run,
};
