// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A whole object file, from the path that names it to an open loop. */
#include <bpf/libbpf.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"
#include "loop/loop.h"

static int quiet(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	(void)level;
	(void)fmt;
	(void)ap;
	return 0;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	libbpf_set_print(quiet);
	return 0;
}

/* The bytes of an object that came with a bound loop are looked at as a file's are. */
static int open_bytes(struct iou_image *image, const uint8_t *data, size_t size,
		      struct iou_err *err)
{
	void *bytes = malloc(size ?: 1);

	FUZZ_MUST(bytes);
	memcpy(bytes, data, size);
	return iou_image_from_bytes(image, "carried", "carried", bytes, size, err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	IOU_CLOSE int fd = memfd_create("object", MFD_CLOEXEC);
	struct iou_image image = {}, carried = {};
	struct iou_loop *loop = NULL;
	struct iou_err err = {}, refused = {};
	char path[64];
	int ret;

	FUZZ_MUST(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	ret = iou_image_find(&image, path, &err);
	FUZZ_MUST(ret == open_bytes(&carried, data, size, &refused));
	ret = ret ?: iou_loop_open(&loop, &carried, NULL, &err);
	FUZZ_MUST(ret == 0 || (err.message[0] && err.cause != IOU_CAUSE_USAGE));
	iou_loop_free(loop);
	iou_image_release(&image);
	iou_image_release(&carried);
	iou_err_release(&err);
	iou_err_release(&refused);
	return 0;
}
