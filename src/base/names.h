/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the kernel has as numbers, and people by name. */
#pragma once

#include <stdint.h>

/* Opcodes of io_uring, as "read_fixed"; NULL for one that has no name here. */
const char *iou_opcode_name(unsigned int opcode);

/* The number of @name: 0; or -EINVAL, with the name in @nearest that was meant, or NULL. */
int iou_opcode_find(const char *name, uint64_t *opcode, const char **nearest);
/* Likewise of an error, as iou_errno_name() has it: "EIO". */
int iou_errno_find(const char *name, uint64_t *number, const char **nearest);
