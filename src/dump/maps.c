// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "dump/maps.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "dump/sum.h"
#include "render/render.h"

enum shape { SHAPE_OPAQUE, SHAPE_ARRAY, SHAPE_HASH };

/* A map that is being read. */
struct reading {
	struct iou_dump *dump;
	const struct bpf_map *map;
	const char *name;
	struct bpf_map_info info; /* the kernel's view: it may have rounded up */
	enum shape shape;
	size_t cpus;   /* how many values an entry has; 0 for one that all CPUs share */
	size_t stride; /* from one CPU's value to the next */
	unsigned char *key, *next_key, *value;
	uint64_t shown, total;
};

static enum shape shape_of(__u32 type)
{
	switch (type) {
	case BPF_MAP_TYPE_ARRAY:
	case BPF_MAP_TYPE_PERCPU_ARRAY:
		return SHAPE_ARRAY;
	case BPF_MAP_TYPE_HASH:
	case BPF_MAP_TYPE_LRU_HASH:
	case BPF_MAP_TYPE_PERCPU_HASH:
	case BPF_MAP_TYPE_LRU_PERCPU_HASH:
	case BPF_MAP_TYPE_LPM_TRIE:
		return SHAPE_HASH;
	default:
		return SHAPE_OPAQUE;
	}
}

static bool is_per_cpu(__u32 type)
{
	return type == BPF_MAP_TYPE_PERCPU_ARRAY || type == BPF_MAP_TYPE_PERCPU_HASH ||
	       type == BPF_MAP_TYPE_LRU_PERCPU_HASH;
}

/* ---- One entry ---- */

static struct iou_doc *add_key(struct reading *r, struct iou_doc *entry)
{
	__u32 index;

	if (r->shape != SHAPE_ARRAY)
		return iou_dump_value(r->dump, entry, "key", bpf_map__btf_key_type_id(r->map),
				      r->key, r->info.key_size);
	memcpy(&index, r->key, sizeof(index));
	return iou_doc_u64(entry, "key", NULL, index);
}

static struct iou_doc *add_per_cpu(struct reading *r, struct iou_doc *entry)
{
	struct iou_doc *values = iou_doc_array(entry, "values"), *sum;
	IOU_FREE char *list = NULL, *total = NULL;

	for (size_t cpu = 0; cpu < r->cpus; cpu++)
		iou_dump_value(r->dump, values, NULL, bpf_map__btf_value_type_id(r->map),
			       r->value + cpu * r->stride, r->info.value_size);
	sum = iou_dump_sum(entry, "sum", values);
	if (!values || !sum || sum->type == IOU_DOC_NULL)
		return values;
	list = iou_render_inline(values);
	total = iou_render_inline(sum);
	if (list && total)
		iou_doc_text(values, "sum %s of %s", total, list);
	return values;
}

/* "counts["abc"]" for people. */
static void label_entry(const struct reading *r, const struct iou_doc *key, struct iou_doc *value)
{
	IOU_FREE char *text = key ? iou_render_inline(key) : NULL, *label = NULL;

	if (text && asprintf(&label, "%s[%s]", r->name, text) < 0)
		label = NULL;
	if (label)
		iou_doc_label(value, label);
	else if (value)
		value->root->failed = true;
}

static void add_entry(struct reading *r, struct iou_doc *entries)
{
	struct iou_doc *entry = iou_doc_object(entries, NULL);
	struct iou_doc *key = add_key(r, entry), *value;

	if (r->cpus)
		value = add_per_cpu(r, entry);
	else
		value = iou_dump_value(r->dump, entry, "value", bpf_map__btf_value_type_id(r->map),
				       r->value, r->info.value_size);
	label_entry(r, key, value);
	/* The entry and the key themselves. */
	r->dump->left -= r->dump->left < 2 ? r->dump->left : 2;
	r->shown++;
}

/* ---- All entries ---- */

static bool is_wanted(const struct reading *r)
{
	return r->dump->left && (r->dump->all || r->shown < IOU_DUMP_ENTRIES);
}

static int look_up(struct reading *r)
{
	size_t size = r->cpus ? r->cpus * r->stride : r->info.value_size;

	return bpf_map__lookup_elem(r->map, r->key, r->info.key_size, r->value, size, 0);
}

static int add_array(struct reading *r, struct iou_doc *entries)
{
	r->total = r->info.max_entries;
	for (__u32 i = 0; i < r->info.max_entries && is_wanted(r); i++) {
		int ret;

		memcpy(r->key, &i, sizeof(i));
		ret = look_up(r);
		if (ret)
			return ret;
		add_entry(r, entries);
	}
	return 0;
}

