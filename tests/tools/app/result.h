/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a job counts and finds wrong. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define ERRNO_MAX 134
#define VALUES_MAX 40
#define SAMPLES_MAX 65536

/* Times in nanoseconds, for their minimum, percentiles and maximum. */
struct samples {
	uint64_t *list;
	uint64_t nr, max; /* also those that are too many for the list */
};

struct result {
	const char *job;
	uint64_t operations, bytes; /* bytes: compared with what they have to be */
	uint64_t expected[ERRNO_MAX], unexpected[ERRNO_MAX];
	uint64_t error_digest; /* which requests failed with what, in whatever order */
	uint64_t failures;
	char first[3][256]; /* the first failures */
	uint64_t ns;
	struct {
		const char *name;
		int64_t value;
	} values[VALUES_MAX];
	unsigned int values_nr;
};

void wrong(struct result *result, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Adds "name": value to the job's part of the document. */
void say(struct result *result, const char *name, int64_t value);

/* Counts an error of a request; @expected: it was asked for. */
void count_error(struct result *result, uint64_t request, int error, bool expected);

void sample(struct samples *samples, uint64_t ns);

/* Adds NAME_min_us and so on, and frees the samples. @names are NULL or five: count, min, p50, p90,
 * p99, max. */
struct sample_names {
	const char *count, *min, *p50, *p90, *p99, *max;
};
void say_samples(struct result *result, const struct sample_names *names, struct samples *samples);
#define SAMPLE_NAMES(name)                                                           \
	(&(const struct sample_names){name "_count", name "_min_us", name "_p50_us", \
				      name "_p90_us", name "_p99_us", name "_max_us"})

void print_result(FILE *out, const struct result *result);
