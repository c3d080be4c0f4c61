// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "stats/stats.h"

#include <errno.h>
#include <stdlib.h>

int iou_stats_read(const struct iou_loop *loop, struct iou_stats *stats)
{
	const struct iou_decls *decls = iou_loop_decls(loop);
	struct iou_stats read = {.list = calloc(decls->nr + 1, sizeof(*read.list))};

	if (!read.list)
		return -ENOMEM;
	for (size_t i = 0; i < decls->nr; i++) {
		struct iou_stat *stat = &read.list[read.nr];
		int ret;

		if (decls->list[i].what != IOU_DECL_STAT)
			continue;
		stat->decl = &decls->list[i];
		ret = iou_loop_var_get(loop, stat->decl->variable, &stat->value);
		if (ret) {
			iou_stats_release(&read);
			return ret;
		}
		read.nr++;
	}
	*stats = read;
	return 0;
}

void iou_stats_release(struct iou_stats *stats)
{
	free(stats->list);
	*stats = (struct iou_stats){};
}

int iou_progress_read(const struct iou_loop *loop, struct iou_progress *progress)
{
	const struct iou_decls *decls = iou_loop_decls(loop);

	for (size_t i = 0; i < decls->nr; i++) {
		const struct iou_decl *stat = &decls->list[i], *param;
		struct iou_progress read = {.decl = stat};

		if (stat->what != IOU_DECL_STAT || !stat->of)
			continue;
		param = iou_loop_param(loop, stat->of);
		if (!param || iou_loop_var_get(loop, stat->variable, &read.value) ||
		    iou_loop_param_get(loop, param, &read.end))
			continue;
		*progress = read;
		return 0;
	}
	return -ENOENT;
}
