/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Values of one type, one for each CPU, added up. */
#pragma once

#include <stdbool.h>

#include "render/doc.h"

/*
 * Add to @in the sum of the elements of @values, all of one type: of numbers their sum, modulo
 * 2^64; of structs and arrays the same of what is in them. What cannot be added up is left out of
 * a struct and null in an array. Returns the field; a null where there is nothing to add up.
 */
struct iou_doc *iou_dump_sum(struct iou_doc *in, const char *key, const struct iou_doc *values);
