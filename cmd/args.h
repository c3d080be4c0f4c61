/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Command lines: argp, with exact option names, near misses, and a loop's own parameters. */
#pragma once

#include <argp.h>
#include <stdbool.h>

#include "base/err.h"
#include "dump/dump.h"
#include "render/render.h"

struct iou_command {
	const char *name;
	const char *args; /* "LOOP [NAME=VALUE...]" */
	const char *help; /* one line */
	const struct argp *argp;
	/* After its first argument, an option that it does not have is a NAME=VALUE. */
	bool takes_params;
	/* A command line of its own, after "--". */
	bool takes_command;
	/* @argv[0] is the command's name. Returns an exit code. */
	int (*run)(const struct iou_command *command, int argc, char **argv);
};

/*
 * Options that all commands have. A command's argp has iou_common_children, its input begins
 * with this struct, and its parser hands that on: `state->child_inputs[0] = &args->common`.
 */
struct iou_common {
	enum iou_format format;
	bool help;
	struct iou_err *err; /* iou_args_parse()'s */
};

extern const struct argp_child iou_common_children[];

/*
 * Check @argv against the command's options, with exact names, and parse it. Returns 0, or 1
 * when --help was asked for and printed, or -errno with @err, stage and cause "usage".
 */
int iou_args_parse(const struct iou_command *command, int argc, char **argv,
		   struct iou_common *input, struct iou_err *err);

/* For a command's parser: where it says what is wrong, before it returns EINVAL. */
struct iou_err *iou_args_err(struct argp_state *state);

/* The same, of an argument: "'ARG' is not WHAT". Returns EINVAL. */
error_t iou_args_usage(struct argp_state *state, const char *what, const char *arg);

/* A duration above 0, in nanoseconds; @example is one, for who gave none. Returns 0 or EINVAL. */
error_t iou_args_duration(struct argp_state *state, const char *arg, const char *example,
			  uint64_t *ns);

/* --get ARG: one more of what @dump prints, whose list is to be freed. 0 or ENOMEM. */
error_t iou_args_get(struct argp_state *state, struct iou_dump_config *dump, const char *arg);

/* Whether --json is among @argv, before "--": errors of parsing are a document too then. */
enum iou_format iou_args_format(int argc, char **argv);

/* The option of @command, without its dashes, that @word is nearest to, or NULL. */
const char *iou_args_nearest_option(const struct iou_command *command, const char *word);

/* Whether @command has an option of exactly this name, without its dashes. */
bool iou_args_has_option(const struct iou_command *command, const char *name);

/* Call @each for every option of @argp and its children. */
void iou_args_options(const struct argp *argp,
		      void (*each)(const struct argp_option *option, void *data), void *data);
