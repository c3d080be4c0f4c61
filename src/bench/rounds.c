// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Rounds of all variants, one after the other. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "bench/bench.h"
#include "bench/measure.h"

/* As many as an interval takes. */
#define ROUNDS_MIN 6

struct rounds {
	const struct iou_bench_job *job;
	const struct iou_bench_work *work;
	const struct iou_bench_config *config;
	struct iou_bench_interrupt interrupt;
};

/* Which one failed; what the command line got wrong is none's. */
static void name_in(struct iou_err *err, const char *variant)
{
	char message[sizeof(err->message)];

	if (!err || err->cause == IOU_CAUSE_USAGE)
		return;
	memcpy(message, err->message, sizeof(message));
	snprintf(err->message, sizeof(err->message), "variant '%s': %.900s", variant, message);
}

/* Each variant comes first as often as last: A B C, C A B, B C A. */
size_t iou_bench_order(uint32_t round, size_t i, size_t nr)
{
	return (i + nr - round % nr) % nr;
}

static int run_round(struct iou_bench_results *results, const struct rounds *rounds, uint32_t round,
		     int32_t keep, struct iou_err *err)
{
	const struct iou_bench_config *config = rounds->config;

	for (size_t i = 0; i < results->nr; i++) {
		size_t at = iou_bench_order(round, i, results->nr);
		struct iou_bench_result *result = &results->list[at];
		const char *name = result->variant->name;
		struct iou_bench_latency dropped = {};
		struct iou_bench_sample sample;
		int ret;

		if (config->progress)
			config->progress(config->progress_data, round,
					 config->warmup + config->rounds, name);
		ret = iou_bench_measure(&sample, keep >= 0 ? &result->latency : &dropped,
					result->variant, rounds->work, config, &rounds->interrupt,
					err);
		if (ret && ret != -EINTR)
			name_in(err, name);
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
		for (uint32_t i = 0; i < nr; i++)
			values[i] = (double)(s[i].open_ns + s[i].close_ns);
		result->setup = iou_bench_spread(values, nr);
	}
}

/* Where it is open whether the loop takes less for a request, it is open from when on. */
static void break_even(struct iou_bench_results *results)
{
	const struct iou_bench_result *loop = &results->list[0];

	for (size_t v = 1; v < results->nr; v++) {
		struct iou_bench_result *result = &results->list[v];

		if (iou_bench_verdict(&result->ratio) == IOU_BENCH_OPEN)
			continue;
		result->pays = iou_bench_break_even(&result->break_even, loop->setup.median,
						    loop->time.median, result->setup.median,
						    result->time.median);
	}
}

/* ---- All of it ---- */

static int make(struct iou_bench_results *results, const struct iou_bench_job *job,
		const struct iou_bench_work *work, uint32_t rounds)
{
	results->list = calloc(job->variants_nr, sizeof(*results->list));
	if (!results->list)
		return -ENOMEM;
	for (size_t i = 0; i < job->variants_nr; i++) {
		const struct iou_bench_variant *variant = &job->variants[i];
		struct iou_bench_result *result = &results->list[results->nr];

		if (variant->fits && !variant->fits(work))
			continue;
		result->variant = variant;
		result->samples = calloc(rounds, sizeof(*result->samples));
		if (!result->samples)
			return -ENOMEM;
		results->nr++;
	}
	return 0;
}

static int run_rounds(struct iou_bench_results *results, const struct rounds *rounds,
		      struct iou_err *err)
{
	const struct iou_bench_config *config = rounds->config;
	uint64_t end = config->duration_ns ? iou_clock_now() + config->duration_ns : UINT64_MAX;
	uint32_t all = config->warmup + config->rounds;
	IOU_FREE double *values = calloc(config->rounds, sizeof(*values));
	int ret = 0;

	if (!values)
		return iou_err_set(err, IOU_CAUSE_FAILED, "bench", ENOMEM, "cannot begin");
	for (uint32_t i = 0; !ret && i < all; i++) {
		bool is_warmup = i < config->warmup;

		if (results->rounds >= ROUNDS_MIN && iou_clock_now() >= end)
			break;
		ret = run_round(results, rounds, i, is_warmup ? -1 : (int32_t)results->rounds, err);
		results->rounds += !is_warmup;
	}
	if (ret)
		return ret;
	sum_up(results, values);
	break_even(results);
	ret = iou_bench_startup_measure(results, rounds->job, rounds->work, config,
					&rounds->interrupt, err);
	if (ret && ret != -EINTR)
		name_in(err, results->list[0].variant->name);
	return ret;
}

int iou_bench_run(struct iou_bench_results *results, const struct iou_bench_job *job,
		  const struct iou_bench_work *work, const struct iou_bench_config *config,
		  struct iou_err *err)
{
	struct rounds rounds = {
		.job = job,
		.work = work,
		.config = config,
		.interrupt = IOU_BENCH_INTERRUPT_NONE,
	};
	struct iou_bench_results made = {};
	int ret = make(&made, job, work, config->rounds);

	if (!ret)
		ret = iou_bench_interrupt_take(&rounds.interrupt);
	if (ret)
		iou_err_set(err, IOU_CAUSE_FAILED, "bench", -ret, "cannot begin");
	else
		ret = run_rounds(&made, &rounds, err);
	if (ret == -EINTR && config->signal)
		*config->signal = iou_bench_interrupt_next(&rounds.interrupt);
	iou_bench_interrupt_release(&rounds.interrupt);
	if (ret) {
		iou_bench_results_release(&made);
		return ret;
	}
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
