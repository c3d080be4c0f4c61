/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * From a loop's source to an object that can be run: compiled by clang, linked by libbpf, which
 * leaves out all debug information but BTF, and opened to see that a loop is in it. Nothing is
 * written to before all of that went well.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "loop/loop.h"

struct iou_build_config {
	const char *source;         /* ends in .c */
	const char *object;         /* where to put it */
	const char *optimize;       /* what follows -O; NULL: 2 */
	const char *const *options; /* of clang, "-IDIR" and "-DNAME"; NULL-terminated */
	/* What clang says goes into the error's detail, or iou_build.messages, and not to
	 * standard error. */
	bool capture;
	bool no_colour;
	void (*debug)(const char *fmt, ...); /* for the command line of clang; may be NULL */
};

struct iou_build {
	struct iou_image image; /* of the object; called as the source */
	struct iou_loop *loop;  /* the first of its loops; iou_loop_ops() has all */
	char *messages;         /* warnings that were captured; NULL for none */
};

/*
 * Compile, link and open @config's source. Stages "usage" (no such source, or an object that
 * cannot be), "build" and "open". Causes: USAGE, PERMISSION, REJECTED (does not compile, or is no
 * loop), FAILED (clang or a header is not there, and all else). @build, which is the caller's to
 * release, must stay where it is: a loop knows its image by its address. On failure it is empty.
 */
int iou_build_make(struct iou_build *build, const struct iou_build_config *config,
		   struct iou_err *err);

/*
 * Put the object into its place, as a whole or not at all; what is there and is no regular file is
 * written to. Stage "output".
 */
int iou_build_write(const struct iou_build *build, const char *object, struct iou_err *err);

void iou_build_release(struct iou_build *build);

/* Where `cc -c` would put the object of @source: "hello.bpf.o" for "dir/hello.bpf.c". To be freed;
 * NULL for no memory. */
char *iou_build_object_of(const char *source);

/* Whether @path ends in .c, with something before it. */
bool iou_build_is_source(const char *path);
