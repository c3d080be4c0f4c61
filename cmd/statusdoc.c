// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "statusdoc.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "ring/ring.h"

#define UNKNOWN "?"

/* ---- Values that may not be known ---- */

static void add_u32(struct iou_doc *in, const char *key, const char *label, bool has,
		    uint32_t value)
{
	if (has)
		iou_doc_u64(in, key, label, value);
	else
		iou_doc_text(iou_doc_null(in, key, label), UNKNOWN);
}

/* An id: no commas. */
static struct iou_doc *add_id(struct iou_doc *in, const char *key, const char *label, bool has,
			      uint64_t value)
{
	struct iou_doc *field = has ? iou_doc_u64(in, key, label, value)
				    : iou_doc_null(in, key, label);

	if (has)
		iou_doc_text(field, "%" PRIu64, value);
	return field;
}

static struct iou_doc *add_bool(struct iou_doc *in, const char *key, bool has, bool value)
{
	return has ? iou_doc_bool(in, key, NULL, value) : iou_doc_null(in, key, NULL);
}

/* How old something is, in its largest unit. */
static void say_age(struct iou_doc *field, uint64_t ns)
{
	static const struct {
		uint64_t seconds;
		const char *unit;
	} units[] = {{86400, "d"}, {3600, "h"}, {60, "min"}, {1, "s"}};
	uint64_t seconds = ns / 1000000000;

	for (size_t i = 0; i < ARRAY_SIZE(units); i++)
		if (seconds >= units[i].seconds || units[i].seconds == 1) {
			iou_doc_text(field, "%" PRIu64 " %s", seconds / units[i].seconds,
				     units[i].unit);
			return;
		}
}

/* ---- Descriptors ---- */

static void add_ats(struct iou_doc *in, const char *key, const struct iou_survey_ats *ats)
{
	struct iou_doc *list = iou_doc_array(in, key);

	for (size_t i = 0; i < ats->nr; i++) {
		struct iou_doc *at = iou_doc_object(list, NULL);

		iou_doc_string(at, "process", NULL, ats->list[i].comm);
		iou_doc_s64(at, "pid", NULL, ats->list[i].pid);
		iou_doc_s64(at, "tid", NULL, ats->list[i].tid);
		iou_doc_s64(at, "fd", NULL, ats->list[i].fd);
	}
}

/* The descriptor of a ring that people are shown: that of @pid, else the first. */
static const struct iou_survey_at *first_at(const struct iou_survey_ats *ats, int32_t pid)
{
	for (size_t i = 0; i < ats->nr; i++)
		if (ats->list[i].pid == pid)
			return &ats->list[i];
	return ats->nr ? &ats->list[0] : NULL;
}

static bool is_of(const struct iou_survey_ring *ring, int32_t pid)
{
	const struct iou_survey_at *at = ring ? first_at(&ring->at, pid) : NULL;

	return at && at->pid == pid;
}

/* " +2" for two more than one. */
static void say_more(char *text, size_t size, size_t nr)
{
	text[0] = '\0';
	if (nr > 1)
		snprintf(text, size, " +%zu", nr - 1);
}

/* ---- Rings ---- */

static const char *loop_name(const struct iou_survey_loop *loop)
{
	return loop->has_meta ? loop->meta.loop : loop->map_name[0] ? loop->map_name : UNKNOWN;
}

static void add_flags(struct iou_doc *row, const struct iou_survey_ring *ring)
{
	struct iou_doc *list;
	char text[512] = "", number[16];
	size_t at = 0;

	if (!ring->has_setup) {
		iou_doc_text(iou_doc_null(row, "flags", "FLAGS"), UNKNOWN);
		return;
	}
	list = iou_doc_array(row, "flags");
	iou_doc_label(list, "FLAGS");
	for (unsigned int bit = 0; bit < 32; bit++) {
		const char *name = iou_ring_flag_name(bit);

		if (!(ring->setup & (1U << bit)))
			continue;
		snprintf(number, sizeof(number), "bit-%u", bit);
		iou_doc_string(list, NULL, NULL, name ?: number);
		if (at < sizeof(text))
			at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%s", at ? " " : "",
					       name ?: number);
	}
	iou_doc_text(list, "%s", at ? text : "-");
}

