/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the option tables and the loops' declarations say, in the form of the shells' completions
 * and of the manual's source. Runs at build time only.
 */
#pragma once

#include <argp.h>
#include <stdbool.h>
#include <stdio.h>

#include "commands.h"

/* What an option's value is: read off the option's metavariable ("PATH", "auto|kvm|tcg"). */
enum gen_value {
	GEN_VALUE_NONE,
	GEN_VALUE_ANY,
	GEN_VALUE_FILE,
	GEN_VALUE_DIR,
	GEN_VALUE_RING_FLAG, /* may have a '-' before it */
	GEN_VALUE_WORDS,     /* the metavariable lists them */
};

enum gen_value gen_value_of(const struct argp_option *option);
bool gen_value_is_optional(const struct argp_option *option);

/* Whether @command's first argument is a loop. */
bool gen_takes_loop(const struct iou_command *command);

/* The character of the short option, or 0. */
char gen_short_of(const struct argp_option *option);

/*
 * The words that the value may be, each after a space: @option's, with the ring flags both as
 * they are and after '-'. Nothing for values that are no words.
 */
void gen_words(FILE *out, const struct argp_option *option);

/* @text with a backslash before each of @special, and ' as the shells have it within '…'. */
void gen_quoted(FILE *out, const char *text, const char *special);

/* The parts of the completions that are data. shells.c */
int gen_bash(FILE *out, const char *arg);
int gen_zsh(FILE *out, const char *arg);
int gen_fish(FILE *out, const char *arg);

/* The parts of the manual's source; @arg is a command's name where one is wanted, or a loop,
 * without which all built-in ones are meant. manual.c */
int gen_header(FILE *out, const char *arg);
int gen_synopsis(FILE *out, const char *arg);
int gen_options(FILE *out, const char *arg);
int gen_commands(FILE *out, const char *arg);
int gen_loops(FILE *out, const char *arg);
