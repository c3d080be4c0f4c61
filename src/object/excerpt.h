/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * An excerpt of the kernel's BTF: the few types that are needed, and what they are made of. libbpf
 * copies and checks each of the hundred thousand that there are, and goes through all of them for
 * each name, which is half of what it takes to start a loop.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "object/needs.h"

/* Type number N of the excerpt is the kernel's ids[N - 1]. They are in the kernel's order. */
struct iou_excerpt {
	void *btf;
	size_t size;
	uint32_t *ids, nr;
};

/*
 * Make what has all of @needs of the @size bytes of BTF at @data, which are aligned as a number is.
 * -ENOENT: one is not there, and is not optional. -EINVAL, -ENOTSUP: malformed, or of a form that
 * is not known. -ENOMEM.
 */
int iou_excerpt_make(struct iou_excerpt *excerpt, struct iou_needs *needs, const void *data,
		     size_t size);

void iou_excerpt_release(struct iou_excerpt *excerpt);

/* The kernel's number of the type @id of the excerpt, or @id where that is none. */
uint32_t iou_excerpt_kernel_id(const struct iou_excerpt *excerpt, uint32_t id);
