// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The BTF of the map: a section of variables, as clang would describe them. */
#include <bpf/btf.h>
#include <errno.h>

#include "base/cleanup.h"
#include "meta/internal.h"

enum kind { TEXT, S32, U32, U64, KINDS };

static const struct variable {
	const char *name;
	enum kind kind;
	uint32_t offset, size;
} variables[] = {
#define FIELD(kind, field)                                                                        \
	{                                                                                         \
		"bpf_metadata_iouctl_" #field, kind, offsetof(struct iou_meta_value, meta.field), \
			sizeof(((struct iou_meta *)0)->field)                                     \
	}
	{"bpf_metadata_iouctl_format", TEXT, offsetof(struct iou_meta_value, format),
	 sizeof(((struct iou_meta_value *)0)->format)},
	FIELD(TEXT, loop),
	FIELD(TEXT, source),
	FIELD(TEXT, ops),
	FIELD(TEXT, version),
	FIELD(S32, pid),
	FIELD(S32, ring_fd),
	FIELD(U64, ring_ino),
	FIELD(S32, holder),
	FIELD(U64, since_ns),
#undef FIELD
};

/* All return the type's id, or -errno. */

static int add_variable(struct btf *btf, const struct variable *variable, const int *types)
{
	int type = types[variable->kind];

	if (variable->kind == TEXT)
		type = btf__add_array(btf, types[U32], types[TEXT], variable->size);
	return type < 0 ? type : btf__add_var(btf, variable->name, BTF_VAR_GLOBAL_ALLOCATED, type);
}

static int add_all(struct btf *btf)
{
	int types[KINDS] = {
		[TEXT] = btf__add_int(btf, "char", 1, BTF_INT_SIGNED),
		[S32] = btf__add_int(btf, "int", 4, BTF_INT_SIGNED),
		[U32] = btf__add_int(btf, "unsigned int", 4, 0),
		[U64] = btf__add_int(btf, "unsigned long long", 8, 0),
	};
	int vars[ARRAY_SIZE(variables)], section, ret = 0;

	for (size_t i = 0; i < KINDS; i++)
		if (types[i] < 0)
			return types[i];
	for (size_t i = 0; i < ARRAY_SIZE(variables); i++) {
		vars[i] = add_variable(btf, &variables[i], types);
		if (vars[i] < 0)
			return vars[i];
	}
	section = btf__add_datasec(btf, ".rodata", sizeof(struct iou_meta_value));
	for (size_t i = 0; section >= 0 && !ret && i < ARRAY_SIZE(variables); i++)
		ret = btf__add_datasec_var_info(btf, vars[i], variables[i].offset,
						variables[i].size);
	return ret ?: section;
}

struct btf *iou_meta_btf(uint32_t *section)
{
	struct btf *btf = btf__new_empty();
	int ret = btf ? add_all(btf) : 0;

	if (!btf)
		return NULL;
	if (ret < 0) {
		btf__free(btf);
		errno = -ret;
		return NULL;
	}
	*section = (uint32_t)ret;
	return btf;
}
