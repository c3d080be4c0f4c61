// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loopdoc.h"

#include <iouctl/arith.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/names.h"
#include "base/text.h"
#include "paramtext.h"
#include "ring/ring.h"
#include "stats/stats.h"

void iou_loopdoc_add_name(struct iou_doc *doc, const struct iou_loop *loop)
{
	struct iou_doc *in = iou_doc_object(doc, "loop"), *line;

	line = iou_doc_string(in, "name", "loop", iou_loop_name(loop));
	iou_doc_text(line, "%s (%s)", iou_loop_name(loop), iou_loop_source(loop));
	iou_doc_string(in, "source", NULL, iou_loop_source(loop));
}

void iou_loopdoc_add_ring(struct iou_doc *doc, const struct io_uring_params *p)
{
	struct iou_doc *ring = iou_doc_object(doc, "ring"), *flags, *line;
	char text[512] = "";
	size_t at = 0;

	iou_doc_u64(ring, "sq_entries", NULL, p->sq_entries);
	iou_doc_u64(ring, "cq_entries", NULL, p->cq_entries);
	flags = iou_doc_array(ring, "flags");
	for (unsigned int bit = 0; bit < 32; bit++) {
		const char *name = iou_ring_flag_name(bit);

		/* A size that was asked for is in the sizes. */
		if (!(p->flags & (1U << bit)) || !name || (1U << bit) == IORING_SETUP_CQSIZE)
			continue;
		iou_doc_string(flags, NULL, NULL, name);
		at += (size_t)snprintf(text + at, sizeof(text) - at, " %s", name);
	}
	line = iou_doc_null(ring, NULL, "ring");
	iou_doc_text(line, "SQ %u, CQ %u;%s", p->sq_entries, p->cq_entries, text);
}

void iou_loopdoc_add_params(struct iou_doc *doc, const struct iou_loop *loop)
{
	const struct iou_decls *decls = iou_loop_decls(loop);
	struct iou_doc *params = iou_doc_object(doc, "params");

	for (size_t i = 0; i < decls->nr; i++)
		if (decls->list[i].what == IOU_DECL_PARAM)
			iou_param_add_value(params, decls->list[i].name, NULL, loop,
					    &decls->list[i]);
}

/* Nanoseconds and bytes are for people to read in their own units. */
static const char *with_unit(char *text, size_t size, uint64_t value, const char *unit)
{
	char number[32];

	if (strcmp(unit, "ns") == 0)
		return iou_text_duration(text, size, (double)value);
	if (strcmp(unit, "bytes") == 0)
		return iou_text_size(text, size, value);
	snprintf(text, size, "%s", iou_text_count(number, sizeof(number), value));
	return text;
}

/* Whose key in JSON is @key, and whose name in text is @name; in more detail where it is one of
 * several. */
