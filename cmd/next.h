/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What to type next: a command line that does what it says here, as a shell reads it. */
#pragma once

#include <stddef.h>

/*
 * Begin @line, of @size bytes, with what runs the object @path: in the micro-VM where this kernel
 * has no loops. Returns how many bytes are used, for iou_text_add_word().
 */
size_t iou_next_run(char *line, size_t size, const char *path);

/* The same for a policy: what binds it, but for the ring. */
size_t iou_next_attach(char *line, size_t size, const char *path);
