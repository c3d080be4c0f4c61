/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * From a variable to a part of it, along its types. BTF is the object's own word and may be wrong,
 * cyclic or huge: what is found need not lie in the variable, so check before it is used.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct btf;
struct btf_type;

struct iou_place {
	uint32_t type_id;
	size_t offset, size; /* bytes, from where the walk began */
};

/* The type behind const, volatile, typedef and tags, or NULL. */
const struct btf_type *iou_btf_skip(const struct btf *btf, uint32_t id);

/*
 * Follow @path from @place: ".field" and "[index]", any number of them. Fields of anonymous
 * members are fields of what these are in. 0, or what is wrong with the part of @path that *@stop
 * is set to: -ENOENT (no such field), -ENOTDIR (an index into no array), -ERANGE (past the array's
 * end), -EOPNOTSUPP (a bitfield), -EINVAL (not of the form), -EBADMSG (the BTF is broken).
 */
int iou_btf_walk(const struct btf *btf, const char *path, struct iou_place *place,
		 const char **stop);

/* Put the names of the fields of type @type_id into @names, at most @max: how many. */
size_t iou_btf_fields(const struct btf *btf, uint32_t type_id, const char **names, size_t max);
