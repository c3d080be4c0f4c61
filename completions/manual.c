// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The parts of the manual that the program itself knows, as scdoc(5) source. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "gen.h"
#include "base/text.h"
#include "loop/loop.h"

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

/* As users would write it: the units of durations and sizes are part of it. */
static void print_value(FILE *out, const struct iou_decl *decl, uint64_t value)
{
	char text[32];

	switch (decl->kind) {
	case IOU_KIND_S64:
		fprintf(out, "%" PRId64, (int64_t)value);
		break;
	case IOU_KIND_FLAG:
		fputs(value ? "yes" : "no", out);
		break;
	case IOU_KIND_DURATION:
		put(out, iou_text_duration(text, sizeof(text), (double)value));
		break;
	case IOU_KIND_SIZE:
		put(out, iou_text_size(text, sizeof(text), value));
		break;
	default:
		fprintf(out, "%" PRIu64, value);
	}
}

static int print_param(FILE *out, const struct iou_loop *loop, const struct iou_decl *decl)
{
	uint64_t value;
	int ret = iou_loop_param_get(loop, decl, &value);

	if (ret)
		return ret;
	fprintf(out, "*%s*\n\t", decl->name);
	put(out, decl->help);
	fprintf(out, "; %s", iou_kind_name(decl->kind));
	if (decl->kind != IOU_KIND_FLAG) {
		fputs(", ", out);
		print_value(out, decl, decl->min.u);
		fputs(" to ", out);
		print_value(out, decl, decl->max.u);
	}
	if (decl->unit[0] && decl->kind != IOU_KIND_SIZE && decl->kind != IOU_KIND_DURATION) {
		fputc(' ', out);
		put(out, decl->unit);
	}
	fputs(", default ", out);
	print_value(out, decl, value);
	fputs(".\n\n", out);
	return 0;
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
	if (decl->of)
		fprintf(out, ", ends at the value of *%s*", decl->of);
	fputs(".\n\n", out);
}

static int print_decls(FILE *out, const struct iou_loop *loop, enum iou_decl_what what,
		       const char *title)
{
	const struct iou_decls *decls = iou_loop_decls(loop);
	int nr = 0, ret = 0;

	for (size_t i = 0; i < decls->nr && !ret; i++) {
		if (decls->list[i].what != what)
			continue;
		if (!nr++)
			fprintf(out, "%s:\n\n", title);
		if (what == IOU_DECL_PARAM)
			ret = print_param(out, loop, &decls->list[i]);
		else
			print_stat(out, &decls->list[i]);
	}
	return ret;
}

static int print_loop(FILE *out, const struct iou_loop *loop)
{
	const struct iou_decl *self = iou_loop_self(loop);
	int ret;

	fprintf(out, "## %s\n\n", iou_loop_name(loop));
	if (self) {
		put(out, self->help);
		fputs(". Ring: ", out);
		put(out, self->sq ?: "64");
		fputs(" SQ and ", out);
		put(out, self->cq ?: "512");
		fputs(" CQ entries.\n\n", out);
	}
	ret = print_decls(out, loop, IOU_DECL_PARAM, "Parameters");
	return ret ?: print_decls(out, loop, IOU_DECL_STAT, "Statistics");
}

int gen_loops(FILE *out, const char *arg)
{
	struct iou_err err = {};
	int ret = 0;

	(void)arg;
	for (size_t i = 0; i < iou_builtins_nr && !ret; i++) {
		struct iou_image image = {};
		struct iou_loop *loop = NULL;

		ret = iou_image_builtin(&image, &iou_builtins[i], &err);
		if (!ret)
			ret = iou_loop_open(&loop, &image, NULL, &err);
		if (!ret)
			ret = print_loop(out, loop);
		iou_loop_free(loop);
		iou_image_release(&image);
	}
	if (ret)
		fprintf(stderr, "gen: %s: %s\n", err.message, strerror(-ret));
	iou_err_release(&err);
	return ret;
}
