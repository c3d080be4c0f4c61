/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What rings and loops there are. With CAP_BPF and CAP_PERFMON the kernel's own data is read, by
 * iterators; without, what /proc says of the processes that the caller may look at. Either way the
 * result is of the caller's pid namespace, a moment old, and says what it does not know.
 *
 * A ring that has no descriptor (IORING_REGISTER_USE_REGISTERED_RING after its descriptor was
 * closed, or IORING_SETUP_REGISTERED_FD_ONLY) cannot be seen.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/words.h"
#include "meta/meta.h"

/* A descriptor in a process. */
struct iou_survey_at {
	int32_t pid; /* 0: of a process outside of the caller's pid namespace */
	int32_t tid; /* as @pid, but for a thread that has a table of descriptors of its own */
	int32_t fd;
	char comm[16]; /* of the process: anything, but terminated */
};

struct iou_survey_ats {
	struct iou_survey_at *list; /* owned */
	size_t nr;
};

/* A ring, however many descriptors lead to it. What a has_… does not say is not known. */
struct iou_survey_ring {
	struct iou_survey_ats at;
	uint64_t ino; /* of its file: each ring has its own */
	uint64_t ctx; /* which ring it is to the kernel, or 0 */
	bool has_setup, has_sizes, has_indices, has_overflow, has_in_flight, has_submitter,
		has_loop;
	uint32_t setup; /* IORING_SETUP_… */
	uint32_t sq_entries, cq_entries;
	uint32_t sq_head, sq_tail, cq_head, cq_tail; /* modulo 2^32 */
	uint32_t lost;                               /* CQEs, for want of memory: has_overflow */
	bool overflowed;    /* CQEs wait outside the CQ, which was full: has_overflow */
	uint32_t in_flight; /* requests that the kernel has taken and not yet done with */
	int32_t submitter;  /* tid of the only one who may submit; 0: none yet, or anyone */
	bool bound;         /* to a loop */
	uint64_t ops;       /* which loop that is to the kernel, or 0 */
};

/* A loop that the kernel has, whoever loaded it. */
struct iou_survey_loop {
	uint32_t map_id;  /* of its struct_ops map: the loop's own id */
	uint32_t link_id; /* what holds it at its ring; 0: it has none */
	uint32_t prog_id; /* of loop_step, or 0 */
	char map_name[16], prog_name[16];
	bool has_bound, bound; /* to a ring */
	uint64_t ctx, ops;     /* which ring, and which loop, that is to the kernel, or 0 */
	bool has_meta;
	struct iou_meta meta; /* what iouctl tied to it: a claim */
	bool has_age, has_runs;
	uint64_t age_ns;               /* since it was loaded */
	uint64_t runs, run_ns;         /* steps, and time in them, while they were counted */
	struct iou_survey_ats holders; /* descriptors of its link */
	struct iou_words pins;         /* paths of its link */
};

/* Something that was not seen, or may not have been, for people. */
struct iou_survey_gap {
	const char *id; /* static: "ring-setup", "processes", "runs", "pins" */
	char what[96], why[160];
};

#define IOU_SURVEY_GAPS_MAX 8

struct iou_survey {
	struct iou_survey_ring *rings;
	size_t rings_nr;
	struct iou_survey_loop *loops;
	size_t loops_nr;
	bool iterated; /* read from the kernel's own data */
	bool denied;   /* it could not be, since this user may not */
	/* Directories of pins that iouctl made and that have no link: what it left when it was
	 * killed. */
	struct iou_words remains;
	struct iou_survey_gap gaps[IOU_SURVEY_GAPS_MAX];
	size_t gaps_nr;
};

struct iou_survey_want {
	int32_t pid; /* only rings at descriptors of this process, cheaply; 0: all */
	bool loops;  /* loops too; with @pid, not all descriptors of their links are seen */
};

/*
 * Look around. That something may not be looked at is no failure but a gap, and that a process has
 * gone is neither. -ENOMEM, or -EIO; stage "survey", cause FAILED. @survey is to be released.
 */
int iou_survey(struct iou_survey *survey, const struct iou_survey_want *want, struct iou_err *err);
void iou_survey_release(struct iou_survey *survey);

/* The ring at descriptor @fd of process @pid, or NULL. */
const struct iou_survey_ring *iou_survey_find(const struct iou_survey *survey, int32_t pid,
					      int32_t fd);

/* The ring that @loop is at, the loop that is at @ring; NULL: none that was seen. */
const struct iou_survey_ring *iou_survey_ring_of(const struct iou_survey *survey,
						 const struct iou_survey_loop *loop);
const struct iou_survey_loop *iou_survey_loop_of(const struct iou_survey *survey,
						 const struct iou_survey_ring *ring);

/*
 * Whether iouctl says that it bound @loop for process @pid, and that is no later process which got
 * the same number.
 */
bool iou_survey_is_for(const struct iou_survey_loop *loop, int32_t pid);