static void add_histogram(struct iou_doc *in, const char *key, const char *name,
			  const struct iou_stat *stat)
{
	static const struct {
		const char *key;
		double share;
	} points[] = {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p99_9", 0.999}};
	const struct iou_stat_histogram *h = stat->histogram;
	const char *unit = stat->decl->unit;
	struct iou_doc *object = iou_doc_object(in, key), *buckets, *line;
	char min[32], p50[32], p90[32], p99[32], p99_9[32], max[32], count[32];

	iou_doc_u64(object, "count", NULL, h->count);
	iou_doc_u64(object, "sum", NULL, h->sum);
	iou_doc_u64(object, "min", NULL, h->min);
	iou_doc_u64(object, "max", NULL, h->max);
	for (size_t i = 0; i < ARRAY_SIZE(points); i++)
		iou_doc_u64(object, points[i].key, NULL, iou_stat_percentile(h, points[i].share));
	buckets = iou_doc_array(object, "buckets");
	for (uint32_t i = 0; i < IOU_HISTOGRAM_BUCKETS; i++) {
		struct iou_doc *bucket = h->buckets[i] ? iou_doc_object(buckets, NULL) : NULL;

		iou_doc_u64(bucket, "from", NULL, iou_histogram_from(i));
		iou_doc_u64(bucket, "to", NULL, iou_histogram_to(i));
		iou_doc_u64(bucket, "count", NULL, h->buckets[i]);
	}
	line = iou_doc_null(object, NULL, name);
	if (!h->count)
		iou_doc_text(line, "none");
	else if (stat->opcode < 0)
		iou_doc_text(line, "%s; min %s, median %s, 99%% %s, max %s",
			     iou_text_count(count, sizeof(count), h->count),
			     with_unit(min, sizeof(min), h->min, unit),
			     with_unit(p50, sizeof(p50), iou_stat_percentile(h, 0.5), unit),
			     with_unit(p99, sizeof(p99), iou_stat_percentile(h, 0.99), unit),
			     with_unit(max, sizeof(max), h->max, unit));
	else
		iou_doc_text(line, "%s; median %s, 90%% %s, 99%% %s, 99.9%% %s, max %s",
			     iou_text_count(count, sizeof(count), h->count),
			     with_unit(p50, sizeof(p50), iou_stat_percentile(h, 0.5), unit),
			     with_unit(p90, sizeof(p90), iou_stat_percentile(h, 0.9), unit),
			     with_unit(p99, sizeof(p99), iou_stat_percentile(h, 0.99), unit),
			     with_unit(p99_9, sizeof(p99_9), iou_stat_percentile(h, 0.999), unit),
			     with_unit(max, sizeof(max), h->max, unit));
}

static void add_number(struct iou_doc *in, const char *key, const char *name,
		       const struct iou_stat *stat)
{
	const char *unit = stat->decl->unit;
	struct iou_doc *field = iou_doc_u64(in, key, name, stat->value);
	char text[32];

	iou_doc_text(field, "%s%s%s", iou_text_count(text, sizeof(text), stat->value),
		     unit[0] ? " " : "", unit);
}

/* Those of @decl, from @list on, of which there are @nr. */
static size_t add_by_opcode(struct iou_doc *in, const struct iou_decl *decl,
			    const struct iou_stat *list, size_t nr)
{
	struct iou_doc *object = iou_doc_object(in, decl->name);
	size_t i;

	for (i = 0; i < nr && list[i].decl == decl; i++) {
		const char *opcode = iou_opcode_name((unsigned int)list[i].opcode);
		char key[16], label[64];

		snprintf(key, sizeof(key), "%d", list[i].opcode);
		snprintf(label, sizeof(label), "%s %s", decl->name, opcode ?: key);
		if (list[i].histogram)
			add_histogram(object, opcode ?: key, label, &list[i]);
		else
			add_number(object, opcode ?: key, label, &list[i]);
	}
	if (!i)
		iou_doc_text(iou_doc_null(object, NULL, decl->name), "none");
	return i;
}

int iou_loopdoc_add_stats(struct iou_doc *doc, const struct iou_loop *loop, struct iou_err *err)
{
	struct iou_doc *in = iou_doc_object(doc, "stats");
	const struct iou_decls *decls = iou_loop_decls(loop);
	struct iou_stats stats;
	size_t at = 0;
	int ret = iou_stats_read(loop, &stats);

	if (ret)
		return iou_err_set(err, IOU_CAUSE_FAILED, "stats", -ret,
				   "cannot read the statistics of '%s'", iou_loop_name(loop));
	for (size_t i = 0; i < decls->nr; i++) {
		const struct iou_decl *decl = &decls->list[i];
		const struct iou_stat *stat = &stats.list[at];

		if (decl->what != IOU_DECL_STAT)
			continue;
		if (decl->by_opcode) {
			at += add_by_opcode(in, decl, stat, stats.nr - at);
			continue;
		}
		if (stat->histogram)
			add_histogram(in, decl->name, decl->name, stat);
		else if (stat->text)
			iou_doc_string(in, decl->name, decl->name, stat->text);
		else
			add_number(in, decl->name, decl->name, stat);
		at++;
	}
	iou_stats_release(&stats);
	return 0;
}
