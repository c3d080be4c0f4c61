/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Running clang on a loop's source. */
#pragma once

#include "build/build.h"

/* The directory of <iouctl/loop.bpf.h>, beside that of this program. To be freed; NULL: errno. */
char *iou_clang_include_dir(void);

/*
 * Run clang with the flags that loops are compiled with, those of @config, @mode (NULL-terminated)
 * and the source. Its standard output is @out, its standard error @messages. *@status is what it
 * ended with, as of waitpid(2). Stage "build", cause FAILED: it cannot be run.
 */
int iou_clang_run(const struct iou_build_config *config, const char *const *mode, int out,
		  int messages, int *status, struct iou_err *err);

/*
 * After clang failed: whether that is for a header that is not there. Then 1, and @err says which
 * and where it comes from; else 0.
 */
int iou_clang_missing_header(const struct iou_build_config *config, struct iou_err *err);
