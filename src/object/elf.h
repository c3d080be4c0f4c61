/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Whether libbpf may be given an object: it trusts some of what is in one. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Far above any loop; below what a file that was named by mistake could do to memory. */
#define IOU_ELF_SIZE_MAX (64UL << 20)

/*
 * What is wrong with the @size bytes at @data, which should be an ELF object for BPF, of this
 * machine's byte order, with BTF: text that never changes, or NULL where nothing is.
 */
const char *iou_elf_damage(const void *data, size_t size);

/* Find section @name of an object that is not damaged. */
bool iou_elf_section(const void *data, size_t size, const char *name, const void **section,
		     size_t *section_size);

/* Whether an object that is not damaged does without symbol @name where there is none. */
bool iou_elf_is_weak(const void *data, size_t size, const char *name);
