// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "base/words.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void iou_words_add(struct iou_words *words, const char *fmt, ...)
{
	char **list = reallocarray(words->list, words->nr + 2, sizeof(*list));
	va_list ap;

	if (!list) {
		words->failed = true;
		return;
	}
	words->list = list;
	va_start(ap, fmt);
	if (vasprintf(&list[words->nr], fmt, ap) < 0)
		words->failed = true;
	else
		words->nr++;
	va_end(ap);
	list[words->nr] = NULL;
}

void iou_words_release(struct iou_words *words)
{
	for (size_t i = 0; i < words->nr; i++)
		free(words->list[i]);
	free(words->list);
	*words = (struct iou_words){};
}
