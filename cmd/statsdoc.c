// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "statsdoc.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "attach/others.h"
#include "base/text.h"
#include "exit.h"
#include "loopdoc.h"
#include "paramtext.h"
#include "report.h"

static void add_number(struct iou_doc *in, const char *key, bool has, uint64_t value)
{
	if (has)
		iou_doc_u64(in, key, NULL, value);
	else
		iou_doc_null(in, key, NULL);
}

static void add_loop(struct iou_doc *doc, const struct iou_stats_loop *loop)
{
	const struct iou_survey_loop *seen = loop->seen;
	struct iou_doc *in, *line;

	in = iou_doc_object(doc, "loop");
	if (loop->reached.loop) {
		line = iou_doc_string(in, "name", "loop", iou_loop_name(loop->reached.loop));
		iou_doc_text(line, "%s (%s)", iou_loop_name(loop->reached.loop),
			     iou_loop_source(loop->reached.loop));
		iou_doc_string(in, "source", NULL, iou_loop_source(loop->reached.loop));
	} else {
		line = iou_doc_string(in, "name", "loop", seen->map_name);
		iou_doc_text(line, "%s (not by 'iouctl attach')", seen->map_name);
		iou_doc_null(in, "source", NULL);
	}
	line = loop->id ? iou_doc_u64(in, "id", "id", loop->id) : iou_doc_null(in, "id", NULL);
	if (loop->id)
		iou_doc_text(line, "%" PRIu32, loop->id);
	add_number(in, "link_id", loop->link_id, loop->link_id);
	add_number(in, "prog_id", seen && seen->prog_id, seen ? seen->prog_id : 0);
	iou_doc_bool(in, "iouctl", NULL, loop->reached.loop);
	if (loop->has_bound)
		iou_doc_bool(in, "bound", NULL, loop->bound);
	else
		iou_doc_null(in, "bound", NULL);
	if (loop->has_bound && !loop->bound)
		iou_doc_text(iou_doc_null(in, NULL, "state"), "off: it is bound to no ring");
}

/* Of several descriptors of the ring the one that it was bound by, else the first. */
static const struct iou_survey_at *find_at(const struct iou_stats_loop *loop)
{
	const struct iou_survey_ring *ring = loop->ring;

	for (size_t i = 0; ring && loop->reached.loop && i < ring->at.nr; i++)
		if (ring->at.list[i].pid == loop->reached.meta.pid &&
		    ring->at.list[i].fd == loop->reached.meta.ring_fd)
			return &ring->at.list[i];
	return ring && ring->at.nr ? &ring->at.list[0] : NULL;
}

/* As it is; what is not seen of it, as it was when the loop was bound. */
static void add_target(struct iou_doc *doc, const struct iou_stats_loop *loop)
{
	const struct iou_meta *meta = loop->reached.loop ? &loop->reached.meta : NULL;
	const struct iou_survey_at *at = find_at(loop);
	struct iou_doc *in = iou_doc_object(doc, "target"), *line;
	int32_t pid = at ? at->pid : meta ? meta->pid : 0;
	int32_t fd = at ? at->fd : meta ? meta->ring_fd : -1;
	uint64_t ino = loop->ring ? loop->ring->ino : meta ? meta->ring_ino : 0;

	add_number(in, "pid", pid > 0, (uint64_t)pid);
	iou_doc_string(in, "name", NULL, at ? at->comm : NULL);
	add_number(in, "ring_fd", fd >= 0, (uint64_t)fd);
	add_number(in, "ring_ino", ino, ino);
	line = iou_doc_null(in, NULL, "target");
	if (at)
		iou_doc_text(line, "%s (pid %" PRId32 "), ring fd %" PRId32, at->comm, pid, fd);
	else if (pid > 0 && fd >= 0)
		iou_doc_text(line, "pid %" PRId32 ", ring fd %" PRId32, pid, fd);
	else if (pid > 0)
		iou_doc_text(line, "pid %" PRId32, pid);
	else
		iou_doc_text(line, "?");
}

