/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which of the loops that are bound a command is for: ID, PIN, --pid, --ring-fd, --all. */
#pragma once

#include "args.h"
#include "survey/survey.h"

struct iou_which_args {
	struct iou_common common;
	char **which; /* IDs and pins, of argv */
	size_t which_nr;
	int32_t pid, ring_fd; /* 0, -1: not said */
	bool all;
};

/* A command's argp has these, its input begins with struct iou_which_args, and its parser hands
 * that on: `state->child_inputs[0] = args`. */
extern const struct argp_child iou_which_args_children[];

/* @args for @argc arguments; what it owns is released by the other. 0 or -ENOMEM with @err. */
int iou_which_args_init(struct iou_which_args *args, int argc, char **argv, struct iou_err *err);
void iou_which_args_release(struct iou_which_args *args);

/* What argp does not look at; @none: no loop need be named. Stage and cause "usage". */
int iou_which_args_check(const struct iou_which_args *args, bool none, struct iou_err *err);

/* Whether a word is the path of a pin, rather than an ID. */
bool iou_which_is_pin(const char *which);

/* Whether any is named by something else than a pin: those are found by iou_survey(). */
bool iou_which_is_seen(const struct iou_which_args *args);

/* Whether @loop, of @survey, is one of them; pins are not looked at. */
bool iou_which_means(const struct iou_which_args *args, const struct iou_survey *survey,
		     const struct iou_survey_loop *loop);
