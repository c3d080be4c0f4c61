// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "bench/jobs.h"

#include <string.h>

#include "base/cleanup.h"

const struct iou_bench_job *const iou_bench_jobs[] = {
	&iou_bench_nop, &iou_bench_nop_batch, &iou_bench_read, &iou_bench_copy, &iou_bench_echo,
};
const size_t iou_bench_jobs_nr = ARRAY_SIZE(iou_bench_jobs);

const struct iou_bench_job *iou_bench_job_find(const char *name)
{
	for (size_t i = 0; i < iou_bench_jobs_nr; i++)
		if (strcmp(iou_bench_jobs[i]->name, name) == 0)
			return iou_bench_jobs[i];
	return NULL;
}
