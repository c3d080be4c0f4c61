/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The global variables of an object, which are set before it is loaded. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "loop/loop.h"

struct iou_global {
	const char *name, *section; /* the loop's */
	char type[96];              /* "__u32", "struct stats", "char[16]", "void *" */
	size_t size;
};

struct iou_globals {
	struct iou_global *list;
	size_t nr;
};

/* Whether it is .rodata, .data, .bss, or one whose name goes on from these; NULL is none. */
bool iou_section_holds_globals(const char *section);

/* All in .rodata, .data, .bss and sections whose names go on from these. -ENOMEM. */
int iou_globals_read(struct iou_globals *globals, const struct iou_loop *loop);

void iou_globals_release(struct iou_globals *globals);
