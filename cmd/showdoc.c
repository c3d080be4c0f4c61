// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "showdoc.h"

#include <bpf/libbpf.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/parse.h"
#include "base/text.h"
#include "loop/globals.h"
#include "paramtext.h"
#include "session/session.h"

/* A string of which "" is the same as none: "-" for people, null for programs. */
static void add_text(struct iou_doc *in, const char *key, const char *label, const char *text)
{
	iou_doc_string(in, key, label, text && text[0] ? text : NULL);
}

static void add_object(struct iou_doc *doc, const struct iou_loop *loop,
		       const struct iou_image *image)
{
	struct iou_doc *in = iou_doc_object(doc, "loop"), *field;
	IOU_FREE char *license = iou_image_license(image);
	char text[IOU_SHA256_TEXT];

	field = iou_doc_string(in, "name", "loop", iou_loop_name(loop));
	iou_doc_text(field, "%s (%s)", iou_loop_name(loop), iou_loop_source(loop));
	iou_doc_string(in, "source", NULL, iou_loop_source(loop));
	add_text(in, "license", "license", license);
	field = iou_doc_u64(in, "size", "size", image->size);
	iou_doc_text(field, "%s bytes", iou_text_count(text, sizeof(text), image->size));
	iou_doc_string(in, "sha256", "sha256", iou_image_sha256(image, text));
}

/* ---- Loops and their rings ---- */

/* Entries of the SQ or the CQ: "64", "2 * depth (32)". */
static void add_entries(struct iou_doc *ring, struct iou_doc *row, const struct iou_loop *loop,
			const char *queue, const char *label, const char *expression,
			uint32_t otherwise)
{
	struct iou_doc *line = iou_doc_null(row, NULL, label);
	uint64_t entries = otherwise, plain;
	char key[16];

	/* It has no ring of its own. */
	if (!otherwise)
		expression = NULL;
	iou_doc_string(ring, queue, NULL, expression);
	snprintf(key, sizeof(key), "%s_entries", queue);
	if (expression && iou_loop_eval(loop, expression, &entries)) {
		iou_doc_null(ring, key, NULL);
		iou_doc_text(line, "%s", expression);
		return;
	}
	if (!otherwise) {
		iou_doc_null(ring, key, NULL);
		return;
	}
	if (!entries)
		entries = otherwise;
	iou_doc_u64(ring, key, NULL, entries);
	if (expression && iou_parse_u64(expression, &plain))
		iou_doc_text(line, "%s (%" PRIu64 ")", expression, entries);
	else
		iou_doc_text(line, "%" PRIu64, entries);
}

static void add_flags(struct iou_doc *ring, const char *flags)
{
	struct iou_doc *list = iou_doc_array(ring, "flags");
	IOU_FREE char *copy = strdup(flags ?: "");
	char *rest = copy, *word;

	while (rest && (word = strsep(&rest, " ")))
		if (word[0])
			iou_doc_string(list, NULL, NULL, word);
}

static void add_loop(struct iou_doc *loops, const struct iou_loop *loop, const struct iou_ops *ops)
{
	struct iou_doc *row = iou_doc_object(loops, NULL), *ring;
	const struct iou_decl *self = ops->self;
	bool policy = self && self->policy;

	iou_doc_string(row, "name", "LOOP", ops->name);
	add_text(row, "step", "STEP", ops->step);
	add_text(row, "command", "FOR", !self ? NULL : policy ? "attach" : "run");
	ring = iou_doc_object(row, "ring");
	add_entries(ring, row, loop, "sq", "SQ", self ? self->sq : NULL,
		    policy ? 0 : IOU_SESSION_SQ_ENTRIES);
	add_entries(ring, row, loop, "cq", "CQ", self ? self->cq : NULL,
		    policy ? 0 : IOU_SESSION_CQ_ENTRIES);
	add_flags(ring, self ? self->flags : NULL);
	add_text(row, NULL, "RING FLAGS", self ? self->flags : NULL);
	add_text(row, "description", "DESCRIPTION", self ? self->help : NULL);
}

