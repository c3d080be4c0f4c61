// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "result.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "app.h"

void wrong(struct result *result, const char *format, ...)
{
	va_list args;

	if (result->failures < ARRAY_SIZE(result->first)) {
		va_start(args, format);
		vsnprintf(result->first[result->failures], sizeof(result->first[0]), format, args);
		va_end(args);
	}
	result->failures++;
}

void say(struct result *result, const char *name, int64_t value)
{
	if (result->values_nr == VALUES_MAX) {
		wrong(result, "no room for '%s'", name);
		return;
	}
	result->values[result->values_nr].name = name;
	result->values[result->values_nr++].value = value;
}

void count_error(struct result *result, uint64_t request, int error, bool expected)
{
	int nr = error < ERRNO_MAX ? error : 0;

	if (expected)
		result->expected[nr]++;
	else
		result->unexpected[nr]++;
	result->error_digest += mix(mix(request) + (uint64_t)nr);
}

void sample(struct samples *samples, uint64_t ns)
{
	if (!samples->list)
		samples->list = calloc(SAMPLES_MAX, sizeof(*samples->list));
	if (!samples->list)
		abort();
	/* When there are too many, each of the later ones has a place of an earlier one. */
	samples->list[samples->nr < SAMPLES_MAX ? samples->nr : mix(samples->nr) % SAMPLES_MAX] =
		ns;
	samples->nr++;
	if (ns > samples->max)
		samples->max = ns;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static int64_t percentile(const struct samples *samples, unsigned int percent)
{
	uint64_t nr = samples->nr < SAMPLES_MAX ? samples->nr : SAMPLES_MAX;

	return nr ? (int64_t)(samples->list[(nr - 1) * percent / 100] / 1000) : 0;
}

void say_samples(struct result *result, const struct sample_names *names, struct samples *samples)
{
	uint64_t nr = samples->nr < SAMPLES_MAX ? samples->nr : SAMPLES_MAX;

	if (nr)
		qsort(samples->list, nr, sizeof(*samples->list), compare);
	say(result, names->count, (int64_t)samples->nr);
	say(result, names->min, percentile(samples, 0));
	say(result, names->p50, percentile(samples, 50));
	say(result, names->p90, percentile(samples, 90));
	say(result, names->p99, percentile(samples, 99));
	say(result, names->max, (int64_t)(samples->max / 1000));
	free(samples->list);
	*samples = (struct samples){0};
}

static void print_errors(FILE *out, const char *name, const uint64_t *counts)
{
	const char *comma = "";

	fprintf(out, ", \"%s\": {", name);
	for (int i = 0; i < ERRNO_MAX; i++) {
		const char *text = strerrorname_np(i);

		if (!counts[i])
			continue;
		fprintf(out, "%s\"%s\": %llu", comma, i && text ? text : "other",
			(unsigned long long)counts[i]);
		comma = ", ";
	}
	fputc('}', out);
}

static void print_text(FILE *out, const char *text)
{
	fputc('"', out);
	for (; *text; text++)
		if (*text == '"' || *text == '\\')
			fprintf(out, "\\%c", *text);
		else
			fputc((unsigned char)*text < ' ' ? ' ' : *text, out);
	fputc('"', out);
}

void print_result(FILE *out, const struct result *result)
{
	fprintf(out, "{\"job\": \"%s\", \"ok\": %s", result->job,
		result->failures ? "false" : "true");
	fprintf(out, ", \"operations\": %llu, \"bytes\": %llu, \"ms\": %llu",
		(unsigned long long)result->operations, (unsigned long long)result->bytes,
		(unsigned long long)(result->ns / MS));
	print_errors(out, "expected_errors", result->expected);
	print_errors(out, "unexpected_errors", result->unexpected);
	fprintf(out, ", \"error_digest\": \"%016llx\"", (unsigned long long)result->error_digest);
	for (unsigned int i = 0; i < result->values_nr; i++)
		fprintf(out, ", \"%s\": %lld", result->values[i].name,
			(long long)result->values[i].value);
	fprintf(out, ", \"failures\": %llu, \"first\": [", (unsigned long long)result->failures);
	for (unsigned int i = 0; i < ARRAY_SIZE(result->first) && i < result->failures; i++) {
		fputs(i ? ", " : "", out);
		print_text(out, result->first[i]);
	}
	fputs("]}", out);
}
