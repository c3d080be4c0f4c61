/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* An application with a ring of its own, which checks what it gets: see main.c. */
#pragma once

#include <liburing.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "result.h"
#include "ring.h"

#define THREADS_MAX 16
#define JOBS_MAX 32
#define REQUESTS_MAX 32768
#define MS 1000000ULL
#define SEC 1000000000ULL
#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

struct worker;

struct job {
	const char *name;
	void (*run)(struct worker *w);
	bool raw;    /* liburing 2.3 cannot do it */
	bool chosen; /* only when it is asked for by name */
};

extern const struct job jobs[];
extern const unsigned int jobs_nr;

struct options {
	struct ring_config ring;
	unsigned int depth, threads, jobs_nr, limit;
	uint64_t seconds, rounds, seed;
	uint64_t late_ns;     /* what is later than that is wrong */
	uint64_t patience_ns; /* who makes no progress for so long hangs */
	bool expect_errors;   /* a request may fail with an errno that it does not have by itself */
	bool hold;
	const char *ready, *go, *file;
	const struct job *jobs[JOBS_MAX];
};

/* A request that was queued, and has not yet had its last CQE. */
struct request {
	uint32_t generation;
	bool in_flight;
	bool timeout;       /* IORING_OP_TIMEOUT */
	int op;             /* the job's */
	uint64_t nr;        /* of its job, from 0 */
	uint64_t value;     /* the job's */
	uint64_t queued_ns; /* CLOCK_MONOTONIC */
	struct request *next_free;
};

/* A thread and its ring. */
struct worker {
	const struct options *opt;
	unsigned int nr;
	int tid;
	pthread_t thread;
	struct ring ring;
	struct request *requests, *free;
	unsigned int in_flight, timeouts; /* requests */
	bool skipped; /* IOSQE_CQE_SKIP_SUCCESS was used: the kernel refuses drains from then on */
	uint64_t requests_nr; /* of this job */
	uint64_t random;
	uint64_t begin_ns;
	uint64_t progress_ns;
	struct result results[JOBS_MAX];
	struct result *result; /* of the job that runs */
};

extern volatile bool stopping; /* SIGTERM */

uint64_t now_ns(void);
void sleep_until(uint64_t ns);
uint64_t mix(uint64_t value);
uint64_t next_random(struct worker *w);

/* Whether there is a round after @round: as --rounds or --seconds say, or the job's @usual. */
bool more(struct worker *w, uint64_t round, uint64_t usual);

/* ---- requests.c ---- */

/* Room in the SQ for @nr, which shall go in one submit. */
void make_room(struct worker *w, unsigned int nr);

/* An SQE to fill; what is queued is submitted when there is no room. Never NULL. */
struct io_uring_sqe *next_sqe(struct worker *w);

/* After the prep function: gives the request its user_data. */
struct request *track(struct worker *w, struct io_uring_sqe *sqe, int op, uint64_t value);

/* Submits all that is queued, and waits until @wait CQEs are unread, at most for @timeout_ns (0:
 * for ever). 0, or -ETIME when there are fewer. */
int submit(struct worker *w, unsigned int wait, uint64_t timeout_ns);

/* The next CQE and the request that it is of; false: there is none. A CQE that belongs to nothing
 * is a failure. The request is gone when it is the last one (no IORING_CQE_F_MORE): look at it
 * before anything is queued. */
bool reap(struct worker *w, struct io_uring_cqe *cqe, struct request **request);

/* As reap(), and waits for it. */
bool reap_wait(struct worker *w, struct io_uring_cqe *cqe, struct request **request);

/* Whether a result of @res is as it should be: @want, or an error that was asked for. What is wrong
 * is a failure, and counted. */
bool result_is(struct worker *w, const struct request *request, int res, int want);

/* A request that shall have no CQE (IOSQE_CQE_SKIP_SUCCESS), and whose time for one is over. */
void forget(struct worker *w, struct request *request);

/* After drains: the kernel has worker threads do what follows, until it sees that no drain is left.
 * Waits until a NOP is done where it is submitted. */
void settle(struct worker *w);

/* Requests that were not reaped when a job ended are a failure. */
void job_end(struct worker *w);
