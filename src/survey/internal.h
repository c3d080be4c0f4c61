/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the files of this layer share. */
#pragma once

#include "survey/records.h"
#include "survey/survey.h"

/* ---- iterate.c: the kernel's own data ---- */

struct iou_iterators;

/*
 * Load them: those of files, and where wanted of loops. -EPERM where the caller may not, other
 * errors where the kernel cannot.
 */
int iou_iterators_new(struct iou_iterators **out, bool loops);
void iou_iterators_free(struct iou_iterators *iterators);

/*
 * Everything that the program @name tells, records of @size bytes each, for process @pid or with 0
 * for all. *@records is to be freed.
 */
int iou_iterate(struct iou_iterators *iterators, const char *name, int32_t pid, size_t size,
		void **records, size_t *nr);

/* ---- rings.c, proc.c: rings, in either way ---- */

int iou_survey_rings_iterate(struct iou_survey *survey, const struct iou_file_record *records,
			     size_t nr);
int iou_survey_rings_proc(struct iou_survey *survey, int32_t pid);

/* What the kernel prints of a ring in fdinfo, anything, up to the end of it. */
void iou_survey_fdinfo(struct iou_survey_ring *ring, const char *text);

/* The ring with this inode and context, which is added if it is new; NULL: no memory. */
struct iou_survey_ring *iou_survey_ring(struct iou_survey *survey, uint64_t ino, uint64_t ctx);
int iou_survey_add_at(struct iou_survey_ats *ats, const struct iou_survey_at *at);

/* ---- loops.c, pins.c: loops ---- */

/* All that the iterators tell of loops; @files are who holds their links. */
int iou_survey_loops_iterate(struct iou_survey *survey, struct iou_iterators *iterators,
			     const struct iou_file_record *files, size_t nr);

/* How often each ran, and for how long. */
void iou_survey_runs(struct iou_survey *survey);

/* The paths of links in bpffs; without the iterators, loops that are found so and have meta. */
int iou_survey_pins(struct iou_survey *survey);

/* A loop that is added; NULL: no memory. */
struct iou_survey_loop *iou_survey_loop(struct iou_survey *survey, uint32_t map_id);

/* ---- survey.c ---- */

/* @what was not seen; the format says why. */
void iou_survey_gap(struct iou_survey *survey, const char *id, const char *what, const char *fmt,
		    ...) __attribute__((format(printf, 4, 5)));
