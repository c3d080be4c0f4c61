// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* --set and --get: each line of the input is VAR=VALUE, of an object with variables of all types. */
#include <bpf/libbpf.h>
#include <stdio.h>

#include "fuzz.h"
#include "loop/loop.h"
#include "session/set.h"

static int quiet(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	(void)level;
	(void)fmt;
	(void)ap;
	return 0;
}

static struct iou_image image;
static struct iou_loop *loop;

/* The object is named by the environment: it is made by another build. */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct iou_err err = {};

	(void)argc;
	(void)argv;
	libbpf_set_print(quiet);
	if (iou_image_find(&image, getenv("FUZZ_OBJECT") ?: "settable.bpf.o", &err) ||
	    iou_loop_open(&loop, &image, NULL, &err)) {
		fprintf(stderr, "%s\n", err.message);
		exit(1);
	}
	return 0;
}

/* What was set can be found, and lies within its map. */
static void check(const char *path)
{
	struct iou_var var;
	size_t size = 0;

	FUZZ_MUST(iou_loop_var(loop, path, &var) == 0);
	FUZZ_MUST(bpf_map__initial_value(var.map, &size));
	FUZZ_MUST(var.offset <= size && var.size <= size - var.offset);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	IOU_FREE char *text = fuzz_text(data, size);
	char *rest = text, *line;

	while ((line = strsep(&rest, "\n"))) {
		const char *const sets[] = {line};
		struct iou_err err = {};

		/* Without a ring: files are not opened, nor buffers made. */
		if (iou_sets_apply(sets, 1, loop, NULL, NULL, &err) == 0) {
			*strchr(line, '=') = '\0';
			check(line);
		} else {
			FUZZ_MUST(err.message[0]);
		}
		iou_err_release(&err);
	}
	return 0;
}
