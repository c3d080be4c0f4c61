// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Rounds of all variants, one after the other. */
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "base/cleanup.h"
#include "bench/bench.h"
#include "bench/measure.h"

/* As many as an interval takes. */
#define ROUNDS_MIN 6

static uint64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

/* Each variant comes first as often as last: A B C, C A B, B C A. */
static int run_round(struct iou_bench_results *results, uint32_t round, int32_t keep,
		     const struct iou_bench_work *work, const struct iou_bench_config *config,
		     struct iou_err *err)
{
	for (size_t i = 0; i < results->nr; i++) {
		size_t at = (i + results->nr - round % results->nr) % results->nr;
		struct iou_bench_result *result = &results->list[at];
		struct iou_bench_latency dropped = {};
		struct iou_bench_sample sample;
		int ret = iou_bench_measure(&sample, keep >= 0 ? &result->latency : &dropped,
					    result->variant, work, config, err);

		if (ret)
			return ret;
		if (keep >= 0)
			result->samples[keep] = sample;
	}
	return 0;
}

/* ---- What it comes to ---- */

static double per_request(const struct iou_bench_sample *sample, uint64_t value)
{
	return sample->done.requests ? (double)value / (double)sample->done.requests : 0;
}

static void sum_up(struct iou_bench_results *results, double *values)
{
	const struct iou_bench_sample *first = results->list[0].samples;
	uint32_t nr = results->rounds;

	results->has_instructions = nr > 0;
	for (size_t v = 0; v < results->nr; v++) {
		struct iou_bench_result *result = &results->list[v];
		const struct iou_bench_sample *s = result->samples;

		for (uint32_t i = 0; i < nr; i++)
			values[i] = per_request(&s[i], s[i].elapsed_ns);
		result->time = iou_bench_spread(values, nr);
		for (uint32_t i = 0; i < nr; i++)
			values[i] = per_request(&s[i], s[i].cpu_ns);
		result->cpu = iou_bench_spread(values, nr);
		for (uint32_t i = 0; i < nr; i++)
			values[i] = per_request(&s[i], s[i].done.enters);
		result->enters = iou_bench_spread(values, nr);
		for (uint32_t i = 0; i < nr; i++) {
			values[i] = per_request(&s[i], s[i].instructions);
			results->has_instructions &= s[i].instructions > 0;
		}
		result->instructions = iou_bench_spread(values, nr);
		for (uint32_t i = 0; i < nr; i++)
			values[i] = per_request(&s[i], s[i].elapsed_ns) /
				    per_request(&first[i], first[i].elapsed_ns);
		result->ratio = iou_bench_ratio(values, nr);
	}
}

/* ---- All of it ---- */

static int make(struct iou_bench_results *results, const struct iou_bench_job *job, uint32_t rounds)
{
	results->list = calloc(job->variants_nr, sizeof(*results->list));
	if (!results->list)
		return -ENOMEM;
	results->nr = job->variants_nr;
	for (size_t i = 0; i < results->nr; i++) {
		results->list[i].variant = &job->variants[i];
		results->list[i].samples = calloc(rounds, sizeof(*results->list[i].samples));
		if (!results->list[i].samples)
			return -ENOMEM;
	}
	return 0;
}

int iou_bench_run(struct iou_bench_results *results, const struct iou_bench_job *job,
		  const struct iou_bench_work *work, const struct iou_bench_config *config,
		  struct iou_err *err)
{
	uint64_t end = config->duration_ns ? now() + config->duration_ns : UINT64_MAX;
	uint32_t all = config->warmup + config->rounds;
	struct iou_bench_results made = {};
	IOU_FREE double *values = calloc(config->rounds, sizeof(*values));
	int ret = make(&made, job, config->rounds);

	if (ret || !values)
		ret = iou_err_set(err, IOU_CAUSE_FAILED, "bench", ENOMEM, "cannot begin");
	for (uint32_t i = 0; !ret && i < all; i++) {
		bool is_warmup = i < config->warmup;

		if (made.rounds >= ROUNDS_MIN && now() >= end)
			break;
		if (config->progress)
			config->progress(config->progress_data, i, all);
		ret = run_round(&made, i, is_warmup ? -1 : (int32_t)made.rounds, work, config, err);
		made.rounds += !is_warmup;
	}
	if (ret) {
		iou_bench_results_release(&made);
		return ret;
	}
	sum_up(&made, values);
	*results = made;
	return 0;
}

void iou_bench_results_release(struct iou_bench_results *results)
{
	for (size_t i = 0; i < results->nr; i++)
		free(results->list[i].samples);
	free(results->list);
	*results = (struct iou_bench_results){};
}
