/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The variables and maps of a loop's object, also of one that declares nothing. */
#pragma once

#include "base/err.h"
#include "loop/loop.h"
#include "render/doc.h"

struct iou_dump_config {
	const char **get; /* variables by path, as iou_loop_var() takes them */
	size_t get_nr;    /* 0: all that are not printed elsewhere */
	bool all;         /* all entries of maps and elements of arrays */
};

/* Whether @loop has all of @config's variables. Stage and cause "usage", with the nearest name. */
int iou_dump_check(const struct iou_loop *loop, const struct iou_dump_config *config,
		   struct iou_err *err);

/*
 * Add "globals" and "maps" of @loop as they are now. In text, variables are there when they were
 * asked for, and those of an object that does not use our header and so declares no statistics.
 */
void iou_dump_add(struct iou_doc *doc, const struct iou_loop *loop,
		  const struct iou_dump_config *config);
