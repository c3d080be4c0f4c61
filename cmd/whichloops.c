// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "whichloops.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/parse.h"

enum { KEY_PID = 0x900, KEY_RING_FD, KEY_ALL };

static const struct argp_option options[] = {
	{"pid", KEY_PID, "PID", 0, "The loops on rings of this process", 0},
	{"ring-fd", KEY_RING_FD, "FD", 0, "With --pid: the one on this ring", 0},
	{"all", KEY_ALL, NULL, 0, "All loops that iouctl attached", 0},
	{},
};

static error_t parse_number(struct argp_state *state, const char *arg, const char *what,
			    uint64_t least, int32_t *number)
{
	uint64_t value;

	if (iou_parse_u64(arg, &value) || value < least || value > INT_MAX)
		return iou_args_usage(state, what, arg);
	*number = (int32_t)value;
	return 0;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct iou_which_args *args = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &args->common;
		return 0;
	case KEY_PID:
		return parse_number(state, arg, "the number of a process", 1, &args->pid);
	case KEY_RING_FD:
		return parse_number(state, arg, "a descriptor", 0, &args->ring_fd);
	case KEY_ALL:
		args->all = true;
		return 0;
	case ARGP_KEY_ARG:
		args->which[args->which_nr++] = arg;
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

const struct argp_child iou_which_args_children[] = {{&argp, 0, NULL, 0}, {}};

int iou_which_args_init(struct iou_which_args *args, int argc, char **argv, struct iou_err *err)
{
	args->common.format = iou_args_format(argc, argv);
	args->ring_fd = -1;
	args->which = calloc((size_t)argc + 1, sizeof(*args->which));
	if (!args->which)
		return iou_err_set(err, IOU_CAUSE_FAILED, "usage", ENOMEM,
				   "cannot read the command line");
	return 0;
}

void iou_which_args_release(struct iou_which_args *args)
{
	free(args->which);
	args->which = NULL;
}

int iou_which_args_check(const struct iou_which_args *args, bool none, struct iou_err *err)
{
	uint64_t id;

	if (args->ring_fd >= 0 && !args->pid) {
		iou_err_set(err, IOU_CAUSE_USAGE, "usage", 0, "--ring-fd needs --pid");
		return -EINVAL;
	}
	for (size_t i = 0; i < args->which_nr; i++) {
		if (iou_which_is_pin(args->which[i]) || !iou_parse_u64(args->which[i], &id))
			continue;
		iou_err_set(err, IOU_CAUSE_USAGE, "usage", 0,
			    "'%s' is neither the ID of a loop nor the path of a pin",
			    args->which[i]);
		iou_err_hint(err, "'iouctl status' shows both");
		return -EINVAL;
	}
	if (none || args->which_nr || args->pid || args->all)
		return 0;
	iou_err_set(err, IOU_CAUSE_USAGE, "usage", 0, "no loop was named");
	iou_err_hint(err, "'iouctl status' shows those that are bound, with their IDs and pins");
	return -EINVAL;
}

/* ---- Which ones ---- */

bool iou_which_is_pin(const char *which)
{
	return strchr(which, '/');
}

bool iou_which_is_seen(const struct iou_which_args *args)
{
	for (size_t i = 0; i < args->which_nr; i++)
		if (!iou_which_is_pin(args->which[i]))
			return true;
	return args->pid || args->all;
}

static bool is_at(const struct iou_survey *survey, const struct iou_survey_loop *loop, int32_t pid,
		  int32_t ring_fd)
{
	const struct iou_survey_ring *ring = iou_survey_ring_of(survey, loop);

	for (size_t i = 0; ring && i < ring->at.nr; i++)
		if (ring->at.list[i].pid == pid && (ring_fd < 0 || ring->at.list[i].fd == ring_fd))
			return true;
	return false;
}

static bool is_named(const struct iou_which_args *args, const struct iou_survey_loop *loop)
{
	uint64_t id;

	for (size_t i = 0; i < args->which_nr; i++)
		if (!iou_which_is_pin(args->which[i]) && !iou_parse_u64(args->which[i], &id) &&
		    id == loop->map_id)
			return true;
	return false;
}

bool iou_which_means(const struct iou_which_args *args, const struct iou_survey *survey,
		     const struct iou_survey_loop *loop)
{
	if (args->all && loop->has_meta)
		return true;
	return is_named(args, loop) || (args->pid && is_at(survey, loop, args->pid, args->ring_fd));
}
