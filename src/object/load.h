/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* libbpf's way to the kernel, made short where it is known what it looks for on it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bpf_object;
struct btf;

/*
 * bpf_object__load() of what was opened from the @size bytes at @data, with its results: the ids,
 * messages and errors are the same, whether libbpf has to read all of the kernel's BTF or not.
 */
int iou_object_load(struct bpf_object *object, const void *data, size_t size);

/* A type or function of the kernel. */
struct iou_kernel_name {
	uint32_t kind; /* BTF_KIND_* */
	const char *name;
};

/*
 * btf__load_vmlinux_btf(), for one who asks for nothing but @names, @nr of them, and what these are
 * made of. NULL, and errno: the kernel has no BTF.
 */
struct btf *iou_kernel_btf(const struct iou_kernel_name *names, size_t nr);
