// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "next.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "loop/loop.h"

/* Without a slash it might be taken for a built-in's name. */
static size_t add_path(char *line, size_t at, size_t size, const char *path)
{
	char here[4096];

	if (!strchr(path, '/')) {
		snprintf(here, sizeof(here), "./%s", path);
		path = here;
	}
	return iou_text_add_word(line, at, size, path);
}

size_t iou_next_run(char *line, size_t size, const char *path)
{
	size_t at = (size_t)snprintf(line, size, "iouctl %srun",
				     iou_loop_kernel_has_type() ? "" : "vm -- ");

	return add_path(line, at, size, path);
}

size_t iou_next_attach(char *line, size_t size, const char *path)
{
	return add_path(line, (size_t)snprintf(line, size, "iouctl attach"), size, path);
}
