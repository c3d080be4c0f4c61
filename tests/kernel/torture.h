/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the program and its loop know of each other. */
#pragma once

#include <linux/types.h>

/* Constants to the verifier: chosen before the load, and the same for all rings of a kind. */
struct layout {
	__u32 rings_size, sqes_size; /* bytes of the regions, as far as they are used */
	__u32 sq_tail, cq_head, cq_tail, cqes;
	__u32 sq_entries, cq_entries;
	__u32 sqe_shift, cqe_shift;
	__u32 rewinds; /* IORING_SETUP_SQ_REWIND */
	/* Of the program that asks for a region: which one, and bytes. */
	__u32 region, region_size;
};

/* In memory of both. */
struct shared {
	/* Set before a run. */
	__u64 sqe[8];     /* what is submitted, again and again */
	__u32 wanted;     /* so many, then it returns verdict; 0: for ever */
	__u32 batch;      /* so many in a step, at most */
	__u32 depth;      /* so many submitted and not consumed, at most; 0: however many */
	__u32 hold_steps; /* so many steps without consuming a CQE */
	__u32 wait;       /* for so many CQEs more; 0: none */
	__s32 verdict;
	__u32 leaves;  /* it returns that when all are submitted, and not when all are done */
	__u32 busy_ns; /* a step takes so long */

	/* What it did. */
	__u32 steps, submitted, done, failed;
	__u32 in_step;
	__u32 is_there; /* the region is */
};
