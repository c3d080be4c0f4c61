// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * gen IN OUT: copies IN to OUT. A line that is "@WORD@" or "@WORD ARGUMENT@" is replaced by what
 * the program knows: options, commands, loops.
 */
#include "gen.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "ring/ring.h"

static const struct {
	const char *word;
	int (*print)(FILE *out, const char *arg);
} markers[] = {
	{"BASH", gen_bash},         {"ZSH", gen_zsh},           {"FISH", gen_fish},
	{"HEADER", gen_header},     {"SYNOPSIS", gen_synopsis}, {"OPTIONS", gen_options},
	{"COMMANDS", gen_commands}, {"LOOPS", gen_loops},
};

static bool is_words(const char *text)
{
	return !text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-|")];
}

enum gen_value gen_value_of(const struct argp_option *option)
{
	const char *arg = option->arg;

	if (!arg)
		return GEN_VALUE_NONE;
	if (strcmp(arg, "PATH") == 0)
		return GEN_VALUE_FILE;
	if (strcmp(arg, "DIR") == 0)
		return GEN_VALUE_DIR;
	if (strcmp(arg, "[-]FLAG") == 0)
		return GEN_VALUE_RING_FLAG;
	return is_words(arg) ? GEN_VALUE_WORDS : GEN_VALUE_ANY;
}

bool gen_value_is_optional(const struct argp_option *option)
{
	return option->arg && option->flags & OPTION_ARG_OPTIONAL;
}

bool gen_takes_loop(const struct iou_command *command)
{
	static const char word[] = "LOOP";
	const char *args = command->args ?: "";

	return strncmp(args, word, strlen(word)) == 0 && !isalnum(args[strlen(word)]);
}

char gen_short_of(const struct argp_option *option)
{
	return option->key > 0 && option->key < 0x80 && isalnum(option->key) ? (char)option->key
									     : 0;
}

static void print_ring_flags(FILE *out, const char *before)
{
	for (unsigned int bit = 0; iou_ring_flag_name(bit); bit++)
		fprintf(out, " %s%s", before, iou_ring_flag_name(bit));
}

void gen_words(FILE *out, const struct argp_option *option)
{
	switch (gen_value_of(option)) {
	case GEN_VALUE_RING_FLAG:
		print_ring_flags(out, "");
		print_ring_flags(out, "-");
		break;
	case GEN_VALUE_WORDS:
		fputc(' ', out);
		for (const char *c = option->arg; *c; c++)
			fputc(*c == '|' ? ' ' : *c, out);
		break;
	default:
		break;
	}
}

void gen_quoted(FILE *out, const char *text, const char *special)
{
	for (; *text; text++) {
		if (*text == '\'') {
			fputs("'\\''", out);
			continue;
		}
		if (strchr(special, *text))
			fputc('\\', out);
		fputc(*text, out);
	}
}

/* @line, without its newline, is a marker's: replace it. 0 or -errno, which was said. */
static int replace(FILE *out, char *line)
{
	char *word = line + 1, *arg;

	line[strlen(line) - 1] = '\0';
	arg = strchr(word, ' ');
	if (arg)
		*arg++ = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(markers); i++)
		if (strcmp(markers[i].word, word) == 0)
			return markers[i].print(out, arg ?: "");
	fprintf(stderr, "gen: no marker is called '%s'\n", word);
	return -EINVAL;
}

static bool is_marker(const char *line)
{
	size_t len = strlen(line);

	return len > 2 && line[0] == '@' && isupper((unsigned char)line[1]) && line[len - 1] == '@';
}

static int copy(FILE *in, FILE *out)
{
	IOU_FREE char *line = NULL;
	size_t size = 0;
	ssize_t length;
	int ret = 0;

	while (!ret && (length = getline(&line, &size, in)) > 0) {
		if (line[length - 1] == '\n')
			line[length - 1] = '\0';
		if (is_marker(line))
			ret = replace(out, line);
		else
			fprintf(out, "%s\n", line);
	}
	return ret;
}

int main(int argc, char **argv)
{
	IOU_FCLOSE FILE *in = argc == 3 ? fopen(argv[1], "re") : NULL;
	struct stat st = {};
	FILE *out;
	int ret;

	if (!in) {
		fprintf(stderr, "gen: %s\n", argc == 3 ? strerror(errno) : "usage: gen IN OUT");
		return 1;
	}
	out = fopen(argv[2], "we");
	if (!out) {
		fprintf(stderr, "gen: cannot write '%s': %s\n", argv[2], strerror(errno));
		return 1;
	}
	fstat(fileno(out), &st);
	ret = copy(in, out);
	if (ferror(out) | fclose(out)) {
		fprintf(stderr, "gen: cannot write '%s'\n", argv[2]);
		ret = -EIO;
	}
	/* Half a file would count as made; what is no file is not ours to remove. */
	if (ret && S_ISREG(st.st_mode))
		remove(argv[2]);
	return ret ? 1 : 0;
}
