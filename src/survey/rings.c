// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Rings: what descriptors lead to which, and what the iterators told of them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "survey/internal.h"

int iou_survey_add_at(struct iou_survey_ats *ats, const struct iou_survey_at *at)
{
	struct iou_survey_at *list = realloc(ats->list, (ats->nr + 1) * sizeof(*list));

	if (!list)
		return -ENOMEM;
	ats->list = list;
	list[ats->nr++] = *at;
	return 0;
}

/* The last first: the descriptors of a process come together. */
static struct iou_survey_ring *find(struct iou_survey *survey, uint64_t ino, uint64_t ctx)
{
	for (size_t i = survey->rings_nr; i--;)
		if (survey->rings[i].ino == ino && survey->rings[i].ctx == ctx)
			return &survey->rings[i];
	return NULL;
}

struct iou_survey_ring *iou_survey_ring(struct iou_survey *survey, uint64_t ino, uint64_t ctx)
{
	struct iou_survey_ring *ring = find(survey, ino, ctx), *list;

	if (ring)
		return ring;
	list = realloc(survey->rings, (survey->rings_nr + 1) * sizeof(*list));
	if (!list)
		return NULL;
	survey->rings = list;
	ring = &list[survey->rings_nr++];
	*ring = (struct iou_survey_ring){.ino = ino, .ctx = ctx};
	return ring;
}

static void take_record(struct iou_survey_ring *ring, const struct iou_file_record *record)
{
	ring->has_setup = ring->has_sizes = record->has & IOU_RING_HAS_SETUP;
	ring->setup = record->setup;
	ring->sq_entries = record->sq_entries;
	ring->cq_entries = record->cq_entries;
	ring->has_indices = record->has & IOU_RING_HAS_INDICES;
	ring->sq_head = record->sq_head;
	ring->sq_tail = record->sq_tail;
	ring->cq_head = record->cq_head;
	ring->cq_tail = record->cq_tail;
	ring->has_overflow = ring->has_indices;
	ring->lost = record->lost;
	ring->overflowed = record->overflowed;
	ring->has_in_flight = record->has & IOU_RING_HAS_IN_FLIGHT;
	ring->in_flight = record->in_flight;
	ring->has_submitter = record->has & IOU_RING_HAS_SUBMITTER;
	ring->submitter = record->submitter;
	ring->has_loop = record->has & IOU_RING_HAS_LOOP;
	ring->bound = record->ops != 0;
	ring->ops = record->ops;
}

static int add_record(struct iou_survey *survey, const struct iou_file_record *record)
{
	struct iou_survey_at at = {
		.pid = record->pid,
		.tid = record->tid,
		.fd = (int32_t)record->fd,
	};
	struct iou_survey_ring *ring = iou_survey_ring(survey, record->ino, record->ctx);

	if (!ring)
		return -ENOMEM;
	memcpy(at.comm, record->comm, sizeof(at.comm) - 1);
	take_record(ring, record);
	return iou_survey_add_at(&ring->at, &at);
}

int iou_survey_rings_iterate(struct iou_survey *survey, const struct iou_file_record *records,
			     size_t nr)
{
	int ret = 0;

	for (size_t i = 0; i < nr && !ret; i++)
		if (records[i].kind == IOU_FILE_RING)
			ret = add_record(survey, &records[i]);
	return ret;
}
