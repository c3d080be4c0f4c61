// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "test.h"

#include "args.h"

struct args {
	struct iou_common common;
	const char *size;
	bool flag;
	const char *words[8];
	int words_nr;
};

static const struct argp_option options[] = {
	{"size", 's', "N", 0, "", 0},
	{"flag", 'f', NULL, 0, "", 0},
	{},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct args *args = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &args->common;
		return 0;
	case 's':
		args->size = arg;
		return 0;
	case 'f':
		args->flag = true;
		return 0;
	case ARGP_KEY_ARG:
		args->words[args->words_nr++] = arg;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.children = iou_common_children,
};

static const struct iou_command command = {.name = "test", .argp = &argp, .takes_params = true};
static const struct iou_command plain = {.name = "test", .argp = &argp};
static const struct iou_command wrapper = {.name = "test", .argp = &argp, .takes_command = true};

/* Words that parsing made are left to whoever owns argv; here, until the end of the program. */
static char *made[64];
static size_t made_nr;

static void keep_made(char *word, const char *const *words)
{
	for (; *words; words++)
		if (word == *words || word == *words + 2)
			return;
	assert_true(made_nr < sizeof(made) / sizeof(made[0]));
	made[made_nr++] = word;
}

static int free_made(void **state)
{
	(void)state;
	while (made_nr)
		free(made[--made_nr]);
	return 0;
}

static int try(const struct iou_command *which, struct args *args, struct iou_err *err,
	       const char *const *words)
{
	char *argv[16] = {(char *)"test"};
	int argc = 1, ret;

	/* They are never written to. */
	for (; words[argc - 1]; argc++)
		argv[argc] = (char *)words[argc - 1];
	*args = (struct args){};
	iou_err_release(err);
	ret = iou_args_parse(which, argc, argv, &args->common, err);
	for (int i = 1; i < argc && argv[i]; i++)
		keep_made(argv[i], words);
	return ret;
}

#define TRY(which, ...) try(which, &args, &err, (const char *const[]){__VA_ARGS__, NULL})

static void params(void **state)
{
	struct args args;
	struct iou_err err = {};

	(void)state;
	assert_int_equal(TRY(&command, "loop", "--count", "5", "--depth=6", "a=b", "-f"), 0);
	assert_int_equal(args.words_nr, 4);
	assert_string_equal(args.words[0], "loop");
	assert_string_equal(args.words[1], "count=5");
	assert_string_equal(args.words[2], "depth=6");
	assert_string_equal(args.words[3], "a=b");
	assert_true(args.flag);
	/* An option of the command's own is never a parameter. */
	assert_int_equal(TRY(&command, "loop", "--size", "7"), 0);
	assert_string_equal(args.size, "7");
	assert_int_equal(args.words_nr, 1);
	/* Before the loop there are no parameters. */
	assert_int_equal(TRY(&command, "--count", "5", "loop"), -EINVAL);
	assert_int_equal(err.cause, IOU_CAUSE_USAGE);
	/* A value may look like an option. */
	assert_int_equal(TRY(&command, "loop", "--count", "--size", "1"), 0);
	assert_string_equal(args.words[1], "count=--size");
	assert_int_equal(TRY(&command, "loop", "--count"), -EINVAL);
	assert_non_null(strstr(err.message, "needs a value"));
}

static void exact_names(void **state)
{
	struct args args;
	struct iou_err err = {};

	(void)state;
	assert_int_equal(TRY(&plain, "--siz", "5"), -EINVAL);
	assert_string_equal(err.hint, "did you mean '--size'?");
	assert_int_equal(TRY(&plain, "--jsno"), -EINVAL);
	assert_string_equal(err.hint, "did you mean '--json'?");
	assert_int_equal(TRY(&plain, "--flag=1"), -EINVAL);
	assert_int_equal(TRY(&plain, "--size"), -EINVAL);
	assert_int_equal(TRY(&plain, "-s"), -EINVAL);
	assert_int_equal(TRY(&plain, "-x"), -EINVAL);
	assert_int_equal(TRY(&plain, "-fs5"), 0);
	assert_string_equal(args.size, "5");
	assert_true(args.flag);
	assert_int_equal(TRY(&plain, "-s", "-f"), 0);
	assert_string_equal(args.size, "-f");
}

static void formats(void **state)
{
	struct args args;
	struct iou_err err = {};
	char *json[] = {(char *)"run", (char *)"--json=pretty", NULL};
	char *after[] = {(char *)"vm", (char *)"--", (char *)"--json", NULL};

	(void)state;
	assert_int_equal(TRY(&plain, "--json"), 0);
	assert_int_equal(args.common.format, IOU_FORMAT_JSON);
	assert_int_equal(TRY(&plain, "--json=pretty"), 0);
	assert_int_equal(args.common.format, IOU_FORMAT_JSON_PRETTY);
	assert_int_equal(TRY(&plain, "--json=ugly"), -EINVAL);
	assert_int_equal(iou_args_format(2, json), IOU_FORMAT_JSON_PRETTY);
	assert_int_equal(iou_args_format(3, after), IOU_FORMAT_TEXT);
}

static void commands(void **state)
{
	struct args args;
	struct iou_err err = {};

	(void)state;
	assert_int_equal(TRY(&wrapper, "-f", "--", "run", "--unknown", "-x", "a b"), 0);
	assert_int_equal(args.words_nr, 4);
	assert_string_equal(args.words[1], "--unknown");
	assert_string_equal(args.words[3], "a b");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(params),
		cmocka_unit_test(exact_names),
		cmocka_unit_test(formats),
		cmocka_unit_test(commands),
	};

	return cmocka_run_group_tests_name("args", tests, NULL, free_made);
}
