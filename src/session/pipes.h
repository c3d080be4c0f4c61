/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once

#include <stdint.h>

/* How many bytes users may make a pipe hold who have no CAP_SYS_RESOURCE (pipe(7)); larger ones are
 * of little use. */
uint64_t iou_pipe_size_max(void);
