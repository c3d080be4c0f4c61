// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "dump/sum.h"

#include <stdlib.h>

#include "base/cleanup.h"

static bool is_number(const struct iou_doc *doc)
{
	return (doc->type == IOU_DOC_U64 || doc->type == IOU_DOC_S64) && !doc->text;
}

static bool has_number(const struct iou_doc *doc)
{
	if (is_number(doc))
		return true;
	for (const struct iou_doc *in = doc->first; in; in = in->next)
		if (has_number(in))
			return true;
	return false;
}

static struct iou_doc *add(struct iou_doc *in, const char *key, const struct iou_doc *const *values,
			   size_t nr);

static struct iou_doc *add_numbers(struct iou_doc *in, const char *key,
				   const struct iou_doc *const *values, size_t nr)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < nr; i++)
		if (values[i] && is_number(values[i]))
			sum += values[i]->type == IOU_DOC_U64 ? values[i]->value.u
							      : (uint64_t)values[i]->value.s;
	if (values[0]->type == IOU_DOC_U64)
		return iou_doc_u64(in, key, NULL, sum);
	return iou_doc_s64(in, key, NULL, (int64_t)sum);
}

/* Fields of one type come in one order, so that all are walked in step. */
static struct iou_doc *add_containers(struct iou_doc *in, const char *key,
				      const struct iou_doc *const *values, size_t nr)
{
	IOU_FREE const struct iou_doc **at = calloc(nr, sizeof(*at));
	bool array = values[0]->type == IOU_DOC_ARRAY;
	struct iou_doc *sum = array ? iou_doc_array(in, key) : iou_doc_object(in, key);

	if (!at || !sum) {
		in->root->failed = true;
		return sum;
	}
	for (size_t i = 0; i < nr; i++)
		at[i] = values[i] ? values[i]->first : NULL;
	while (at[0]) {
		if (array || has_number(at[0]))
			add(sum, at[0]->key, at, nr);
		for (size_t i = 0; i < nr; i++)
			at[i] = at[i] ? at[i]->next : NULL;
	}
	return sum;
}

static struct iou_doc *add(struct iou_doc *in, const char *key, const struct iou_doc *const *values,
			   size_t nr)
{
	if (!has_number(values[0]))
		return iou_doc_null(in, key, NULL);
	if (is_number(values[0]))
		return add_numbers(in, key, values, nr);
	return add_containers(in, key, values, nr);
}

struct iou_doc *iou_dump_sum(struct iou_doc *in, const char *key, const struct iou_doc *values)
{
	IOU_FREE const struct iou_doc **list = NULL;
	size_t nr = 0;

	for (const struct iou_doc *v = values ? values->first : NULL; v; v = v->next)
		nr++;
	if (!in || !nr)
		return iou_doc_null(in, key, NULL);
	list = calloc(nr, sizeof(*list));
	if (!list) {
		in->root->failed = true;
		return NULL;
	}
	nr = 0;
	for (const struct iou_doc *v = values->first; v; v = v->next)
		list[nr++] = v;
	return add(in, key, list, nr);
}
