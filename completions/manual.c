// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The parts of the manual that the program itself knows, as scdoc(5) source. */
#include <errno.h>
#include <string.h>

#include "gen.h"
#include "loop/loop.h"
#include "paramtext.h"

/* @length bytes of @text with nothing in them that means something to scdoc. */
static void put_part(FILE *out, const char *text, size_t length)
{
	for (; length--; text++) {
		if (strchr("\\*_#[]|<>~`", *text))
			fputc('\\', out);
		fputc(*text, out);
	}
}

static void put(FILE *out, const char *text)
{
	put_part(out, text, strlen(text));
}

static const struct iou_command *find_command(const char *name)
{
	for (const struct iou_command *const *c = iou_commands; *c; c++)
		if (strcmp((*c)->name, name) == 0)
			return *c;
	fprintf(stderr, "gen: no command is called '%s'\n", name);
	return NULL;
}

/* @arg is "iouctl-run 1". */
int gen_header(FILE *out, const char *arg)
{
	const char *space = strchr(arg, ' ');

	if (!space)
		return -EINVAL;
	fprintf(out, "%.*s(%s) \"iouctl " IOUCTL_VERSION "\" \"iouctl manual\"\n",
		(int)(space - arg), arg, space + 1);
	return 0;
}

/* The first way to use it, or all: one a line of command->args. */
static void print_usage(FILE *out, const struct iou_command *command, bool all)
{
	const char *args = command->args ?: "";
	size_t length;

	do {
		length = strcspn(args, "\n");
		fprintf(out, "*iouctl %s* [_OPTION_...]%s", command->name, length ? " " : "");
		put_part(out, args, length);
		args += length + (args[length] == '\n');
		fputs(all && *args ? "++\n" : "\n", out);
	} while (all && *args);
}

int gen_synopsis(FILE *out, const char *arg)
{
	const struct iou_command *command = find_command(arg);

	if (!command)
		return -EINVAL;
	print_usage(out, command, true);
	return 0;
}

static void print_option(const struct argp_option *option, void *data)
{
	FILE *out = data;

	if (gen_short_of(option))
		fprintf(out, "*-%c*, ", gen_short_of(option));
	fprintf(out, "*--%s*", option->name);
	if (option->arg) {
		fputs(gen_value_is_optional(option) ? "\\[=" : "=", out);
		put(out, option->arg);
		fputs(gen_value_is_optional(option) ? "\\]" : "", out);
	}
	fputs("\n\t", out);
	put(out, option->doc);
	fputs(".\n\n", out);
}

int gen_options(FILE *out, const char *arg)
{
	const struct iou_command *command = find_command(arg);

	if (!command)
		return -EINVAL;
	iou_args_options(command->argp, print_option, out);
	return 0;
}

int gen_commands(FILE *out, const char *arg)
{
	(void)arg;
	for (const struct iou_command *const *c = iou_commands; *c; c++) {
		print_usage(out, *c, false);
		fputc('\t', out);
		put(out, (*c)->help);
		fprintf(out, ": see *iouctl-%s*(1).\n\n", (*c)->name);
	}
	return 0;
}

/* ---- Loops ---- */

static void print_param(FILE *out, const struct iou_loop *loop, const struct iou_decl *decl)
{
	bool has_unit = decl->kind != IOU_KIND_SIZE && decl->kind != IOU_KIND_DURATION;
	char text[IOU_PARAM_TEXT_MAX];

	fprintf(out, "*%s*\n\t", decl->name);
	put(out, decl->help);
	fprintf(out, "; %s", iou_kind_name(decl->kind));
	if (iou_param_values_text(text, sizeof(text), decl)[0]) {
		fputs(iou_kind_has_choices(decl->kind) ? ": " : ", ", out);
		put(out, text);
	}
	if (has_unit && decl->unit[0]) {
		fputc(' ', out);
		put(out, decl->unit);
	}
	if (iou_param_default_text(text, sizeof(text), loop, decl)[0]) {
		fputs("; default ", out);
		put(out, text);
	} else {
		fputs("; must be set", out);
	}
	fputs(".\n\n", out);
}

static void print_stat(FILE *out, const struct iou_decl *decl)
{
	fprintf(out, "*%s*\n\t", decl->name);
	put(out, decl->help);
	fprintf(out, "; %s", iou_kind_name(decl->kind));
	if (decl->unit[0]) {
		fputs(" of ", out);
		put(out, decl->unit);
	}
	if (decl->by_opcode)
		fputs(" for each opcode", out);
	if (decl->of)
		fprintf(out, ", ends at the value of *%s*", decl->of);
	fputs(".\n\n", out);
}

static void print_decls(FILE *out, const struct iou_loop *loop, enum iou_decl_what what,
			const char *title)
{
	const struct iou_decls *decls = iou_loop_decls(loop);
	int nr = 0;

	for (size_t i = 0; i < decls->nr; i++) {
		if (decls->list[i].what != what)
			continue;
		if (!nr++)
			fprintf(out, "%s:\n\n", title);
		if (what == IOU_DECL_PARAM)
			print_param(out, loop, &decls->list[i]);
		else
			print_stat(out, &decls->list[i]);
	}
}

static void print_loop(FILE *out, const struct iou_loop *loop)
{
	const struct iou_decl *self = iou_loop_self(loop);

	fprintf(out, "## %s\n\n", iou_loop_name(loop));
	if (self) {
		put(out, self->help);
		fputs(". Ring: ", out);
		put(out, self->sq ?: "64");
		fputs(" SQ and ", out);
		put(out, self->cq ?: "512");
		fputs(" CQ entries", out);
		if (self->flags && self->flags[0]) {
			fputs("; ", out);
			put(out, self->flags);
		}
		fputs(".\n\n", out);
	}
	print_decls(out, loop, IOU_DECL_PARAM, "Parameters");
	print_decls(out, loop, IOU_DECL_STAT, "Statistics");
}

static int find_and_print(FILE *out, const char *name)
{
	struct iou_err err = {};
	struct iou_image image = {};
	struct iou_loop *loop = NULL;
	int ret = iou_image_find(&image, name, &err) ?: iou_loop_open(&loop, &image, NULL, &err);

	if (ret)
		fprintf(stderr, "gen: %s\n", err.message);
	else
		print_loop(out, loop);
	iou_loop_free(loop);
	iou_image_release(&image);
	iou_err_release(&err);
	return ret;
}

int gen_loops(FILE *out, const char *arg)
{
	int ret = 0;

	if (arg[0])
		return find_and_print(out, arg);
	for (size_t i = 0; i < iou_builtins_nr && !ret; i++)
		ret = find_and_print(out, iou_builtins[i].name);
	return ret;
}
