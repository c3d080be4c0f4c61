/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The bytes of a loop's object file, wherever they come from. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* An object inside the binary; the table is made by the build (bpf/CMakeLists.txt). */
struct iou_builtin {
	const char *name;
	const void *data;
	const void *end;
};

extern const struct iou_builtin iou_builtins[];
extern const size_t iou_builtins_nr;

struct iou_image {
	char *name;   /* "nop-chain", or the file's name without .bpf.o or .o */
	char *source; /* "built-in", or the path as it was given or found */
	const void *data;
	size_t size;
	void *owned; /* what to free of @data: NULL for a built-in */
};

/*
 * Find what the user calls @spec: with a slash or a final ".o" a file's path, else a built-in,
 * else a loop on the search path (loop/path.h). Stage "open". Causes: USAGE (no such loop, with
 * the nearest name as the hint), REJECTED (not an ELF object for BPF of this machine's byte
 * order), PERMISSION (also: on the search path, but not safe for root), FAILED (cannot be read).
 */
int iou_image_find(struct iou_image *image, const char *spec, struct iou_err *err);

/* What is in the open file @fd, from where it is read on, called @path. Fails as the one above. */
int iou_image_from_fd(struct iou_image *image, int fd, const char *path, struct iou_err *err);

/* The same for the @size bytes at @data, which were allocated and are the image's from now on, also
 * where it fails: REJECTED, FAILED. */
int iou_image_from_bytes(struct iou_image *image, const char *name, const char *source, void *data,
			 size_t size, struct iou_err *err);

int iou_image_builtin(struct iou_image *image, const struct iou_builtin *builtin,
		      struct iou_err *err);

/* The licence that the object tells the kernel, to be freed; NULL for none. */
char *iou_image_license(const struct iou_image *image);

/* The SHA-256 of its bytes in hexadecimal digits. Returns @text. */
#define IOU_SHA256_TEXT 65
char *iou_image_sha256(const struct iou_image *image, char text[IOU_SHA256_TEXT]);

void iou_image_release(struct iou_image *image);
