/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A ring of one of three kinds. Where liburing 2.3 knows it, it is liburing's, with its calls; the
 * others are by raw system calls.
 *
 * A loop on the ring makes io_uring_enter(2) return 0, however many SQEs it took. So the SQ's head
 * says that; with SQ_REWIND nothing does. There all is taken when the call does not fail, or fails
 * with EINTR (which a call that submits has only from a loop that waits after it submitted), and
 * nothing when it fails with EFAULT, which is right as long as no call both submits and waits.
 */
#pragma once

#include <liburing.h>
#include <stdbool.h>
#include <stdint.h>

enum ring_kind { RING_PLAIN, RING_NO_SQARRAY, RING_SQ_REWIND };

struct ring_config {
	enum ring_kind kind;
	bool raw;      /* no liburing, whatever the kind */
	bool one_call; /* with SQ_REWIND, too, submit and wait in one call */
	bool leaves;   /* a loop may be taken off: a wait may end early with 0, or with EFAULT */
	bool taskrun_flag;
	unsigned int entries, cq_entries; /* 0: twice the SQ's */
	unsigned int lie;                 /* LIE_…: see lie.h */
};

struct ring_calls {
	uint64_t enters; /* calls that submit or wait */
	uint64_t zero;   /* SQEs were taken, and the call returned 0 */
	uint64_t efault, eintr;
	uint64_t early;                    /* returns from a wait with too few CQEs */
	uint64_t timeouts;                 /* the same, while a timeout request was under way */
	uint64_t held;                     /* SQEs were left in the SQ */
	uint64_t submitted;                /* SQEs */
	uint64_t nowait_nr, nowait_max_ns; /* calls that were not to wait */
};

struct ring {
	struct ring_config config;
	struct io_uring uring; /* of a raw ring: only what is mapped */
	bool open;
	unsigned int sq_entries, cq_entries;
	int fd;
	struct ring_calls calls;
	char trouble[128]; /* what was wrong with the last call, or "" */
	uint64_t reaped, lied;
};

int ring_open(struct ring *ring, const struct ring_config *config);
void ring_close(struct ring *ring);

/* Another number of entries. Only of raw rings. */
int ring_resize(struct ring *ring, unsigned int entries, unsigned int cq_entries);

/* A free SQE, or NULL. */
struct io_uring_sqe *ring_sqe(struct ring *ring);
unsigned int ring_queued(const struct ring *ring);
unsigned int ring_unread(const struct ring *ring);

/*
 * One submit of all that is queued, and a wait for @wait unread CQEs, at most for @timeout_ns (0:
 * for ever). 0, -ETIME, -EINTR, -EBUSY and so on; -EAGAIN: not all was taken; -ENODATA: all was,
 * and the wait ended early. What is left of the queue is seen by ring_queued().
 */
int ring_call(struct ring *ring, unsigned int wait, uint64_t timeout_ns);

/* Lets the kernel post what it has, without waiting. */
int ring_flush(struct ring *ring);

/* Takes the next CQE out of the CQ, as far as it is there. @flush: enters where the kernel says by
 * its flags that it has more. */
bool ring_reap(struct ring *ring, struct io_uring_cqe *cqe, bool flush);