static void add_loops(struct iou_doc *doc, const struct iou_loop *loop, bool chosen)
{
	struct iou_doc *loops = iou_doc_table_apart(doc, "loops");
	struct iou_ops ops;

	for (size_t nr = 0; iou_loop_ops(loop, nr, &ops); nr++)
		if (!chosen || ops.chosen)
			add_loop(loops, loop, &ops);
}

/* ---- Declarations ---- */

static void add_bound(struct iou_doc *row, const char *key, const struct iou_decl *param,
		      uint64_t value)
{
	if (!iou_kind_is_number(param->kind) || param->kind == IOU_KIND_FLAG ||
	    (param->kind >= IOU_KIND_ERRNO && param->kind <= IOU_KIND_CHOICE))
		iou_doc_null(row, key, NULL);
	else if (param->kind == IOU_KIND_S64)
		iou_doc_s64(row, key, NULL, (int64_t)value);
	else
		iou_doc_u64(row, key, NULL, value);
}

static void add_param(struct iou_doc *params, const struct iou_loop *loop,
		      const struct iou_decl *param)
{
	struct iou_doc *row = iou_doc_object(params, NULL), *words;
	bool is_number = iou_kind_is_number(param->kind);
	char text[IOU_PARAM_TEXT_MAX];

	iou_doc_string(row, "name", "PARAMETER", param->name);
	iou_doc_string(row, "kind", "KIND", iou_kind_name(param->kind));
	add_text(row, NULL, "DEFAULT", iou_param_default_text(text, sizeof(text), loop, param));
	if (!iou_param_add_value(row, "default", NULL, loop, param))
		iou_doc_null(row, "default", NULL);
	add_text(row, NULL, "VALUES", iou_param_values_text(text, sizeof(text), param));
	add_bound(row, "min", param, param->min.u);
	add_bound(row, "max", param, param->max.u);
	words = iou_doc_array(row, "choices");
	for (size_t i = 0; iou_kind_has_choices(param->kind) && i < param->choices_nr; i++)
		iou_doc_string(words, NULL, NULL, param->choices[i]);
	iou_doc_string(row, "nr", NULL, is_number ? NULL : param->nr);
	iou_doc_string(row, "size", NULL, is_number ? NULL : param->size);
	iou_doc_bool(row, "optional", NULL, param->optional);
	add_text(row, "unit", NULL, param->unit);
	/* Values of these are with their unit. */
	add_text(row, NULL, "UNIT",
		 param->kind == IOU_KIND_SIZE || param->kind == IOU_KIND_DURATION ? NULL
										  : param->unit);
	add_text(row, "help", "HELP", param->help);
}

static void add_stat(struct iou_doc *stats, const struct iou_decl *stat)
{
	struct iou_doc *row = iou_doc_object(stats, NULL);

	iou_doc_string(row, "name", "STATISTIC", stat->name);
	iou_doc_string(row, "kind", "KIND", iou_kind_name(stat->kind));
	add_text(row, "by", "BY", stat->by_opcode ? "opcode" : NULL);
	add_text(row, "of", "ENDS AT", stat->of);
	add_text(row, "unit", "UNIT", stat->unit);
	add_text(row, "help", "HELP", stat->help);
}

static void add_decls(struct iou_doc *doc, const struct iou_loop *loop)
{
	const struct iou_decls *decls = iou_loop_decls(loop);
	struct iou_doc *params = iou_doc_table_apart(doc, "params");
	struct iou_doc *stats = iou_doc_table_apart(doc, "stats");

	for (size_t i = 0; i < decls->nr; i++) {
		if (decls->list[i].what == IOU_DECL_PARAM)
			add_param(params, loop, &decls->list[i]);
		else if (decls->list[i].what == IOU_DECL_STAT)
			add_stat(stats, &decls->list[i]);
	}
}

/* ---- What is in any object ---- */

