// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "object/rawbtf.h"

#include <errno.h>

/* What <linux/btf.h> of Linux 6.1 has of the header, and all later ones begin with. */
#define HEADER_SIZE 24

int iou_rawbtf_init(struct iou_rawbtf *btf, const void *data, size_t size)
{
	const struct btf_header *header = data;
	size_t left;

	if (size < HEADER_SIZE || header->magic != BTF_MAGIC || header->version != BTF_VERSION ||
	    header->hdr_len < HEADER_SIZE || header->hdr_len > size || header->hdr_len % 4)
		return -EINVAL;
	left = size - header->hdr_len;
	if (header->type_off % 4 || header->type_off > left ||
	    header->type_len > left - header->type_off || header->str_off > left ||
	    header->str_len > left - header->str_off || !header->str_len)
		return -EINVAL;
	*btf = (struct iou_rawbtf){
		.types = (const char *)data + header->hdr_len + header->type_off,
		.types_size = header->type_len,
		.strings = (const char *)data + header->hdr_len + header->str_off,
		.strings_size = header->str_len,
	};
	return btf->strings[0] || btf->strings[btf->strings_size - 1] ? -EINVAL : 0;
}

const struct iou_rawbtf_kind iou_rawbtf_kinds[128] = {
	[BTF_KIND_INT] = {1, 4, 0},
	[BTF_KIND_PTR] = {1, 0, 0},
	[BTF_KIND_ARRAY] = {1, sizeof(struct btf_array), 0},
	[BTF_KIND_STRUCT] = {1, 0, sizeof(struct btf_member)},
	[BTF_KIND_UNION] = {1, 0, sizeof(struct btf_member)},
	[BTF_KIND_ENUM] = {1, 0, sizeof(struct btf_enum)},
	[BTF_KIND_FWD] = {1, 0, 0},
	[BTF_KIND_TYPEDEF] = {1, 0, 0},
	[BTF_KIND_VOLATILE] = {1, 0, 0},
	[BTF_KIND_CONST] = {1, 0, 0},
	[BTF_KIND_RESTRICT] = {1, 0, 0},
	[BTF_KIND_FUNC] = {1, 0, 0},
	[BTF_KIND_FUNC_PROTO] = {1, 0, sizeof(struct btf_param)},
	[BTF_KIND_VAR] = {1, sizeof(struct btf_var), 0},
	[BTF_KIND_DATASEC] = {1, 0, sizeof(struct btf_var_secinfo)},
	[BTF_KIND_FLOAT] = {1, 0, 0},
	[BTF_KIND_DECL_TAG] = {1, sizeof(struct btf_decl_tag), 0},
	[BTF_KIND_TYPE_TAG] = {1, 0, 0},
	[BTF_KIND_ENUM64] = {1, 0, sizeof(struct btf_enum64)},
};
