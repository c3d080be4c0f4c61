/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Setting any variable of an object by its name, before load. */
#pragma once

#include <stdint.h>

#include "base/err.h"
#include "loop/loop.h"

/*
 * Set what iou_loop_var() calls @path to @text, by its type. Not to be set are: what the loop
 * declares as a parameter, what is iouctl's own (iou_*), loops, and what is in no section that the
 * program has. Stage "usage", cause USAGE.
 */
int iou_loop_set(struct iou_loop *loop, const char *path, const char *text, struct iou_err *err);

/* The same for a number that is known; @text is what the user wrote for it. */
int iou_loop_set_number(struct iou_loop *loop, const char *path, const char *text, uint64_t value,
			struct iou_err *err);

/* Set the constant @name, where the object has one of 4 bytes; whether it has. */
bool iou_loop_set_constant(struct iou_loop *loop, const char *name, uint32_t value);
