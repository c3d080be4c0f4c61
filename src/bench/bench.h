/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The same job done by a loop and by what one would use otherwise, side by side.
 *
 * A variant is one way to do a job. Rounds of all variants are interleaved, so that what changes on
 * the machine meanwhile hits all alike; each round of a variant is a process of its own, or several
 * (threads), which makes its ring, waits for the others, and is measured from there to its last
 * completion. So nothing that one leaves behind is measured with the next.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "bench/latency.h"
#include "bench/startup.h"
#include "bench/summary.h"

/* What can be said of a job: NAME=VALUE of the command line. */
struct iou_bench_param {
	const char *name, *unit, *help;
	uint64_t def, min, max; /* a number; a text where max is 0 */
	bool is_size;
};

#define IOU_BENCH_PARAMS_MAX 8

/* A parameter's value, in the order of the job's parameters. */
union iou_bench_value {
	uint64_t number;
	const char *text;
};

/* What a variant is to do, and what it did. */
struct iou_bench_work {
	union iou_bench_value values[IOU_BENCH_PARAMS_MAX];
	uint32_t thread;  /* which of several that do the same at the same time */
	const char *loop; /* what iou_image_find() finds, where it is not the job's own; or NULL */
	const char *ops;  /* which one of @loop's, or NULL */
	uint64_t timeout_ns;               /* of a round of the loop, whichever; 0: none */
	char *const *loop_params;          /* NAME=VALUE, NULL-terminated; of @loop */
	struct iou_bench_startup *startup; /* to be filled in by the one that is a loop; or NULL */
};

struct iou_bench_done {
	uint64_t requests,
		enters; /* calls of io_uring_enter(2), or of those that are in its place */
	/* When it began and ended with the requests, by CLOCK_MONOTONIC; 0: as run() did. */
	uint64_t begin_ns, end_ns;
	uint64_t cpu_ns; /* in between, if so */
	/* For variants whose requests have one: run() adds them to what is here. */
	struct iou_bench_latency *latency;
};

enum iou_bench_kind {
	IOU_BENCH_LOOP,
	IOU_BENCH_PLAIN, /* as users of liburing write it */
	IOU_BENCH_TUNED, /* as its best authors would */
	IOU_BENCH_OTHER, /* without io_uring */
};

struct iou_bench_variant {
	const char *name, *help;
	enum iou_bench_kind kind;
	bool unordered; /* requests do not wait for each other, as they do in the job's loop */
	uint32_t nr;    /* how many requests go together, for the functions below */
	/* Before the others are waited for; what is made is *@state. Stage "bench". */
	int (*open)(void **state, const struct iou_bench_variant *variant,
		    const struct iou_bench_work *work, struct iou_err *err);
	int (*run)(void *state, struct iou_bench_done *done, struct iou_err *err);
	void (*close)(void *state);
	/* After run(), and not measured: whether what was done is right. May be NULL. */
	int (*check)(void *state, struct iou_err *err);
	/* Whether there is such a thing with these parameters. NULL: always. */
	bool (*fits)(const struct iou_bench_work *work);
};

struct iou_bench_job {
	const char *name, *help;
	const char *request; /* what is counted: "NOP", "block", "round trip" */
	/* Whose CPU time it is that is told, where that is not all: "SERVER", or NULL. */
	const char *cpu_of;
	const struct iou_bench_param *params;
	size_t params_nr;
	const struct iou_bench_variant *variants; /* the loop is the first */
	size_t variants_nr;
};

extern const struct iou_bench_job *const iou_bench_jobs[];
extern const size_t iou_bench_jobs_nr;

const struct iou_bench_job *iou_bench_job_find(const char *name);

struct iou_bench_config {
	uint32_t rounds, warmup;
	uint32_t threads;
	const int *cpus; /* for one thread after the other, again and again; NULL: any */
	size_t cpus_nr;
	uint64_t duration_ns; /* no round begins later, but for the first six; 0: never */
	/* Before each variant; @rounds is the most that there will be. */
	void (*progress)(void *data, uint32_t round, uint32_t rounds, const char *variant);
	void *progress_data;
	int *signal; /* where it is said which one ended the rounds */
};

/* One round of one variant: sums over its threads, from the first one's begin to the last one's
 * end. */
struct iou_bench_sample {
	struct iou_bench_done done;
	uint64_t elapsed_ns, cpu_ns;
	uint64_t open_ns, close_ns; /* of the thread that took longest */
	uint64_t instructions;      /* by the processor's counter; 0 where there is none */
};

struct iou_bench_result {
	const struct iou_bench_variant *variant;
	struct iou_bench_sample *samples;                /* of each round */
	struct iou_bench_spread time, cpu, instructions; /* per request: ns, ns, and their number */
	struct iou_bench_spread enters;                  /* likewise */
	struct iou_bench_ratio ratio;     /* its time to the loop's, round by round */
	struct iou_bench_latency latency; /* of all rounds together */
	struct iou_bench_spread setup;    /* to open and to close, of a round: ns */
	bool pays;                        /* the loop does, at some time */
	uint64_t break_even; /* if so: from so many requests on, opened and closed included */
};

struct iou_bench_results {
	struct iou_bench_result *list; /* of each variant of the job that fits */
	size_t nr;
	uint32_t rounds; /* that were done */
	bool has_instructions;
	struct iou_bench_startup startup; /* the loop's: medians */
};

/*
 * Measure all variants of @job. Errors are those of the variants; stage "bench", FAILED, where a
 * process ended without a word; the message names the variant. A signal that would end us ends
 * the round and all that it started: -EINTR, and the signal in @config.
 */
int iou_bench_run(struct iou_bench_results *results, const struct iou_bench_job *job,
		  const struct iou_bench_work *work, const struct iou_bench_config *config,
		  struct iou_err *err);
/* Which of @nr variants is the one number @i in a round. */
size_t iou_bench_order(uint32_t round, size_t i, size_t nr);

/* Whether we may run on all processors of @config: stage "usage", cause USAGE. */
int iou_bench_check_cpus(const struct iou_bench_config *config, struct iou_err *err);

void iou_bench_results_release(struct iou_bench_results *results);
