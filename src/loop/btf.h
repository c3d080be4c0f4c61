/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* BTF as a stranger's object has it: any of it may be wrong. */
#pragma once

#include <bpf/btf.h>

/* The type behind const, volatile, typedef and tags, or NULL. */
const struct btf_type *iou_btf_skip(const struct btf *btf, __u32 id);