/* With SQ_REWIND the head and tail of the SQ say nothing. */
static void add_queues(struct iou_doc *row, const struct iou_survey_ring *ring)
{
	bool rewinds = ring->has_setup && ring->setup & IORING_SETUP_SQ_REWIND;
	bool has = ring->has_indices;

	add_u32(row, "sq_entries", "SQ", ring->has_sizes, ring->sq_entries);
	add_u32(row, "cq_entries", "CQ", ring->has_sizes, ring->cq_entries);
	add_u32(row, "sq_head", NULL, has, ring->sq_head);
	add_u32(row, "sq_tail", NULL, has, ring->sq_tail);
	add_u32(row, "cq_head", NULL, has, ring->cq_head);
	add_u32(row, "cq_tail", NULL, has, ring->cq_tail);
	add_u32(row, NULL, "QUEUED", has && !rewinds, ring->sq_tail - ring->sq_head);
	add_u32(row, "in_flight", "IN FLIGHT", ring->has_in_flight, ring->in_flight);
	add_u32(row, NULL, "UNREAD", has, ring->cq_tail - ring->cq_head);
	add_bool(row, "cq_overflowed", ring->has_overflow, ring->overflowed);
	add_u32(row, "cq_lost", NULL, ring->has_overflow, ring->lost);
}

static void add_ring(struct iou_doc *rings, const struct iou_survey *survey,
		     const struct iou_survey_ring *ring, int32_t pid)
{
	const struct iou_survey_loop *loop = iou_survey_loop_of(survey, ring);
	const struct iou_survey_at *at = first_at(&ring->at, pid);
	struct iou_doc *row = iou_doc_object(rings, NULL), *field;
	char more[32];

	iou_doc_string(row, NULL, "PROCESS", at ? at->comm : UNKNOWN);
	iou_doc_s64(row, NULL, "PID", at ? at->pid : 0);
	say_more(more, sizeof(more), ring->at.nr);
	field = iou_doc_s64(row, NULL, "FD", at ? at->fd : -1);
	iou_doc_text(field, "%" PRId32 "%s", at ? at->fd : -1, more);
	add_ats(row, "descriptors", &ring->at);
	add_id(row, "inode", NULL, true, ring->ino);
	add_queues(row, ring);
	add_bool(row, "bound", ring->has_loop, ring->bound);
	field = add_id(row, "loop", "LOOP", loop, loop ? loop->map_id : 0);
	if (loop)
		iou_doc_text(field, "%s (%" PRIu32 ")", loop_name(loop), loop->map_id);
	else if (!ring->has_loop || ring->bound)
		iou_doc_text(field, UNKNOWN);
	if (ring->has_submitter && ring->submitter)
		iou_doc_s64(row, "submitter", NULL, ring->submitter);
	else
		iou_doc_null(row, "submitter", NULL);
	add_flags(row, ring);
}

/* ---- Loops ---- */

static void add_meta(struct iou_doc *row, const struct iou_survey_loop *loop)
{
	const struct iou_meta *meta = loop->has_meta ? &loop->meta : NULL;

	iou_doc_string(row, "source", NULL, meta ? meta->source : NULL);
	iou_doc_string(row, "version", NULL, meta ? meta->version : NULL);
	if (meta) {
		iou_doc_s64(row, "pid", NULL, meta->pid);
		iou_doc_s64(row, "ring_fd", NULL, meta->ring_fd);
		iou_doc_s64(row, "holder", NULL, meta->holder);
		iou_doc_u64(row, "since_ns", NULL, meta->since_ns);
	} else {
		iou_doc_null(row, "pid", NULL);
		iou_doc_null(row, "ring_fd", NULL);
		iou_doc_null(row, "holder", NULL);
		iou_doc_null(row, "since_ns", NULL);
	}
}

static void add_where(struct iou_doc *row, const struct iou_survey_loop *loop,
		      const struct iou_survey_ring *ring, int32_t pid)
{
	const struct iou_survey_at *at = ring ? first_at(&ring->at, pid) : NULL;
	struct iou_doc *field = add_id(row, "inode", "RING", ring, ring ? ring->ino : 0);

	add_bool(row, "bound", loop->has_bound, loop->bound);
	if (at)
		iou_doc_text(field, "%s %" PRId32 " fd %" PRId32, at->comm, at->pid, at->fd);
	else if (loop->has_bound && !loop->bound)
		iou_doc_text(field, "none");
	else
		iou_doc_text(field, UNKNOWN);
}

static void add_held(struct iou_doc *row, const struct iou_survey_loop *loop)
{
	struct iou_doc *pins = iou_doc_array(row, "pins"), *field;
	const struct iou_survey_at *at = first_at(&loop->holders, 0);
	char more[32];

	for (size_t i = 0; i < loop->pins.nr; i++)
		iou_doc_string(pins, NULL, NULL, loop->pins.list[i]);
	add_ats(row, "holders", &loop->holders);
	say_more(more, sizeof(more), loop->pins.nr + loop->holders.nr);
	field = iou_doc_null(row, NULL, "HELD BY");
	if (loop->pins.nr)
		iou_doc_text(field, "%s%s", loop->pins.list[0], more);
	else if (at)
		iou_doc_text(field, "%s %" PRId32 "%s", at->comm, at->pid, more);
	else
		iou_doc_text(field, UNKNOWN);
}

