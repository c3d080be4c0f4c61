/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What this kernel has for loops and what this process may use of it: read from the kernel's BTF
 * or tried, never concluded from a version number.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

enum iou_answer {
	IOU_ANSWER_NO,
	IOU_ANSWER_YES,
	IOU_ANSWER_UNKNOWN,
};

/* "no", "yes", "unknown". */
const char *iou_answer_name(enum iou_answer answer);

struct iou_check {
	const char *group; /* "kernel", "ring", "permission", "later", "trial": static */
	char *id;          /* stable, for programs: "struct-type", "ring-sq-rewind", … */
	char *what;        /* for people */
	enum iou_answer answer;
	bool needed; /* loops cannot run without it */
	char *why;   /* may be empty */
};

struct iou_probe {
	char release[65];
	struct iou_check *list;
	size_t nr;
	bool can_run;
	/* For !can_run: UNSUPPORTED or PERMISSION, with what the trial said. */
	struct iou_err verdict;
	bool suspect_cve_2026_72112;
};

/* 0 or -ENOMEM. Makes and runs a ring with a loop, and removes both. */
int iou_probe_run(struct iou_probe *probe);

void iou_probe_release(struct iou_probe *probe);
