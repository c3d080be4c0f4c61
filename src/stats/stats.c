// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "stats/stats.h"

#include <errno.h>
#include <iouctl/arith.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A field of the statistic, or with "" the whole; of those by opcode, of the one of @opcode. */
static const char *path_of(char *path, size_t size, const struct iou_decl *decl, int opcode,
			   const char *field)
{
	char index[16] = "";

	if (opcode >= 0)
		snprintf(index, sizeof(index), "[%d]", opcode);
	snprintf(path, size, "%s%s%s%s", decl->variable, index, field[0] ? "." : "", field);
	return path;
}

static int read_field(const struct iou_loop *loop, const struct iou_stat *stat, const char *field,
		      uint64_t *value)
{
	char path[128];

	return iou_loop_var_get(loop, path_of(path, sizeof(path), stat->decl, stat->opcode, field),
				value);
}

/*
 * The count is that of the buckets as they are read: the loop may be filling them meanwhile.
 */
static int read_histogram(const struct iou_loop *loop, struct iou_stat *stat)
{
	struct iou_stat_histogram *read = calloc(1, sizeof(*read));
	const uint64_t *buckets;
	struct iou_var var;
	char path[128];
	int ret;

	if (!read)
		return -ENOMEM;
	stat->histogram = read; /* released with all the rest */
	read->buckets = calloc(IOU_HISTOGRAM_BUCKETS, sizeof(*read->buckets));
	if (!read->buckets)
		return -ENOMEM;
	ret = iou_loop_var(loop, path_of(path, sizeof(path), stat->decl, stat->opcode, "buckets"),
			   &var);
	buckets = ret ? NULL : iou_loop_var_data(loop, &var);
	if (!buckets || (uintptr_t)buckets % sizeof(*buckets) ||
	    var.size != IOU_HISTOGRAM_BUCKETS * sizeof(*buckets))
		return -EINVAL;
	for (size_t i = 0; i < IOU_HISTOGRAM_BUCKETS; i++) {
		read->buckets[i] = __atomic_load_n(&buckets[i], __ATOMIC_RELAXED);
		read->count += read->buckets[i];
	}
	ret = read_field(loop, stat, "sum", &read->sum) ?:
	      read_field(loop, stat, "min", &read->min) ?:
	      read_field(loop, stat, "max", &read->max);
	if (!read->count)
		read->min = read->max = 0;
	return ret;
}

/* The loop may be writing it meanwhile: what is read ends by itself. */
static int read_text(const struct iou_loop *loop, const struct iou_decl *decl, char **out)
{
	struct iou_var var;
	int ret = iou_loop_var(loop, decl->variable, &var);
	const char *text = ret ? NULL : iou_loop_var_data(loop, &var);

	if (!text)
		return ret ?: -EINVAL;
	*out = strndup(text, var.size);
	return *out ? 0 : -ENOMEM;
}

static int read_stat(const struct iou_loop *loop, struct iou_stat *stat)
{
	switch (stat->decl->kind) {
	case IOU_KIND_HISTOGRAM:
		return read_histogram(loop, stat);
	case IOU_KIND_TEXT:
		return read_text(loop, stat->decl, &stat->text);
	default:
		return read_field(loop, stat, "", &stat->value);
	}
}

uint64_t iou_stat_percentile(const struct iou_stat_histogram *histogram, double share)
{
	uint64_t seen = 0, wanted = (uint64_t)(share * (double)histogram->count);

	/* Half a value is a whole one; and the first is the least there is. */
	if ((double)wanted < share * (double)histogram->count)
		wanted++;
	if (!wanted)
		wanted = 1;
	for (uint32_t i = 0; i < IOU_HISTOGRAM_BUCKETS && histogram->count; i++) {
		uint64_t to = iou_histogram_to(i);

		seen += histogram->buckets[i];
		if (seen >= wanted)
			return to < histogram->max ? to : histogram->max;
	}
	return histogram->max;
}

static void stat_release(struct iou_stat *stat)
{
	if (stat->histogram)
		free(stat->histogram->buckets);
	free(stat->histogram);
	free(stat->text);
	*stat = (struct iou_stat){};
}

static int add_stat(const struct iou_loop *loop, struct iou_stats *stats,
		    const struct iou_decl *decl, int opcode)
{
	struct iou_stat stat = {.decl = decl, .opcode = opcode}, *list;
	int ret = read_stat(loop, &stat);

	if (ret || (opcode >= 0 && !stat.value && !(stat.histogram && stat.histogram->count))) {
		stat_release(&stat);
		return ret;
	}
	list = reallocarray(stats->list, stats->nr + 1, sizeof(*list));
	if (!list) {
		stat_release(&stat);
		return -ENOMEM;
	}
	stats->list = list;
	list[stats->nr++] = stat;
	return 0;
}

/* One, or one for each opcode. */
static int add_stats(const struct iou_loop *loop, struct iou_stats *stats,
		     const struct iou_decl *decl)
{
	int ret = 0;

	if (!decl->by_opcode)
		return add_stat(loop, stats, decl, -1);
	for (int opcode = 0; opcode < IOU_OPCODES_NR && !ret; opcode++)
		ret = add_stat(loop, stats, decl, opcode);
	return ret;
}

int iou_stats_read(const struct iou_loop *loop, struct iou_stats *stats)
{
	const struct iou_decls *decls = iou_loop_decls(loop);
	struct iou_stats read = {};

	for (size_t i = 0; i < decls->nr; i++) {
		int ret;

		if (decls->list[i].what != IOU_DECL_STAT)
			continue;
		ret = add_stats(loop, &read, &decls->list[i]);
		if (ret) {
			iou_stats_release(&read);
			return ret;
		}
	}
	*stats = read;
	return 0;
}

void iou_stats_release(struct iou_stats *stats)
{
	for (size_t i = 0; i < stats->nr; i++)
		stat_release(&stats->list[i]);
	free(stats->list);
	*stats = (struct iou_stats){};
}

/* The value of a number, or the size of a file. */
static int read_end(const struct iou_loop *loop, const struct iou_decl *param, uint64_t *end)
{
	char path[128];

	if (param->kind != IOU_KIND_INFILE)
		return iou_loop_param_get(loop, param, end);
	snprintf(path, sizeof(path), "%s.size", param->variable);
	return iou_loop_var_get(loop, path, end);
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
		    read_end(loop, param, &read.end))
			continue;
		*progress = read;
		return 0;
	}
	return -ENOENT;
}
