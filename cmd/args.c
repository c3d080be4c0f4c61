// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "args.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/parse.h"
#include "base/text.h"
#include "log.h"

enum { KEY_JSON = 0x1000 };

static const struct argp_option common_options[] = {
	{"json", KEY_JSON, "pretty", OPTION_ARG_OPTIONAL, "Print JSON, on one line or indented",
	 90},
	{"verbose", 'v', NULL, 0, "Say more: libbpf's messages, whole verifier logs", 91},
	{"quiet", 'q', NULL, 0, "No progress and no notes", 91},
	{"help", 'h', NULL, 0, "Print this help", 92},
	{},
};

static error_t parse_common(int key, char *arg, struct argp_state *state)
{
	struct iou_common *common = state->input;

	switch (key) {
	case KEY_JSON:
		if (arg && strcmp(arg, "pretty") != 0) {
			iou_err_set(iou_args_err(state), IOU_CAUSE_USAGE, "usage", 0,
				    "--json takes nothing or =pretty, not '%s'", arg);
			return EINVAL;
		}
		common->format = arg ? IOU_FORMAT_JSON_PRETTY : IOU_FORMAT_JSON;
		return 0;
	case 'v':
		iou_log_level = IOU_LOG_VERBOSE;
		return 0;
	case 'q':
		iou_log_level = IOU_LOG_QUIET;
		return 0;
	case 'h':
		common->help = true;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp common_argp = {.options = common_options, .parser = parse_common};

const struct argp_child iou_common_children[] = {{&common_argp, 0, NULL, 90}, {}};

struct iou_err *iou_args_err(struct argp_state *state)
{
	return ((struct iou_common *)state->input)->err;
}

error_t iou_args_usage(struct argp_state *state, const char *what, const char *arg)
{
	iou_err_set(iou_args_err(state), IOU_CAUSE_USAGE, "usage", 0, "'%s' is not %s", arg, what);
	return EINVAL;
}

void iou_args_options(const struct argp *argp,
		      void (*each)(const struct argp_option *option, void *data), void *data)
{
	const struct argp_option *option = argp->options;

	for (; option && (option->name || option->key || option->doc); option++)
		if (option->name)
			each(option, data);
	for (const struct argp_child *child = argp->children; child && child->argp; child++)
		iou_args_options(child->argp, each, data);
}

/* ---- Exact names ---- */

#define OPTIONS_MAX 64

struct names {
	const char *list[OPTIONS_MAX + 1];
	size_t nr;
};

static void collect(const struct argp_option *option, void *data)
{
	struct names *names = data;

	if (names->nr < OPTIONS_MAX)
		names->list[names->nr++] = option->name;
}

struct search {
	const char *name; /* of @length characters, or NULL */
	size_t length;
	int key;
	const struct argp_option *found;
};

static void match(const struct argp_option *option, void *data)
{
	struct search *search = data;

	if (search->name ? strlen(option->name) == search->length &&
				   strncmp(option->name, search->name, search->length) == 0
			 : option->key == search->key)
		search->found = option;
}

static const struct argp_option *find(const struct iou_command *command, struct search search)
{
	iou_args_options(command->argp, match, &search);
	return search.found;
}

bool iou_args_has_option(const struct iou_command *command, const char *name)
{
	return find(command, (struct search){.name = name, .length = strlen(name)});
}

static bool needs_value(const struct argp_option *option)
{
	return option->arg && !(option->flags & OPTION_ARG_OPTIONAL);
}

const char *iou_args_nearest_option(const struct iou_command *command, const char *word)
{
	struct names names = {};

	iou_args_options(command->argp, collect, &names);
	return iou_text_nearest(word, names.list);
}

static int unknown_option(const struct iou_command *command, const char *arg, struct iou_err *err)
{
	const char *nearest;
	char word[64];

	snprintf(word, sizeof(word), "%.*s", (int)strcspn(arg + 2, "="), arg + 2);
	nearest = iou_args_nearest_option(command, word);
	iou_err_set(err, IOU_CAUSE_USAGE, "usage", 0, "'iouctl %s' has no option '--%s'",
		    command->name, word);
	if (nearest)
		iou_err_hint(err, "did you mean '--%s'?", nearest);
	else
		iou_err_hint(err, "see 'iouctl %s --help'", command->name);
	return -EINVAL;
}

static int missing_value(const char *option, struct iou_err *err)
{
	return iou_err_set(err, IOU_CAUSE_USAGE, "usage", 0, "'%s' needs a value", option);
}

/* "--count 5" and "--count=5" as "count=5", in place; *@at is moved on. */
static int to_param(int argc, char **argv, int *at, struct iou_err *err)
{
	char *arg = argv[*at], *param;

	if (strchr(arg, '=')) {
		argv[*at] = arg + 2;
		return 0;
	}
	if (*at + 1 >= argc)
		return missing_value(arg, err);
	if (asprintf(&param, "%s=%s", arg + 2, argv[*at + 1]) < 0)
		return iou_err_set(err, IOU_CAUSE_FAILED, "usage", ENOMEM, "cannot read options");
	argv[*at] = NULL;
	argv[++*at] = param; /* lives as long as argv does */
	return 0;
}

static int check_long(const struct iou_command *command, int argc, char **argv, int *at,
		      bool after_first, struct iou_err *err)
{
	const char *arg = argv[*at];
	size_t length = strcspn(arg + 2, "=");
	const struct argp_option *option = find(command,
						(struct search){.name = arg + 2, .length = length});

	if (!option)
		return command->takes_params && after_first ? to_param(argc, argv, at, err)
							    : unknown_option(command, arg, err);
	if (!option->arg && arg[2 + length])
		return iou_err_set(err, IOU_CAUSE_USAGE, "usage", 0, "'--%s' takes no value",
				   option->name);
	if (needs_value(option) && !arg[2 + length] && ++*at >= argc)
		return missing_value(arg, err);
	return 0;
}

static int check_short(const struct iou_command *command, int argc, char **argv, int *at,
		       struct iou_err *err)
{
	const char *arg = argv[*at];

	for (const char *c = arg + 1; *c; c++) {
		const struct argp_option *option = find(command, (struct search){.key = *c});

		if (!option) {
			iou_err_set(err, IOU_CAUSE_USAGE, "usage", 0,
				    "'iouctl %s' has no option '-%c'", command->name, *c);
			iou_err_hint(err, "see 'iouctl %s --help'", command->name);
			return -EINVAL;
		}
		if (!needs_value(option))
			continue;
		if (!c[1] && ++*at >= argc)
			return missing_value(arg, err);
		break;
	}
	return 0;
}

/*
 * What argp would do by itself is not strict enough (it takes abbreviations, which later
 * versions would break) and its messages name nothing near. Parameters are made NAME=VALUE here.
 */
static int normalize(const struct iou_command *command, int *argc, char **argv, struct iou_err *err)
{
	bool after_first = false;
	int ret = 0, nr = 1;

	for (int at = 1; at < *argc && !ret; at++) {
		if (strcmp(argv[at], "--") == 0)
			break;
		if (strncmp(argv[at], "--", 2) == 0)
			ret = check_long(command, *argc, argv, &at, after_first, err);
		else if (argv[at][0] == '-' && argv[at][1])
			ret = check_short(command, *argc, argv, &at, err);
		else
			after_first = true;
	}
	if (ret)
		return ret;
	for (int at = 1; at < *argc; at++)
		if (argv[at])
			argv[nr++] = argv[at];
	*argc = nr;
	argv[nr] = NULL;
	return 0;
}

/* ---- Parsing ---- */

static int print_help(const struct iou_command *command)
{
	struct argp shown = *command->argp;
	char name[64];

	snprintf(name, sizeof(name), "iouctl %s", command->name);
	shown.args_doc = command->args;
	argp_help(&shown, stdout,
		  ARGP_HELP_SHORT_USAGE | ARGP_HELP_PRE_DOC | ARGP_HELP_LONG | ARGP_HELP_POST_DOC,
		  name);
	return 1;
}

int iou_args_parse(const struct iou_command *command, int argc, char **argv,
		   struct iou_common *input, struct iou_err *err)
{
	unsigned int flags = ARGP_NO_HELP | ARGP_NO_ERRS | ARGP_NO_EXIT;
	error_t ret = normalize(command, &argc, argv, err);

	if (ret) {
		if (!err->hint[0])
			iou_err_hint(err, "see 'iouctl %s --help'", command->name);
		return ret;
	}
	if (command->takes_command)
		flags |= ARGP_IN_ORDER;
	input->err = err;
	ret = argp_parse(command->argp, argc, argv, flags, NULL, input);
	if (input->help) {
		iou_err_release(err);
		return print_help(command);
	}
	if (ret && !err->message[0])
		iou_err_set(err, IOU_CAUSE_USAGE, "usage", 0,
			    "'iouctl %s' does not take these arguments", command->name);
	if (ret && !err->hint[0])
		iou_err_hint(err, "see 'iouctl %s --help'", command->name);
	return ret ? -EINVAL : 0;
}

enum iou_format iou_args_format(int argc, char **argv)
{
	enum iou_format format = IOU_FORMAT_TEXT;

	for (int at = 1; at < argc && strcmp(argv[at], "--") != 0; at++) {
		if (strcmp(argv[at], "--json") == 0)
			format = IOU_FORMAT_JSON;
		else if (strcmp(argv[at], "--json=pretty") == 0)
			format = IOU_FORMAT_JSON_PRETTY;
	}
	return format;
}

error_t iou_args_duration(struct argp_state *state, const char *arg, const char *example,
			  uint64_t *ns)
{
	char what[64];

	if (!iou_parse_duration(arg, ns) && *ns)
		return 0;
	snprintf(what, sizeof(what), "a duration above 0, such as %s", example);
	return iou_args_usage(state, what, arg);
}

error_t iou_args_get(struct argp_state *state, struct iou_dump_config *dump, const char *arg)
{
	const char **get = reallocarray(dump->get, dump->get_nr + 1, sizeof(*get));

	if (!get) {
		iou_err_set(iou_args_err(state), IOU_CAUSE_FAILED, "usage", ENOMEM,
			    "cannot read the command line");
		return ENOMEM;
	}
	dump->get = get;
	dump->get[dump->get_nr++] = arg;
	return 0;
}
