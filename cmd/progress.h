/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* How far a run has come, on a line of standard error that is written over again. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "loop/loop.h"

struct iou_progress_line {
	const struct iou_loop *loop;
	bool shown;
};

/* Whether one is wanted: standard error is a terminal, and not -q. */
bool iou_progress_line_wanted(void);

/* A run's tick: @data is a struct iou_progress_line. Reads mapped memory only. */
void iou_progress_line_tick(void *data, uint64_t elapsed_ns);

/* Take the line away. */
void iou_progress_line_end(const struct iou_progress_line *line);