/* Numbers are constants of the program. What other parameters were set to is not with it. */
static void add_params(struct iou_doc *doc, const struct iou_loop *loop)
{
	const struct iou_decls *decls = iou_loop_decls(loop);
	struct iou_doc *params = iou_doc_object(doc, "params");
	bool any = false;

	for (size_t i = 0; i < decls->nr; i++) {
		const struct iou_decl *decl = &decls->list[i];

		if (decl->what != IOU_DECL_PARAM)
			continue;
		if (iou_kind_is_number(decl->kind))
			iou_param_add_value(params, decl->name, NULL, loop, decl);
		else
			iou_doc_null(params, decl->name, NULL);
		any = true;
	}
	if (any)
		iou_doc_label(params, "params");
}

static void add_runs(struct iou_doc *doc, const struct iou_stats_loop *loop)
{
	bool has = loop->seen && loop->seen->has_runs;
	uint64_t runs = has ? loop->seen->runs : 0, run_ns = has ? loop->seen->run_ns : 0;
	struct iou_doc *in = iou_doc_object(doc, "run"), *line;
	char text[32];

	add_number(in, "steps", has, runs);
	add_number(in, "step_ns", has, run_ns);
	line = iou_doc_null(in, NULL, has ? "steps" : NULL);
	iou_doc_text(line, "%s", iou_text_count(text, sizeof(text), runs));
	line = iou_doc_null(in, NULL, has ? "in steps" : NULL);
	iou_doc_text(line, "%s", iou_text_duration(text, sizeof(text), (double)run_ns));
}

/* Of a loop that iouctl did not bind: what bpftool can be asked for. */
static void add_others(struct iou_doc *doc, const struct iou_survey_loop *seen)
{
	struct iou_others_map maps[IOU_OTHERS_MAPS_MAX];
	int nr = iou_others_maps(seen->prog_id, maps);
	struct iou_doc *table;

	iou_doc_null(doc, "params", NULL);
	iou_doc_null(doc, "stats", NULL);
	iou_doc_null(doc, "globals", NULL);
	iou_doc_null(doc, "maps", NULL);
	iou_doc_string(doc, "program", "program", seen->prog_name[0] ? seen->prog_name : NULL);
	if (nr < 0) {
		iou_doc_null(doc, "program_maps", NULL);
		return;
	}
	if (nr)
		iou_doc_text(iou_doc_null(doc, NULL, "maps"),
			     "'bpftool map dump id ID' shows what is in them");
	table = iou_doc_table_apart(doc, "program_maps");
	for (int i = 0; i < nr; i++) {
		struct iou_doc *row = iou_doc_object(table, NULL), *field;

		field = iou_doc_u64(row, "id", "ID", maps[i].id);
		iou_doc_text(field, "%" PRIu32, maps[i].id);
		iou_doc_string(row, "name", "MAP", maps[i].name);
	}
}

static int add_own(struct iou_doc *doc, const struct iou_loop *loop,
		   const struct iou_dump_config *dump, struct iou_err *err)
{
	int ret;

	add_params(doc, loop);
	ret = iou_loopdoc_add_stats(doc, loop, err);
	iou_dump_add(doc, loop, dump);
	iou_doc_null(doc, "program", NULL);
	iou_doc_null(doc, "program_maps", NULL);
	return ret;
}

int iou_statsdoc_print(const struct iou_stats_loop *loop, const struct iou_dump_config *dump,
		       enum iou_format format)
{
	struct iou_doc *doc = iou_doc_new("iouctl.stats/1");
	struct iou_err err = {};
	int ret = 0;

	add_loop(doc, loop);
	add_target(doc, loop);
	iou_doc_u64(doc, "time_ns", NULL, loop->time_ns);
	add_number(doc, "since_ns", loop->reached.loop, loop->reached.meta.since_ns);
	if (loop->reached.loop)
		ret = iou_dump_check(loop->reached.loop, dump, &err)
			      ?: add_own(doc, loop->reached.loop, dump, &err);
	add_runs(doc, loop);
	/* In text a table ends the document. */
	if (!loop->reached.loop)
		add_others(doc, loop->seen);
	ret = ret ? iou_report_error(&err, format) : iou_report_doc(doc, format, IOU_EXIT_OK);
	iou_doc_free(doc);
	return ret;
}
