// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "bench/startup.h"

#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <sys/mman.h>

#include "base/cleanup.h"
#include "bench/bench.h"
#include "bench/measure.h"

#define ROUNDS 3

uint64_t iou_bench_startup_sum(const struct iou_bench_startup *startup)
{
	return startup->open + startup->ring + startup->load + startup->attach +
	       (startup->has_first ? startup->first : 0) + startup->detach;
}

bool iou_bench_break_even(uint64_t *requests, double loop_setup, double loop_each, double setup,
			  double each)
{
	double from;

	if (loop_setup <= setup && loop_each <= each) {
		*requests = 0;
		return true;
	}
	if (loop_each >= each)
		return false;
	from = ceil((loop_setup - setup) / (each - loop_each));
	/* More than anybody will do. */
	if (from >= 1e18)
		return false;
	*requests = from > 0 ? (uint64_t)from : 0;
	return true;
}

/* ---- Measuring ---- */

static int run_nothing(void *state, struct iou_bench_done *done, struct iou_err *err)
{
	(void)state;
	(void)err;
	*done = (struct iou_bench_done){};
	return 0;
}

/* How much a job has to do is its first parameter. A user's loop has parameters of its own. */
static bool make_least(struct iou_bench_work *work, const struct iou_bench_job *job)
{
	if (work->loop || !job->params_nr || !job->params[0].max)
		return false;
	work->values[0].number = job->params[0].min;
	return true;
}

static void unmap(struct iou_bench_startup **shared)
{
	if (*shared)
		munmap(*shared, sizeof(**shared));
}

static int measure(struct iou_bench_startup *startup, const struct iou_bench_job *job,
		   struct iou_bench_work work, const struct iou_bench_config *config, double each,
		   const struct iou_bench_interrupt *interrupt, struct iou_err *err)
{
	struct iou_bench_variant variant = job->variants[0];
	struct iou_bench_config alone = *config;
	bool is_least = make_least(&work, job);
	struct iou_bench_latency latency = {};
	struct iou_bench_sample sample;
	IOU_CLEANUP(unmap) struct iou_bench_startup *shared = NULL;
	double others;
	int ret;

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	if (shared == MAP_FAILED) {
		shared = NULL;
		return iou_err_set(err, IOU_CAUSE_FAILED, "bench", ENOMEM, "cannot begin a round");
	}
	work.startup = shared;
	alone.threads = 1;
	if (!is_least) {
		variant.run = run_nothing;
		variant.check = NULL;
	}
	ret = iou_bench_measure(&sample, &latency, &variant, &work, &alone, interrupt, err);
	if (ret)
		return ret;
	*startup = *shared;
	startup->has_first = is_least && sample.done.requests > 0;
	others = each * (double)(startup->has_first ? sample.done.requests - 1 : 0);
	if (startup->has_first)
		/* Where times vary more than that, all are taken to be alike. */
		startup->first = others < (double)sample.elapsed_ns
					 ? sample.elapsed_ns - (uint64_t)others
					 : sample.elapsed_ns / sample.done.requests;
	startup->detach = sample.close_ns;
	return 0;
}

/* ---- What it comes to ---- */

static uint64_t median(const struct iou_bench_startup *rounds, size_t offset)
{
	double values[ROUNDS];

	for (size_t i = 0; i < ROUNDS; i++)
		values[i] = (double)*(const uint64_t *)((const char *)&rounds[i] + offset);
	return (uint64_t)iou_bench_spread(values, ROUNDS).median;
}

#define MEDIAN(rounds, field) median(rounds, offsetof(struct iou_bench_startup, field))

int iou_bench_startup_measure(struct iou_bench_results *results, const struct iou_bench_job *job,
			      const struct iou_bench_work *work,
			      const struct iou_bench_config *config,
			      const struct iou_bench_interrupt *interrupt, struct iou_err *err)
{
	double each = results->list[0].time.median * config->threads;
	struct iou_bench_startup rounds[ROUNDS];

	for (size_t i = 0; i < ROUNDS; i++) {
		int ret = measure(&rounds[i], job, *work, config, each, interrupt, err);

		if (ret)
			return ret;
	}
	results->startup = (struct iou_bench_startup){
		.known = rounds[0].known,
		.open = MEDIAN(rounds, open),
		.ring = MEDIAN(rounds, ring),
		.load = MEDIAN(rounds, load),
		.verifier = MEDIAN(rounds, verifier),
		.attach = MEDIAN(rounds, attach),
		.first = MEDIAN(rounds, first),
		.has_first = rounds[0].has_first,
		.detach = MEDIAN(rounds, detach),
	};
	return 0;
}
