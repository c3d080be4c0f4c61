// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loopargs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/parse.h"
#include "base/text.h"

enum { KEY_ENTRIES = 0x800, KEY_CQ_ENTRIES, KEY_RING_FLAG, KEY_OPS, KEY_SET };

static const struct argp_option options[] = {
	{"ops", KEY_OPS, "NAME", 0, "Which loop of an object that has several", 10},
	{"set", KEY_SET, "VAR=VALUE", 0,
	 "Set a variable of an object that declares no parameters, before it is loaded; may be "
	 "repeated",
	 10},
	{},
};

static const struct argp_option ring_options[] = {
	{"entries", KEY_ENTRIES, "N", 0, "SQ entries, 1 to 32768, rounded up to a power of two",
	 10},
	{"cq-entries", KEY_CQ_ENTRIES, "N", 0, "CQ entries, no fewer than the SQ's", 10},
	{"ring-flag", KEY_RING_FLAG, "[-]FLAG", 0,
	 "Set up the ring with this flag, or without it after '-' (sq-rewind, -no-sqarray); may be "
	 "repeated",
	 10},
	{},
};

static error_t parse_entries(struct argp_state *state, const char *arg, uint32_t *entries)
{
	uint64_t value;

	if (iou_parse_u64(arg, &value) || value < 1 || value > 65536)
		return iou_args_usage(
			state, "a number of ring entries (1 to 32768, 65536 for the CQ)", arg);
	*entries = (uint32_t)value;
	return 0;
}

/* Those that a loop forbids, that need what `run` does not give, or that it sets by itself. */
#define FLAGS_REFUSED                                                                            \
	(IORING_SETUP_IOPOLL | IORING_SETUP_SQPOLL | IORING_SETUP_SQ_AFF | IORING_SETUP_CQSIZE | \
	 IORING_SETUP_CLAMP | IORING_SETUP_ATTACH_WQ | IORING_SETUP_R_DISABLED |                 \
	 IORING_SETUP_NO_MMAP | IORING_SETUP_REGISTERED_FD_ONLY | IORING_SETUP_HYBRID_IOPOLL)

static error_t parse_ring_flag(struct argp_state *state, const char *arg,
			       struct iou_session_config *config)
{
	bool off = arg[0] == '-';
	int bit = iou_ring_flag_bit(arg + off);
	const char *names[33] = {};
	const char *nearest;
	size_t nr = 0;

	if (bit >= 0 && off && (IOU_RING_LOOP_FLAGS & (1U << bit))) {
		iou_err_set(iou_args_err(state), IOU_CAUSE_USAGE, "usage", 0,
			    "a ring without '%s' can have no loop", arg + 1);
		return EINVAL;
	}
	if (bit >= 0 && !(FLAGS_REFUSED & (1U << bit))) {
		*(off ? &config->flags_off : &config->flags_on) |= 1U << bit;
		*(off ? &config->flags_on : &config->flags_off) &= ~(1U << bit);
		return 0;
	}
	if (bit >= 0)
		return iou_args_usage(state, "a flag for a ring with a loop", arg);
	for (unsigned int i = 0; iou_ring_flag_name(i); i++)
		if (!(FLAGS_REFUSED & (1U << i)))
			names[nr++] = iou_ring_flag_name(i);
	nearest = iou_text_nearest(arg + off, names);
	iou_args_usage(state, "a ring flag", arg);
	if (nearest)
		iou_err_hint(iou_args_err(state), "did you mean '%s'?", nearest);
	else
		iou_err_hint(iou_args_err(state), "iouctl-run(1) names them");
	return EINVAL;
}

