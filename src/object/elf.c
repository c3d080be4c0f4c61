// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "object/elf.h"

#include <bpf/btf.h>
#include <elf.h>
#include <endian.h>
#include <libelf.h>
#include <stdint.h>
#include <string.h>

/* libbpf would say the same of all of these, and name none. */
static const char *header_damage(const void *data, size_t size)
{
	const unsigned char order = __BYTE_ORDER == __LITTLE_ENDIAN ? ELFDATA2LSB : ELFDATA2MSB;
	const Elf64_Ehdr *elf = data;

	if (size == 0)
		return "the file is empty";
	if (size < SELFMAG || memcmp(elf->e_ident, ELFMAG, SELFMAG) != 0)
		return "not an ELF file";
	if (size < sizeof(*elf))
		return "its ELF header is cut short";
	if (elf->e_ident[EI_CLASS] != ELFCLASS64)
		return "not a 64-bit ELF file";
	if (elf->e_ident[EI_DATA] != order)
		return "compiled for the other byte order";
	if (elf->e_machine != EM_BPF)
		return "an ELF file, but not for BPF";
	if (elf->e_type != ET_REL)
		return "an ELF file, but not a relocatable object";
	/* No sections means, to libelf, that their number is elsewhere: there are too many to
	 * count. */
	if (elf->e_shoff % sizeof(Elf64_Xword) || elf->e_shentsize != sizeof(Elf64_Shdr) ||
	    elf->e_shnum == 0 || elf->e_shoff == 0)
		return "its section headers are damaged";
	if (elf->e_shoff > size || (size_t)elf->e_shnum * elf->e_shentsize > size - elf->e_shoff)
		return "the file is cut short";
	return NULL;
}

/* Sections lie in the file, or are memory of a size that somebody could want. */
static const char *section_damage(const void *data, size_t size)
{
	const Elf64_Ehdr *elf = data;
	const Elf64_Shdr *section = (const void *)((const char *)data + elf->e_shoff);
	uint64_t all = 0;

	for (unsigned int i = 0; i < elf->e_shnum; i++, section++) {
		if (section->sh_type == SHT_NOBITS || section->sh_type == SHT_NULL) {
			all += section->sh_size;
			if (section->sh_size > IOU_ELF_SIZE_MAX || all > IOU_ELF_SIZE_MAX)
				return "its data sections are too large";
		} else if (section->sh_offset > size ||
			   section->sh_size > size - section->sh_offset) {
			return "the file is cut short";
		}
	}
	return NULL;
}

/* libbpf adds what is said here to other numbers, and takes memory for it. */
static bool is_sane(const struct btf *btf, const struct btf_type *type)
{
	const struct btf_var_secinfo *info;

	if (btf_is_composite(type) && type->size > IOU_ELF_SIZE_MAX)
		return false;
	if (!btf_is_datasec(type))
		return true;
	info = btf_var_secinfos(type);
	for (int i = 0; i < btf_vlen(type); i++, info++) {
		const struct btf_type *var = btf__type_by_id(btf, info->type);

		if (info->offset > IOU_ELF_SIZE_MAX || info->size > IOU_ELF_SIZE_MAX)
			return false;
		if (var && btf_is_var(var) &&
		    btf__resolve_size(btf, var->type) > (__s64)IOU_ELF_SIZE_MAX)
			return false;
	}
	return true;
}

static const char *btf_damage(const void *data, size_t size)
{
	struct btf *btf = btf__new(data, (__u32)size);
	bool sane = true;

	if (!btf)
		return "its BTF is damaged";
	for (__u32 id = 1; id < btf__type_cnt(btf) && sane; id++)
		sane = is_sane(btf, btf__type_by_id(btf, id));
	btf__free(btf);
	return sane ? NULL : "its BTF has types of absurd sizes";
}

bool iou_elf_section(const void *data, size_t size, const char *name, const void **section,
		     size_t *section_size)
{
	/* libelf does not write to what it was not told to. */
	Elf *elf = elf_memory((char *)(uintptr_t)data, size);
	Elf_Scn *scn = NULL;
	bool found = false;
	size_t names;

	if (elf && elf_getshdrstrndx(elf, &names) == 0)
		while (!found && (scn = elf_nextscn(elf, scn))) {
			Elf64_Shdr *header = elf64_getshdr(scn);
			char *have = header ? elf_strptr(elf, names, header->sh_name) : NULL;

			if (!have || strcmp(have, name) != 0 || header->sh_type == SHT_NOBITS ||
			    header->sh_offset > size || header->sh_size > size - header->sh_offset)
				continue;
			*section = (const char *)data + header->sh_offset;
			*section_size = header->sh_size;
			found = true;
		}
	elf_end(elf);
	return found;
}

static bool find_weak(Elf *elf, Elf_Scn *scn, const Elf64_Shdr *header, const char *name)
{
	Elf_Data *symbols = elf_getdata(scn, NULL);
	const Elf64_Sym *symbol = symbols ? symbols->d_buf : NULL;

	for (size_t nr = symbol ? symbols->d_size / sizeof(*symbol) : 0; nr; nr--, symbol++) {
		const char *have = elf_strptr(elf, header->sh_link, symbol->st_name);

		if (have && strcmp(have, name) == 0)
			return ELF64_ST_BIND(symbol->st_info) == STB_WEAK;
	}
	return false;
}

bool iou_elf_is_weak(const void *data, size_t size, const char *name)
{
	Elf *elf = elf_memory((char *)(uintptr_t)data, size);
	Elf_Scn *scn = NULL;
	bool weak = false;

	while (elf && !weak && (scn = elf_nextscn(elf, scn))) {
		Elf64_Shdr *header = elf64_getshdr(scn);

		if (header && header->sh_type == SHT_SYMTAB)
			weak = find_weak(elf, scn, header, name);
	}
	elf_end(elf);
	return weak;
}

const char *iou_elf_damage(const void *data, size_t size)
{
	const char *damage = header_damage(data, size);
	const void *btf;
	size_t btf_size;

	if (!damage)
		damage = section_damage(data, size);
	if (damage)
		return damage;
	elf_version(EV_CURRENT);
	if (!iou_elf_section(data, size, ".BTF", &btf, &btf_size))
		return "it has no BTF (clang's -g makes it)";
	return btf_damage(btf, btf_size);
}
