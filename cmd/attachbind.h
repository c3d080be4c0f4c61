/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A loop for each of the rings that 'iouctl attach' is to have. */
#pragma once

#include "attach/attach.h"
#include "attach/find.h"
#include "attachargs.h"
#include "commands.h"

/* All that is bound, or is to be. The first loop is the one that the command line was checked with.
 */
struct iou_bound_list {
	struct iou_bound *list;
	size_t nr;
};

/*
 * Bind one to each of @targets, which are taken, or with --dry-run only check that it may be. What
 * is bound when one fails stays so: see iou_bound_leave(). Errors as of iou_attach().
 */
int iou_bind_all(const struct iou_command *command, const struct iou_attach_args *args,
		 const struct iou_image *image, struct iou_targets *targets,
		 struct iou_bound_list *bounds, struct iou_err *err);

/* What is bound by then, though another one could not be, leaves as it would in the end. */
void iou_bound_leave(const struct iou_bound_list *bounds);

void iou_bound_release(struct iou_bound_list *bounds);
