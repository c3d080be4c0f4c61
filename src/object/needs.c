// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "object/needs.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "object/elf.h"

/* ---- The list ---- */

int iou_needs_add(struct iou_needs *needs, const char *name, size_t length, uint32_t kind,
		  bool flavours)
{
	struct iou_need *need = needs->list;

	if (!length)
		return -ENOTSUP;
	for (; need < needs->list + needs->nr; need++) {
		if (need->length != length || need->kind != kind ||
		    memcmp(need->name, name, length) != 0)
			continue;
		need->flavours |= flavours;
		return 0;
	}
	if (needs->nr == IOU_NEEDS_MAX)
		return -E2BIG;
	*need = (struct iou_need){.name = strndup(name, length),
				  .kind = kind,
				  .flavours = flavours,
				  .length = length};
	if (!need->name)
		return -ENOMEM;
	needs->nr++;
	return 0;
}

void iou_needs_release(struct iou_needs *needs)
{
	while (needs->nr)
		free(needs->list[--needs->nr].name);
}

/* As libbpf counts: "task_struct___mine" is the kernel's task_struct. */
static size_t essential_length(const char *name)
{
	size_t length = strlen(name);

	for (size_t at = length < 5 ? 0 : length - 4; at; at--)
		if (memcmp(name + at, "___", 3) == 0 && name[at - 1] != '_' && name[at + 3] != '_')
			return at;
	return length;
}

static int add_essential(struct iou_needs *needs, const char *name, uint32_t kind, bool flavours)
{
	return iou_needs_add(needs, name, essential_length(name), kind, flavours);
}

/* ---- Its loops ---- */

static int add_ops(struct iou_needs *needs, const struct btf *btf, const struct btf_type *var)
{
	const struct btf_type *type = var;
	char name[192];

	/* libbpf has read it: nothing goes in circles here. Or it will say so. */
	for (int i = 0;
	     type && i < 32 && (btf_is_var(type) || btf_is_mod(type) || btf_is_typedef(type)); i++)
		type = btf__type_by_id(btf, type->type);
	if (!type || !btf_is_struct(type))
		return -ENOTSUP;
	if (snprintf(name, sizeof(name), "bpf_struct_ops_%s",
		     btf__name_by_offset(btf, type->name_off)) >= (int)sizeof(name))
		return -ENOTSUP;
	return add_essential(needs, name, BTF_KIND_STRUCT, false)
		       ?: add_essential(needs, name + strlen("bpf_struct_ops_"), BTF_KIND_STRUCT,
					false);
}

/* ---- What it calls ---- */

/* In the object that is read. */
struct image {
	const struct btf *btf;
	const void *data;
	size_t size;
};

static int add_ksym(struct iou_needs *needs, const struct image *image, const struct btf_type *type)
{
	const char *name = btf__name_by_offset(image->btf, type->name_off);
	size_t before = needs->nr;
	int ret = add_essential(needs, name, btf_kind(type), false);

	if (needs->nr > before)
		needs->list[before].optional = iou_elf_is_weak(image->data, image->size, name);
	return ret;
}

static int add_section(struct iou_needs *needs, const struct image *image,
		       const struct btf_type *section)
{
	const struct btf *btf = image->btf;
	const char *name = btf__name_by_offset(btf, section->name_off);
	const struct btf_var_secinfo *info = btf_var_secinfos(section);
	bool ops = strncmp(name, ".struct_ops", strlen(".struct_ops")) == 0 ||
		   strncmp(name, "?.struct_ops", strlen("?.struct_ops")) == 0;
	int ret = 0;

	if (!ops && strcmp(name, ".ksyms") != 0)
		return 0;
	for (int i = 0; i < btf_vlen(section) && !ret; i++) {
		const struct btf_type *type = btf__type_by_id(btf, info[i].type);

		if (!type)
			return -ENOTSUP;
		ret = ops ? add_ops(needs, btf, type) : add_ksym(needs, image, type);
	}
	return ret;
}

/* ---- CO-RE ---- */

/* enum bpf_core_relo_kind of <linux/bpf.h>. */
#define RELO_LOCAL_ID 6
#define RELO_TARGET_ID 7
#define RELO_TYPE_MATCHES 12

/* struct btf_ext_header of libbpf, which keeps it to itself. */
struct ext_header {
	uint16_t magic;
	uint8_t version, flags;
	uint32_t header_len, func_off, func_len, line_off, line_len, core_off, core_len;
};

/* A part of it has the size of its records, and then for each section of the object a head, and as
 * many records as that says. */
struct ext_part {
	const char *at;
	size_t left;
	uint32_t record_size;
};

struct ext_section {
	uint32_t name_off, nr;
};

/* What its records begin with: struct bpf_func_info and struct bpf_core_relo of <linux/bpf.h>. */
struct ext_func {
	uint32_t insn_off, type_id;
};

struct ext_relo {
	uint32_t insn_off, type_id, access_off, kind;
};

static int open_part(struct ext_part *part, const char *data, size_t size, uint32_t at,
		     uint32_t length, size_t record_size)
{
	if (at > size || length > size - at || length < sizeof(part->record_size))
		return -ENOTSUP;
	*part = (struct ext_part){.at = data + at, .left = length};
	memcpy(&part->record_size, part->at, sizeof(part->record_size));
	part->at += sizeof(part->record_size);
	part->left -= sizeof(part->record_size);
	return part->record_size < record_size ? -ENOTSUP : 0;
}

