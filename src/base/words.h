/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A command line that grows. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Once memory is short, ->failed is set and stays. */
struct iou_words {
	char **list; /* owned, as are the strings; NULL-terminated */
	size_t nr;
	bool failed;
};

void iou_words_add(struct iou_words *words, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void iou_words_release(struct iou_words *words);
