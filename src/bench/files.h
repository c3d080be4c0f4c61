/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Files that jobs read and write. They have no name, so that nothing is left of them, however a
 * round ends; and contents that show of each block where it belongs.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* What file offsets, sizes and addresses are multiples of: that of O_DIRECT, and without it. */
#define IOU_BENCH_DIRECT_ALIGN 4096
#define IOU_BENCH_ALIGN 512

/* Make a file of @size bytes, a multiple of 8, in directory @dir; NULL: TMPDIR, or /tmp. What is in
 * it is on the disk, and in the page cache. Stage "bench". */
int iou_bench_file_make(int *fd, const char *dir, uint64_t size, struct iou_err *err);

/* The path by which one in our descriptor @fd is opened once more. Returns @text. */
#define IOU_BENCH_FILE_PATH 32
const char *iou_bench_file_path(char text[IOU_BENCH_FILE_PATH], int fd);

/* Open it once more, with O_DIRECT and @mode, and drop what the page cache has of it. */
int iou_bench_file_direct(int *direct, int fd, int mode, struct iou_err *err);

/* Whether the @size bytes at @data are what a file of @end bytes has at some multiple of @size. */
bool iou_bench_block_is_right(const void *data, size_t size, uint64_t end);

/* Whether the file is @size bytes, and has in them what such files have. */
int iou_bench_file_check(int fd, uint64_t size, struct iou_err *err);

/* @size bytes of memory, from a page's start on, and all there; or NULL. */
void *iou_bench_memory(size_t size);
