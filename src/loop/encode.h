/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Values as people write them, in the form that a type of the object wants. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct btf;

/*
 * Write @text as a value of the type @type_id to @data, which has @size bytes and is untouched on
 * failure; @name is the variable's, for messages. Stage "usage", cause USAGE. -EINVAL: not of the
 * type's form; -ERANGE: does not fit; -EOPNOTSUPP: a type that has no text, or not of this size.
 */
int iou_encode(const struct btf *btf, uint32_t type_id, const char *name, const char *text,
	       void *data, size_t size, struct iou_err *err);

/* The same for a number that is known: @text is what the user wrote for it. */
int iou_encode_number(const struct btf *btf, uint32_t type_id, const char *name, const char *text,
		      uint64_t value, void *data, size_t size, struct iou_err *err);
