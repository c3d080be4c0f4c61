/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Values of BTF types. The types are the object's own word, so that everything about them may be
 * wrong: what does not fit the bytes that there are is printed as bytes, and what a document
 * takes of them is bounded.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "render/doc.h"

struct btf;

/* How deep structs and arrays go; what is deeper is bytes. */
#define IOU_DUMP_DEPTH 16

/* Elements of an array, bytes of a string, bytes of what has no type: unless all is asked for. */
#define IOU_DUMP_ELEMENTS 64
#define IOU_DUMP_STRING 4096
#define IOU_DUMP_BYTES 256

/* What goes into one document. */
struct iou_dump {
	const struct btf *btf;
	bool all;
	size_t value, left; /* fields that one value may have, and all that follow */
};

void iou_dump_init(struct iou_dump *dump, const struct btf *btf, bool all);

/*
 * Add to @in the value of type @type_id (0: none is known) that is in the @size bytes at @data,
 * which may change meanwhile. Returns the field, for iou_doc_label().
 */
struct iou_doc *iou_dump_value(struct iou_dump *dump, struct iou_doc *in, const char *key,
			       uint32_t type_id, const void *data, size_t size);
