/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* BTF as it is in memory. Nothing in it is relied upon. */
#pragma once

#include <linux/btf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The form of 'info' since Linux 7.1, which has room for more than it had before. */
#define IOU_RAWBTF_KIND(type) ((type)->info >> 24 & 0x7f)
#define IOU_RAWBTF_VLEN(type) ((type)->info & 0xffffff)

struct iou_rawbtf {
	const char *types, *strings; /* the last byte of @strings is a NUL */
	uint32_t types_size, strings_size;
};

/* 0, or -EINVAL. */
int iou_rawbtf_init(struct iou_rawbtf *btf, const void *data, size_t size);

/* What follows a type of a kind that is known, and what each of its members or such takes. */
struct iou_rawbtf_kind {
	uint8_t known, fixed, each;
};

extern const struct iou_rawbtf_kind iou_rawbtf_kinds[128];

static inline const struct btf_type *iou_rawbtf_type(const struct iou_rawbtf *btf, uint32_t at)
{
	return (const struct btf_type *)(const void *)(btf->types + at);
}

/* The size of the type at @at, which is before the types' end; 0: cut short, or of no known kind.
 */
static inline uint32_t iou_rawbtf_type_size(const struct iou_rawbtf *btf, uint32_t at)
{
	const struct btf_type *type = iou_rawbtf_type(btf, at);
	uint32_t left = btf->types_size - at, size;
	const struct iou_rawbtf_kind *kind;

	if (left < sizeof(*type))
		return 0;
	kind = &iou_rawbtf_kinds[IOU_RAWBTF_KIND(type)];
	/* At most 2^24 times 12. */
	size = (uint32_t)sizeof(*type) + kind->fixed + kind->each * IOU_RAWBTF_VLEN(type);
	return kind->known && size <= left ? size : 0;
}

/* NULL: there is none. */
static inline const char *iou_rawbtf_string(const struct iou_rawbtf *btf, uint32_t offset)
{
	return offset < btf->strings_size ? btf->strings + offset : NULL;
}
