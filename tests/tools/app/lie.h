/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* --lie NAME: the ring does something wrong, so that it is seen that a job's checks find it. */
#pragma once

#include "ring.h"

enum lie {
	LIE_NONE,
	LIE_LOSE,    /* a CQE is lost */
	LIE_TWICE,   /* a CQE comes twice */
	LIE_RES,     /* a result is one less, or an error */
	LIE_DATA,    /* a byte that was read is wrong */
	LIE_OFFSET,  /* writes go to another place */
	LIE_UNLINK,  /* links are ignored */
	LIE_UNDRAIN, /* drains are ignored */
	LIE_NOSKIP,  /* CQEs that shall be left out are not */
	LIE_SPLIT,   /* one SQE is submitted at a time */
	LIE_SWAP,    /* SQEs change places */
	LIE_EARLY,   /* waits end one CQE too early */
	LIE_LATE,    /* waits end late */
	LIE_BLOCK,   /* what shall not wait does */
	LIE_HASTE,   /* timeouts of requests are half as long */
	LIE_BUFFER,  /* another buffer is named */
	LIE_MORE,    /* a multishot request has no more */
	LIES_NR,
};

int lie_of(const char *name);
void lie_queue(struct ring *ring);
unsigned int lie_wait(const struct ring *ring, unsigned int wait);
void lie_after(const struct ring *ring, unsigned int wait);

/* 0: this CQE is not seen, 1: as it is (which may be changed), 2: it is seen again. */
unsigned int lie_cqe(struct ring *ring, struct io_uring_cqe *cqe);