static error_t parse_argument(struct iou_loop_args *args, char *arg)
{
	if (args->loop)
		args->params[args->params_nr++] = arg;
	else
		args->loop = arg;
	return 0;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct iou_loop_args *args = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &args->common;
		return 0;
	case KEY_OPS:
		args->ops = arg;
		return 0;
	case KEY_SET:
		if (arg[0] == '=' || !strchr(arg, '='))
			return iou_args_usage(state, "of the form VAR=VALUE", arg);
		args->sets[args->session.sets_nr++] = arg;
		return 0;
	case ARGP_KEY_ARG:
		return parse_argument(args, arg);
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

static const struct argp argp = {.options = options,
				 .parser = parse,
				 .children = iou_common_children};

const struct argp_child iou_loop_args_children[] = {{&argp, 0, NULL, 0}, {}};

static error_t parse_ring(int key, char *arg, struct argp_state *state)
{
	struct iou_loop_args *args = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = args;
		return 0;
	case KEY_ENTRIES:
		return parse_entries(state, arg, &args->session.sq_entries);
	case KEY_CQ_ENTRIES:
		return parse_entries(state, arg, &args->session.cq_entries);
	case KEY_RING_FLAG:
		return parse_ring_flag(state, arg, &args->session);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp ring_argp = {.options = ring_options,
				      .parser = parse_ring,
				      .children = iou_loop_args_children};

const struct argp_child iou_ring_args_children[] = {{&ring_argp, 0, NULL, 0}, {}};

int iou_loop_args_init(struct iou_loop_args *args, int argc, char **argv, struct iou_err *err)
{
	args->common.format = iou_args_format(argc, argv);
	args->params = calloc((size_t)argc + 1, sizeof(*args->params));
	args->sets = calloc((size_t)argc + 1, sizeof(*args->sets));
	args->session.sets = args->sets;
	args->given = calloc((size_t)argc + 1, sizeof(*args->given));
	if (!args->params || !args->sets || !args->given)
		return iou_err_set(err, IOU_CAUSE_FAILED, "usage", ENOMEM,
				   "cannot read the command line");
	memcpy(args->given, argv, (size_t)argc * sizeof(*argv));
	return 0;
}

void iou_loop_args_release(struct iou_loop_args *args)
{
	free(args->params);
	free(args->sets);
	free(args->given);
	*args = (struct iou_loop_args){};
}

/* ---- The loop and its parameters ---- */

static int unknown_param(const struct iou_command *command, const struct iou_loop *loop,
			 const char *name, struct iou_err *err)
{
	const struct iou_decls *decls = iou_loop_decls(loop);
	IOU_FREE const char **names = calloc(decls->nr + 1, sizeof(*names));
	const char *param = NULL, *option = iou_args_nearest_option(command, name);
	char list[512] = "";
	size_t nr = 0, at = 0;

	for (size_t i = 0; names && i < decls->nr; i++) {
		if (decls->list[i].what != IOU_DECL_PARAM)
			continue;
		if (at < sizeof(list))
			at += (size_t)snprintf(list + at, sizeof(list) - at, "%s%s", at ? ", " : "",
					       decls->list[i].name);
		names[nr++] = decls->list[i].name;
	}
	if (names)
		param = iou_text_nearest(name, names);
	iou_err_set(err, IOU_CAUSE_USAGE, "usage", 0, "'%s' has no parameter or option '%s'",
		    iou_loop_name(loop), name);
	if (param)
		iou_err_hint(err, "did you mean '%s'? Its parameters are: %s", param, list);
	else if (option)
		iou_err_hint(err, "did you mean '--%s'?", option);
	else
		iou_err_hint(err, nr ? "its parameters are: %s" : "it has none%s", list);
	return -EINVAL;
}

/* @word is NAME=VALUE, or the name of a flag, which it sets. */
static int set_param(const struct iou_command *command, struct iou_loop *loop, const char *word,
		     struct iou_err *err)
{
	IOU_FREE char *name = strdup(word);
	char *value = name ? strchr(name, '=') : NULL;
	const struct iou_decl *param;

	if (!name)
		return iou_err_set(err, IOU_CAUSE_FAILED, "usage", ENOMEM,
				   "cannot read the parameters");
	if (value)
		*value++ = '\0';
	param = iou_loop_param(loop, name);
	if (!value && (!param || param->kind != IOU_KIND_FLAG)) {
		iou_err_set(err, IOU_CAUSE_USAGE, "usage", 0, "'%s' is not of the form NAME=VALUE",
			    word);
		iou_err_hint(err, "'iouctl show %s' lists the parameters", iou_loop_name(loop));
		return -EINVAL;
	}
	return param ? iou_loop_param_set(loop, param, value ?: "yes", err)
		     : unknown_param(command, loop, name, err);
}

static int set_params(const struct iou_command *command, struct iou_loop *loop,
		      const struct iou_loop_args *args, struct iou_err *err)
{
	int ret = 0;

	for (size_t i = 0; i < args->params_nr && !ret; i++)
		ret = set_param(command, loop, args->params[i], err);
	return ret;
}

int iou_loop_args_open_again(const struct iou_command *command, const struct iou_loop_args *args,
			     const struct iou_image *image, struct iou_loop **loop,
			     struct iou_err *err)
{
	int ret = iou_loop_open(loop, image, args->ops, err);

	return ret ?: set_params(command, *loop, args, err);
}

int iou_loop_args_open(const struct iou_command *command, const struct iou_loop_args *args,
		       struct iou_image *image, struct iou_loop **loop, struct iou_err *err)
{
	int ret = iou_image_find(image, args->loop, err);

	return ret ?: iou_loop_args_open_again(command, args, image, loop, err);
}

/* ---- The same in the micro-VM ---- */

/* The same command in the micro-VM, for a kernel that has no loops. */
void iou_loop_args_hint_at_vm(const struct iou_loop_args *args, struct iou_err *err)
{
	char line[512] = "";
	size_t at = 0;

	/* A ring flag that this kernel does not know is another matter. */
	if (err->cause != IOU_CAUSE_UNSUPPORTED ||
	    (strcmp(err->stage, "load") != 0 && err->errnum != ENOSYS))
		return;
	for (char **word = args->given; *word; word++)
		at = iou_text_add_word(line, at, sizeof(line), *word);
	if (at < sizeof(line))
		iou_err_hint(err,
			     "loops need Linux 7.1 with CONFIG_IO_URING_BPF_OPS; "
			     "\"iouctl vm -- %s\" runs this on a kernel that has it",
			     line);
}