static void add_globals(struct iou_doc *doc, const struct iou_loop *loop)
{
	IOU_CLEANUP(iou_globals_release) struct iou_globals globals = {};
	struct iou_doc *list = iou_doc_table_apart(doc, "globals"), *row;

	/* A loop that declares what can be set has said it. */
	if (iou_loop_decls(loop)->nr || !doc)
		return;
	if (iou_globals_read(&globals, loop))
		doc->failed = true;
	for (size_t i = 0; i < globals.nr; i++) {
		row = iou_doc_object(list, NULL);
		iou_doc_string(row, "name", "GLOBAL", globals.list[i].name);
		iou_doc_string(row, "type", "TYPE", globals.list[i].type);
		iou_doc_string(row, "section", "SECTION", globals.list[i].section);
		iou_doc_u64(row, "size", "BYTES", globals.list[i].size);
	}
}

static void add_map(struct iou_doc *maps, const struct bpf_map *map)
{
	struct iou_doc *row = iou_doc_object(maps, NULL);
	const char *type = libbpf_bpf_map_type_str(bpf_map__type(map));
	char number[16];

	snprintf(number, sizeof(number), "%d", (int)bpf_map__type(map));
	iou_doc_string(row, "name", "MAP", bpf_map__name(map));
	iou_doc_string(row, "type", "TYPE", type ?: number);
	iou_doc_u64(row, "key_size", "KEY", bpf_map__key_size(map));
	iou_doc_u64(row, "value_size", "VALUE", bpf_map__value_size(map));
	iou_doc_u64(row, "max_entries", "ENTRIES", bpf_map__max_entries(map));
}

/* Neither data sections and loops, which are shown as what they are, nor the header's own. */
static void add_maps(struct iou_doc *doc, const struct iou_loop *loop)
{
	struct iou_doc *maps = iou_doc_table_apart(doc, "maps");
	struct bpf_map *map;

	bpf_object__for_each_map(map, iou_loop_object(loop))
	{
		if (!bpf_map__is_internal(map) && bpf_map__type(map) != BPF_MAP_TYPE_STRUCT_OPS &&
		    strncmp(bpf_map__name(map), "iou_", 4) != 0)
			add_map(maps, map);
	}
}

/* Whether @prog is @step in one of the forms that IOU_LOOP() makes; or nobody's step, nor the
 * check of another loop, which is not loaded. */
static bool belongs(const struct bpf_program *prog, const char *step)
{
	static const char *const forms[] = {"", "_rewind", "_traced"};
	const char *name = bpf_program__name(prog);
	size_t length = strlen(step);

	if (bpf_program__type(prog) == BPF_PROG_TYPE_SYSCALL)
		return bpf_program__autoload(prog);
	if (bpf_program__type(prog) != BPF_PROG_TYPE_STRUCT_OPS)
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(forms); i++)
		if (strncmp(name, step, length) == 0 && strcmp(name + length, forms[i]) == 0)
			return true;
	return false;
}

/* The step of the loop that was opened. */
static const char *chosen_step(const struct iou_loop *loop)
{
	struct iou_ops ops;

	for (size_t nr = 0; iou_loop_ops(loop, nr, &ops); nr++)
		if (ops.chosen && ops.step)
			return ops.step;
	return "";
}

static void add_programs(struct iou_doc *doc, const struct iou_loop *loop, bool chosen)
{
	struct iou_doc *programs = iou_doc_table_apart(doc, "programs"), *row;
	const char *step = chosen_step(loop);
	const struct bpf_program *prog;
	struct bpf_program *next;

	bpf_object__for_each_program(next, iou_loop_object(loop))
	{
		prog = next;
		if (chosen && !belongs(prog, step))
			continue;
		row = iou_doc_object(programs, NULL);
		iou_doc_string(row, "name", "PROGRAM", bpf_program__name(prog));
		iou_doc_string(row, "section", "SECTION", bpf_program__section_name(prog));
		iou_doc_u64(row, "instructions", "INSTRUCTIONS", bpf_program__insn_cnt(prog));
	}
}

struct iou_doc *iou_showdoc_new(const struct iou_loop *loop, const struct iou_image *image,
				bool chosen)
{
	struct iou_doc *doc = iou_doc_new("iouctl.show/1");

	add_object(doc, loop, image);
	add_loops(doc, loop, chosen);
	add_decls(doc, loop);
	add_globals(doc, loop);
	add_maps(doc, loop);
	add_programs(doc, loop, chosen);
	return doc;
}
