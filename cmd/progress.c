// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "progress.h"

#include <stdio.h>
#include <unistd.h>

#include "base/text.h"
#include "log.h"
#include "stats/stats.h"

/* A run that is shorter than this shows none. */
#define QUIET_NS 1000000000ULL

bool iou_progress_line_wanted(void)
{
	return iou_log_level >= IOU_LOG_NORMAL && isatty(STDERR_FILENO);
}

void iou_progress_line_tick(void *data, uint64_t elapsed_ns)
{
	struct iou_progress_line *line = data;
	char value[32], end[32], rate[32], left[32], unit[64];
	struct iou_progress progress;
	double per_second;

	if (elapsed_ns < QUIET_NS || iou_progress_read(line->loop, &progress) || !progress.end)
		return;
	per_second = (double)progress.value * 1e9 / (double)elapsed_ns;
	iou_text_escape(unit, sizeof(unit), progress.decl->unit);
	fprintf(stderr, "\r%s of %s %s (%.0f%%), %s/s",
		iou_text_count(value, sizeof(value), progress.value),
		iou_text_count(end, sizeof(end), progress.end), unit,
		(double)progress.value * 100 / (double)progress.end,
		iou_text_rate(rate, sizeof(rate), per_second));
	if (per_second > 0 && progress.end > progress.value)
		fprintf(stderr, ", %s left",
			iou_text_duration(left, sizeof(left),
					  (double)(progress.end - progress.value) / per_second *
						  1e9));
	fputs("\033[K", stderr);
	line->shown = true;
}

void iou_progress_line_end(const struct iou_progress_line *line)
{
	if (line->shown)
		fputs("\r\033[K", stderr);
}