static void add_runs(struct iou_doc *row, const struct iou_survey_loop *loop)
{
	struct iou_doc *field = loop->has_age ? iou_doc_u64(row, "age_ns", "AGE", loop->age_ns)
					      : iou_doc_null(row, "age_ns", "AGE");
	char text[32];

	if (loop->has_age)
		say_age(field, loop->age_ns);
	else
		iou_doc_text(field, UNKNOWN);
	field = loop->has_runs ? iou_doc_u64(row, "runs", "STEPS", loop->runs)
			       : iou_doc_null(row, "runs", "STEPS");
	if (!loop->has_runs)
		iou_doc_text(field, UNKNOWN);
	field = loop->has_runs ? iou_doc_u64(row, "run_ns", "TIME", loop->run_ns)
			       : iou_doc_null(row, "run_ns", "TIME");
	iou_doc_text(field, "%s",
		     loop->has_runs ? iou_text_duration(text, sizeof(text), (double)loop->run_ns)
				    : UNKNOWN);
}

static void add_loop(struct iou_doc *loops, const struct iou_survey *survey,
		     const struct iou_survey_loop *loop, int32_t pid)
{
	struct iou_doc *row = iou_doc_object(loops, NULL);

	iou_doc_string(row, "name", "LOOP", loop_name(loop));
	add_id(row, "id", "ID", true, loop->map_id);
	add_id(row, "link_id", NULL, loop->link_id, loop->link_id);
	add_id(row, "prog_id", NULL, loop->prog_id, loop->prog_id);
	iou_doc_string(row, "map_name", NULL, loop->map_name[0] ? loop->map_name : NULL);
	iou_doc_string(row, "prog_name", NULL, loop->prog_name[0] ? loop->prog_name : NULL);
	iou_doc_bool(row, "iouctl", NULL, loop->has_meta);
	add_where(row, loop, iou_survey_ring_of(survey, loop), pid);
	add_held(row, loop);
	add_runs(row, loop);
	add_meta(row, loop);
}

/* ---- All of it ---- */

/* A table without rows has no heading either: that it is empty is said. */
static void say_none(struct iou_doc *doc, const struct iou_survey *survey,
		     const struct iou_doc *table, const char *label)
{
	if (table && !table->first)
		iou_doc_text(iou_doc_null(doc, NULL, label),
			     survey->iterated ? "none" : "none seen");
}

static bool is_of_loop(const struct iou_survey *survey, const struct iou_survey_loop *loop,
		       int32_t pid)
{
	return is_of(iou_survey_ring_of(survey, loop), pid) || iou_survey_is_for(loop, pid);
}

static void add_loops(struct iou_doc *doc, const struct iou_survey *survey, int32_t pid)
{
	struct iou_doc *table = iou_doc_table(doc, "loops");

	for (size_t i = 0; i < survey->loops_nr; i++)
		if (!pid || is_of_loop(survey, &survey->loops[i], pid))
			add_loop(table, survey, &survey->loops[i], pid);
	say_none(doc, survey, table, "loops");
}

static void add_rings(struct iou_doc *doc, const struct iou_survey *survey, int32_t pid, bool alone)
{
	struct iou_doc *table = alone ? iou_doc_table(doc, "rings")
				      : iou_doc_table_apart(doc, "rings");

	for (size_t i = 0; i < survey->rings_nr; i++)
		if (!pid || is_of(&survey->rings[i], pid))
			add_ring(table, survey, &survey->rings[i], pid);
	say_none(doc, survey, table, "rings");
}

/* What was not seen of what was asked for. */
static void add_gaps(struct iou_doc *doc, const struct iou_survey *survey, bool loops)
{
	struct iou_doc *table = iou_doc_table_apart(doc, "unseen");

	for (size_t i = 0; i < survey->gaps_nr; i++) {
		const struct iou_survey_gap *gap = &survey->gaps[i];
		struct iou_doc *row;

		if (!loops && (strcmp(gap->id, "runs") == 0 || strcmp(gap->id, "pins") == 0))
			continue;
		row = iou_doc_object(table, NULL);
		iou_doc_string(row, "id", NULL, gap->id);
		iou_doc_string(row, "what", "NOT SEEN", gap->what);
		iou_doc_string(row, "why", "WHY", gap->why);
	}
}

struct iou_doc *iou_statusdoc_new(const struct iou_survey *survey,
				  const struct iou_status_want *want)
{
	struct iou_doc *doc = iou_doc_new("iouctl.status/1");

	if (want->loops)
		add_loops(doc, survey, want->pid);
	else
		iou_doc_null(doc, "loops", NULL);
	if (want->rings)
		add_rings(doc, survey, want->pid, !want->loops);
	else
		iou_doc_null(doc, "rings", NULL);
	add_gaps(doc, survey, want->loops);
	return doc;
}
