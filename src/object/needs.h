/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What libbpf will look for in the kernel's BTF to load an object. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bpf_object;

/* A type or function of the kernel, by its name. */
struct iou_need {
	char *name;
	uint32_t kind; /* BTF_KIND_*; BTF_KIND_ENUM is BTF_KIND_ENUM64, too */
	bool flavours; /* with all that has more behind a "___" (CO-RE) */
	bool optional; /* to be told that it is not there is enough */
	size_t length; /* of @name */
	bool found;
};

/* Many more than a loop asks for: what has more is loaded with all of the kernel's BTF. */
#define IOU_NEEDS_MAX 256

/* An instruction that has the number of one of them as a constant: number @insn of the function
 * that is type @func of the object. */
struct iou_place {
	uint32_t func, insn;
};

#define IOU_PLACES_MAX 256

struct iou_needs {
	struct iou_need list[IOU_NEEDS_MAX];
	size_t nr;
	struct iou_place places[IOU_PLACES_MAX];
	size_t places_nr;
};

/* Add what is not there yet, of @length characters. 0, -ENOMEM, or -E2BIG. */
int iou_needs_add(struct iou_needs *needs, const char *name, size_t length, uint32_t kind,
		  bool flavours);

/*
 * Add all that the open @object needs, which was read from the @size bytes at @data. -ENOTSUP: it
 * is something that only libbpf can tell.
 */
int iou_needs_read(struct iou_needs *needs, struct bpf_object *object, const void *data,
		   size_t size);

void iou_needs_release(struct iou_needs *needs);
