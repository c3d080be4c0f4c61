/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Global variables: what is in .rodata, .data, .bss and their like. */
#pragma once

#include "base/err.h"
#include "dump/value.h"
#include "loop/loop.h"

/* Add to @globals all variables, less our header's own and those that @loop declares. */
void iou_dump_globals(struct iou_dump *dump, struct iou_doc *globals, const struct iou_loop *loop,
		      bool labelled);

/* Add to @globals the variable, or field of one, at @path. */
void iou_dump_global(struct iou_dump *dump, struct iou_doc *globals, const struct iou_loop *loop,
		     const char *path);

/* 0, or stage and cause "usage" where @loop has no such variable. */
int iou_dump_global_check(const struct iou_loop *loop, const char *path, struct iou_err *err);
