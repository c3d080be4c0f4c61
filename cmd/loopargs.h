/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the commands that load a loop have in common: LOOP, NAME=VALUE, and the ring's options. */
#pragma once

#include "args.h"
#include "loop/loop.h"
#include "session/session.h"

struct iou_loop_args {
	struct iou_common common;
	const char *loop, *ops;
	struct iou_session_config session;
	char **params; /* NAME=VALUE, of argv */
	size_t params_nr;
	const char **sets; /* of @session: VAR=VALUE, of argv */
	char **given;      /* argv as it was, which parsing changes; NULL-terminated */
};

/* A command's argp has one of these, its input begins with struct iou_loop_args, and its parser
 * hands that on: `state->child_inputs[0] = args`. The second has the options of a ring that is made
 * for the loop, too. */
extern const struct argp_child iou_loop_args_children[];
extern const struct argp_child iou_ring_args_children[];

/* @args for @argc arguments; what it owns is released by the other. 0 or -ENOMEM with @err. */
int iou_loop_args_init(struct iou_loop_args *args, int argc, char **argv, struct iou_err *err);
void iou_loop_args_release(struct iou_loop_args *args);

/*
 * Find and open the loop that the user named, and set its parameters. Both are the caller's, also
 * on failure: the loop must be freed before the image is released.
 */
int iou_loop_args_open(const struct iou_command *command, const struct iou_loop_args *args,
		       struct iou_image *image, struct iou_loop **loop, struct iou_err *err);

/* The same once more, for another ring, with the object that the user named. */
int iou_loop_args_open_again(const struct iou_command *command, const struct iou_loop_args *args,
			     const struct iou_image *image, struct iou_loop **loop,
			     struct iou_err *err);

/*
 * Where @err is that this kernel has no loops: the same command line, for the micro-VM, as its
 * hint.
 */
void iou_loop_args_hint_at_vm(const struct iou_loop_args *args, struct iou_err *err);
