/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What 'iouctl stats' prints: an iouctl.stats/1 for each loop, or OpenMetrics for all. */
#pragma once

#include "dump/dump.h"
#include "render/metrics.h"
#include "render/render.h"
#include "statsfind.h"

/* Print the document of @loop and return an exit code; what failed was reported. */
int iou_statsdoc_print(const struct iou_stats_loop *loop, const struct iou_dump_config *dump,
		       enum iou_format format);

/* The statistics of all of @loops as one exposition. An exit code; what failed was reported. */
int iou_statsmetrics_print(const struct iou_stats_loops *loops);
