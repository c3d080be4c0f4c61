/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Taking off what another iouctl, or somebody else, bound. */
#pragma once

#include <limits.h>

#include "attach/attach.h"
#include "base/err.h"
#include "survey/survey.h"

/* What was taken off. Text is not trusted. */
struct iou_detached {
	uint32_t id;        /* of its struct_ops map; 0 where it was not asked for */
	char loop[64];      /* its name, or that of its map */
	int32_t pid;        /* of the program, as it was when it was bound; 0: not known */
	char pin[PATH_MAX]; /* where it was pinned, or "" */
	enum iou_left left;
};

/*
 * Take off the loop @seen: in order where iouctl bound it, and what it tied to it makes sense, else
 * by its link alone. The pins of iouctl's own go, too. Stages "detach" and "open"; PERMISSION,
 * FAILED, and USAGE with ENOENT for one that is not there any more. Somebody else's pins stay, and
 * lead to a link that is bound to nothing.
 */
int iou_detach(const struct iou_survey_loop *seen, struct iou_detached *done, struct iou_err *err);

/*
 * The same for what is pinned in the directory @path; USAGE with ENOENT where nothing is, and where
 * there were remains without a link, which are removed; REJECTED: its link is none of a loop.
 */
int iou_detach_pin(const char *path, struct iou_detached *done, struct iou_err *err);