/* An entry that goes while the keys are walked makes the walk start again: it is bounded. */
static int add_hash(struct reading *r, struct iou_doc *entries)
{
	const unsigned char *key = NULL;
	uint64_t steps = 2 * (uint64_t)r->info.max_entries;
	int ret;

	while (r->total < r->info.max_entries && steps--) {
		ret = bpf_map__get_next_key(r->map, key, r->next_key, r->info.key_size);
		if (ret)
			return ret == -ENOENT ? 0 : ret;
		memcpy(r->key, r->next_key, r->info.key_size);
		key = r->key;
		if (is_wanted(r)) {
			ret = look_up(r);
			if (ret == -ENOENT)
				continue;
			if (ret)
				return ret;
			add_entry(r, entries);
		}
		r->total++;
	}
	return 0;
}

static int allocate(struct reading *r)
{
	size_t value_size = r->info.value_size;

	if (is_per_cpu(r->info.type)) {
		int cpus = libbpf_num_possible_cpus();

		if (cpus <= 0)
			return cpus ?: -EINVAL;
		r->cpus = (size_t)cpus;
		r->stride = (value_size + 7) / 8 * 8;
		value_size = r->cpus * r->stride;
	}
	r->key = calloc(1, r->info.key_size);
	r->next_key = calloc(1, r->info.key_size);
	r->value = calloc(1, value_size);
	return r->key && r->next_key && r->value ? 0 : -ENOMEM;
}

static void release(struct reading *r)
{
	free(r->key);
	free(r->next_key);
	free(r->value);
}

/* ---- One map ---- */

static void add_rest_line(const struct reading *r, struct iou_doc *in)
{
	char shown[32], total[32];
	struct iou_doc *line;

	if (r->shown == r->total && r->total)
		return;
	line = iou_doc_null(in, NULL, r->name);
	if (!r->total)
		iou_doc_text(line, "empty");
	else
		iou_doc_text(line, "%s of %s entries",
			     iou_text_count(shown, sizeof(shown), r->shown),
			     iou_text_count(total, sizeof(total), r->total));
}

static void add_entries(struct reading *r, struct iou_doc *in)
{
	struct iou_doc *entries = iou_doc_array(in, "entries"), *line;
	int ret = allocate(r);

	if (!ret)
		ret = r->shape == SHAPE_ARRAY ? add_array(r, entries) : add_hash(r, entries);
	iou_doc_u64(in, "total", NULL, r->total);
	iou_doc_bool(in, "truncated", NULL, r->shown < r->total);
	release(r);
	if (!ret) {
		add_rest_line(r, in);
		return;
	}
	/* Such as a map that only programs may read. */
	iou_doc_string(in, "error", NULL, iou_errno_name(-ret));
	line = iou_doc_null(in, NULL, r->name);
	iou_doc_text(line, "cannot be read: %s", strerror(-ret));
}

/* What is known of any map; of those of a loop itself, people see nothing. */
static void add_kind(const struct reading *r, struct iou_doc *in)
{
	const char *type = libbpf_bpf_map_type_str(r->info.type);
	struct iou_doc *line;
	char count[32];

	iou_doc_string(in, "type", NULL, type ?: "unknown");
	iou_doc_u64(in, "max_entries", NULL, r->info.max_entries);
	if (r->shape != SHAPE_OPAQUE || r->info.type == BPF_MAP_TYPE_STRUCT_OPS)
		return;
	line = iou_doc_null(in, NULL, r->name);
	iou_doc_text(line, "%s, max_entries %s", type ?: "unknown",
		     iou_text_count(count, sizeof(count), r->info.max_entries));
}

static void add_map(struct iou_dump *dump, struct iou_doc *maps, const struct bpf_map *map)
{
	struct reading r = {.dump = dump, .map = map, .name = bpf_map__name(map)};
	__u32 size = sizeof(r.info);
	struct iou_doc *in;

	if (bpf_map__fd(map) < 0 || bpf_map_get_info_by_fd(bpf_map__fd(map), &r.info, &size))
		return;
	r.shape = shape_of(r.info.type);
	in = iou_doc_object(maps, r.name);
	add_kind(&r, in);
	if (r.shape != SHAPE_OPAQUE)
		add_entries(&r, in);
}

void iou_dump_maps(struct iou_dump *dump, struct iou_doc *maps, const struct iou_loop *loop)
{
	const struct bpf_map *map;

	bpf_object__for_each_map(map, iou_loop_object(loop))
	{
		if (!bpf_map__is_internal(map) && strncmp(bpf_map__name(map), "iou_", 4) != 0)
			add_map(dump, maps, map);
	}
}