/* The next section, and in *@records where its records are. -ENOENT: there is none. */
static int next_section(struct ext_part *part, struct ext_section *section, const char **records)
{
	size_t size;

	if (!part->left)
		return -ENOENT;
	if (part->left < sizeof(*section))
		return -ENOTSUP;
	memcpy(section, part->at, sizeof(*section));
	if (section->nr > (part->left - sizeof(*section)) / part->record_size)
		return -ENOTSUP;
	*records = part->at + sizeof(*section);
	size = sizeof(*section) + (size_t)section->nr * part->record_size;
	part->at += size;
	part->left -= size;
	return 0;
}

/* The function that the byte @insn_off of the section called @name_off is in. */
static int find_func(struct ext_part funcs, uint32_t name_off, uint32_t insn_off,
		     struct ext_func *func)
{
	struct ext_section section;
	const char *records;
	bool found = false;
	int ret;

	while (!(ret = next_section(&funcs, &section, &records)))
		for (; section.nr; section.nr--, records += funcs.record_size) {
			struct ext_func one;

			memcpy(&one, records, sizeof(one));
			if (section.name_off != name_off || one.insn_off > insn_off ||
			    (found && one.insn_off < func->insn_off))
				continue;
			*func = one;
			found = true;
		}
	return ret != -ENOENT || !found ? -ENOTSUP : 0;
}

static int add_place(struct iou_needs *needs, const struct ext_part *funcs, uint32_t name_off,
		     uint32_t insn_off)
{
	struct ext_func func;

	if (needs->places_nr == IOU_PLACES_MAX || find_func(*funcs, name_off, insn_off, &func))
		return -ENOTSUP;
	needs->places[needs->places_nr++] = (struct iou_place){
		func.type_id, (insn_off - func.insn_off) / (uint32_t)sizeof(struct bpf_insn)};
	return 0;
}

static int add_relo(struct iou_needs *needs, const struct btf *btf, const struct ext_relo *relo)
{
	const struct btf_type *type = btf__type_by_id(btf, relo->type_id);

	if (relo->kind == RELO_LOCAL_ID)
		return 0;
	/* The latter is compared with all that it points to. */
	if (!type || relo->kind >= RELO_TYPE_MATCHES)
		return -ENOTSUP;
	return add_essential(needs, btf__name_by_offset(btf, type->name_off),
			     btf_kind(type) == BTF_KIND_ENUM64 ? BTF_KIND_ENUM : btf_kind(type),
			     true);
}

static int add_relos(struct iou_needs *needs, const struct btf *btf, struct ext_part relos,
		     const struct ext_part *funcs)
{
	struct ext_section section;
	const char *records;
	int ret;

	while (!(ret = next_section(&relos, &section, &records)))
		for (; section.nr; section.nr--, records += relos.record_size) {
			struct ext_relo relo;

			memcpy(&relo, records, sizeof(relo));
			ret = add_relo(needs, btf, &relo);
			if (!ret && relo.kind == RELO_TARGET_ID)
				ret = add_place(needs, funcs, section.name_off, relo.insn_off);
			if (ret)
				return ret;
		}
	return ret == -ENOENT ? 0 : ret;
}

static int add_core(struct iou_needs *needs, const struct btf *btf, const void *data, size_t size)
{
	struct ext_part funcs, relos;
	struct ext_header header = {};
	const char *parts;

	memcpy(&header, data, size < sizeof(header) ? size : sizeof(header));
	if (size < 24 || header.magic != BTF_MAGIC || header.header_len > size)
		return -ENOTSUP;
	/* Older than CO-RE. */
	if (header.header_len < sizeof(header) || !header.core_len)
		return 0;
	parts = (const char *)data + header.header_len;
	size -= header.header_len;
	return open_part(&funcs, parts, size, header.func_off, header.func_len,
			 sizeof(struct ext_func)) ?:
	       open_part(&relos, parts, size, header.core_off, header.core_len,
			 sizeof(struct ext_relo)) ?:
	       add_relos(needs, btf, relos, &funcs);
}

/* ---- Its programs ---- */

/* An iterator is attached to a function that has its name; others ask for what cannot be told. */
static int add_program(struct iou_needs *needs, const struct bpf_program *prog)
{
	const char *section = bpf_program__section_name(prog), *slash = strchr(section, '/');
	char name[128];

	switch (bpf_program__type(prog)) {
	case BPF_PROG_TYPE_STRUCT_OPS:
	case BPF_PROG_TYPE_SYSCALL:
		return 0;
	case BPF_PROG_TYPE_TRACING:
		break;
	default:
		return -ENOTSUP;
	}
	if (!slash || strncmp(section, "iter", 4) != 0 ||
	    snprintf(name, sizeof(name), "bpf_iter_%s", slash + 1) >= (int)sizeof(name))
		return -ENOTSUP;
	return iou_needs_add(needs, name, strlen(name), BTF_KIND_FUNC, false);
}

int iou_needs_read(struct iou_needs *needs, struct bpf_object *object, const void *data,
		   size_t size)
{
	const void *section;
	struct bpf_program *prog;
	size_t section_size;
	struct btf *btf;
	int ret = 0;

	/* What libbpf has of it by now is changed: externals are made to look like variables. */
	if (!iou_elf_section(data, size, ".BTF", &section, &section_size))
		return -ENOTSUP;
	btf = btf__new(section, (uint32_t)section_size);
	if (!btf)
		return -ENOTSUP;
	for (uint32_t id = 1; id < btf__type_cnt(btf) && !ret; id++) {
		const struct btf_type *type = btf__type_by_id(btf, id);

		if (btf_is_datasec(type))
			ret = add_section(needs, &(struct image){btf, data, size}, type);
	}
	if (!ret && iou_elf_section(data, size, ".BTF.ext", &section, &section_size))
		ret = add_core(needs, btf, section, section_size);
	btf__free(btf);
	bpf_object__for_each_program(prog, object)
	{
		if (!ret)
			ret = add_program(needs, prog);
	}
	return ret;
}
