// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "render/metrics.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"

#define NS_PER_SECOND 1000000000

/* All samples of one name. */
struct family {
	char *name, *unit, *help;
	enum iou_metric_type type;
	bool info, seconds;
	FILE *samples;
	char *text; /* of @samples */
	size_t size;
	struct family *next;
};

struct iou_metrics {
	char *prefix;
	char *labels; /* NAME="VALUE",… or NULL */
	struct family *first, *last;
	bool failed;
};

struct iou_metrics *iou_metrics_new(const char *prefix)
{
	struct iou_metrics *metrics = calloc(1, sizeof(*metrics));

	if (metrics)
		metrics->prefix = strdup(prefix);
	if (metrics && !metrics->prefix) {
		free(metrics);
		return NULL;
	}
	return metrics;
}

static void family_free(struct family *family)
{
	if (family->samples)
		fclose(family->samples);
	free(family->text);
	free(family->name);
	free(family->unit);
	free(family->help);
	free(family);
}

void iou_metrics_free(struct iou_metrics *metrics)
{
	struct family *family = metrics ? metrics->first : NULL, *next;

	if (!metrics)
		return;
	for (; family; family = next) {
		next = family->next;
		family_free(family);
	}
	free(metrics->prefix);
	free(metrics->labels);
	free(metrics);
}

/* ---- Text ---- */

/* @text as it stands between quotes, with what is no text as \xNN; to be freed. Helps have no
 * quotes: only one of the two formats lets them be escaped there. */
static char *quote(const char *text, bool in_help)
{
	char *quoted = malloc(8 * strlen(text) + 1), *to = quoted;

	if (!quoted)
		return NULL;
	while (*text) {
		size_t length = strcspn(text, "\n");
		IOU_FREE char *line = strndup(text, length);
		IOU_FREE char *safe = malloc(4 * length + 1);

		if (!line || !safe) {
			free(quoted);
			return NULL;
		}
		for (const char *c = iou_text_escape(safe, 4 * length + 1, line); *c; c++) {
			if (*c == '\\' || (*c == '"' && !in_help))
				*to++ = '\\';
			*to++ = *c == '"' && in_help ? '\'' : *c;
		}
		text += length;
		if (*text == '\n') {
			to = stpcpy(to, "\\n");
			text++;
		}
	}
	*to = '\0';
	return quoted;
}

void iou_metrics_label(struct iou_metrics *metrics, const char *name, const char *value)
{
	IOU_FREE char *quoted = quote(value, false);
	char *labels;

	if (!metrics)
		return;
	if (!quoted || asprintf(&labels, "%s%s%s=\"%s\"", metrics->labels ?: "",
				metrics->labels ? "," : "", name, quoted) < 0) {
		metrics->failed = true;
		return;
	}
	free(metrics->labels);
	metrics->labels = labels;
}

void iou_metrics_unlabel(struct iou_metrics *metrics)
{
	if (!metrics)
		return;
	free(metrics->labels);
	metrics->labels = NULL;
}

/* ---- Names ---- */

static bool ends_with(const char *name, const char *suffix)
{
	size_t length = strlen(name), behind = strlen(suffix);

	return behind && length > behind && name[length - behind - 1] == '_' &&
	       strcmp(name + length - behind, suffix) == 0;
}

static void make_name(char *name)
{
	for (; *name; name++)
		if (!isascii(*name) || (!isalnum(*name) && *name != '_'))
			*name = '_';
}

/* What people count is said by the help; what they measure, by the name, as is usual. */
static const char *unit_of(const struct iou_metric *metric)
{
	return strcmp(metric->unit, "ns") == 0 ? "seconds" : metric->unit;
}

static char *full_name(const struct iou_metrics *metrics, const struct iou_metric *metric,
		       const char *scope, bool info)
{
	const char *unit = unit_of(metric);
	bool measured = strcmp(unit, "seconds") == 0 || strcmp(unit, "bytes") == 0;
	IOU_FREE char *base = strdup(metric->name);
	char *name;

	if (!base)
		return NULL;
	make_name(base);
	if (metric->type == IOU_METRIC_COUNTER && ends_with(base, "total"))
		base[strlen(base) - strlen("_total")] = '\0';
	measured = measured && !info && !ends_with(base, unit) && strcmp(base, unit) != 0;
	if (asprintf(&name, "%s_%s%s%s%s%s%s", metrics->prefix, scope ?: "", scope ? "_" : "", base,
		     measured ? "_" : "", measured ? unit : "", info ? "_info" : "") < 0)
		return NULL;
	make_name(name);
	return name;
}

/* What the samples of a family may be called, or are taken to be. */
static const char *const suffixes[] = {"",     "_total",  "_created", "_count",
				       "_sum", "_bucket", "_info"};

/* A gauge has samples of its own name only. */
static size_t suffixes_nr(enum iou_metric_type type)
{
	return type == IOU_METRIC_GAUGE ? 1 : ARRAY_SIZE(suffixes);
}

static bool clashes(const struct family *family, const char *name, enum iou_metric_type type)
{
	size_t length = strlen(family->name);

	for (size_t i = 0; i < suffixes_nr(type); i++) {
		IOU_FREE char *sample = NULL;

		if (asprintf(&sample, "%s%s", name, suffixes[i]) < 0)
			return true;
		if (strncmp(sample, family->name, length) != 0)
			continue;
		for (size_t j = 0; j < suffixes_nr(family->type); j++)
			if (strcmp(sample + length, suffixes[j]) == 0)
				return true;
	}
	return false;
}

static struct family *find(const struct iou_metrics *metrics, const char *name,
			   const struct iou_metric *metric, bool info, bool *taken)
{
	*taken = false;
	for (struct family *family = metrics->first; family; family = family->next) {
		if (strcmp(family->name, name) == 0 && family->type == metric->type &&
		    family->info == info && strcmp(family->unit, unit_of(metric)) == 0)
			return family;
		*taken = *taken || clashes(family, name, metric->type);
	}
	return NULL;
}

static struct family *make(struct iou_metrics *metrics, const struct iou_metric *metric,
			   const char *name, bool info)
{
	struct family *family = calloc(1, sizeof(*family));

	if (!family)
		return NULL;
	family->name = strdup(name);
	family->unit = strdup(unit_of(metric));
	family->help = quote(metric->help ?: "", true);
	family->type = metric->type;
	family->info = info;
	family->seconds = strcmp(metric->unit, "ns") == 0;
	family->samples = open_memstream(&family->text, &family->size);
	if (!family->name || !family->unit || !family->help || !family->samples) {
		family_free(family);
		return NULL;
	}
	if (metrics->last)
		metrics->last->next = family;
	else
		metrics->first = family;
	metrics->last = family;
	return family;
}

/* The family that @metric belongs to; *@left_out: there is none, for want of a name. */
static struct family *family_of(struct iou_metrics *metrics, const struct iou_metric *metric,
				bool info, bool *left_out)
{
	const char *const scopes[] = {NULL, metric->scope};
	struct family *family;
	bool taken = true;

	*left_out = false;
	for (size_t i = 0; metrics && i < ARRAY_SIZE(scopes) && taken; i++) {
		IOU_FREE char *name = full_name(metrics, metric, scopes[i], info);

		family = name ? find(metrics, name, metric, info, &taken) : NULL;
		if (family)
			return family;
		if (!name || !taken) {
			family = name ? make(metrics, metric, name, info) : NULL;
			metrics->failed = metrics->failed || !family;
			return family;
		}
	}
	*left_out = metrics;
	return NULL;
}

/* ---- Samples ---- */

/* @value in the unit of the family. What bounds a bucket is written as a fraction. */
static void put_value(struct family *family, uint64_t value, bool is_bound)
{
	if (family->seconds)
		fprintf(family->samples, "%" PRIu64 ".%09" PRIu64, value / NS_PER_SECOND,
			value % NS_PER_SECOND);
	else
		fprintf(family->samples, "%" PRIu64 "%s", value, is_bound ? ".0" : "");
}

static void begin(const struct iou_metrics *metrics, struct family *family, const char *suffix,
		  const char *more)
{
	bool both = metrics->labels && more[0];

	fprintf(family->samples, "%s%s", family->name, suffix);
	if (metrics->labels || more[0])
		fprintf(family->samples, "{%s%s%s}", metrics->labels ?: "", both ? "," : "", more);
	fputc(' ', family->samples);
}

bool iou_metrics_add(struct iou_metrics *metrics, const struct iou_metric *metric, uint64_t value)
{
	bool left_out;
	struct family *family = family_of(metrics, metric, false, &left_out);

	if (!family)
		return !left_out;
	begin(metrics, family, metric->type == IOU_METRIC_COUNTER ? "_total" : "", "");
	put_value(family, value, false);
	fputc('\n', family->samples);
	return true;
}

bool iou_metrics_add_text(struct iou_metrics *metrics, const struct iou_metric *metric,
			  const char *text)
{
	struct iou_metric gauge = *metric;
	IOU_FREE char *quoted = quote(text, false), *label = NULL;
	struct family *family;
	bool left_out;

	gauge.type = IOU_METRIC_GAUGE;
	family = family_of(metrics, &gauge, true, &left_out);
	if (!family)
		return !left_out;
	if (!quoted || asprintf(&label, "value=\"%s\"", quoted) < 0) {
		metrics->failed = true;
		return true;
	}
	begin(metrics, family, "", label);
	fputs("1\n", family->samples);
	return true;
}

static void put_bucket(const struct iou_metrics *metrics, struct family *family,
		       const struct iou_metric_bucket *bucket, uint64_t count)
{
	fprintf(family->samples, "%s_bucket{%s%sle=\"", family->name, metrics->labels ?: "",
		metrics->labels ? "," : "");
	if (bucket)
		put_value(family, bucket->to, true);
	else
		fputs("+Inf", family->samples);
	fprintf(family->samples, "\"} %" PRIu64 "\n", count);
}

bool iou_metrics_add_histogram(struct iou_metrics *metrics, const struct iou_metric *metric,
			       const struct iou_metric_bucket *buckets, size_t nr, uint64_t count,
			       uint64_t sum)
{
	bool left_out;
	struct family *family = family_of(metrics, metric, false, &left_out);

	if (!family)
		return !left_out;
	for (size_t i = 0; i < nr; i++)
		put_bucket(metrics, family, &buckets[i], buckets[i].count);
	put_bucket(metrics, family, NULL, count);
	begin(metrics, family, "_sum", "");
	put_value(family, sum, false);
	fputc('\n', family->samples);
	begin(metrics, family, "_count", "");
	fprintf(family->samples, "%" PRIu64 "\n", count);
	return true;
}

/* ---- Writing ---- */

static bool has_unit(const struct family *family)
{
	return !family->info && family->unit[0] && ends_with(family->name, family->unit);
}

int iou_metrics_write(FILE *out, const struct iou_metrics *metrics)
{
	static const char *const types[] = {
		[IOU_METRIC_COUNTER] = "counter",
		[IOU_METRIC_GAUGE] = "gauge",
		[IOU_METRIC_HISTOGRAM] = "histogram",
	};

	if (!metrics || metrics->failed)
		return -ENOMEM;
	for (struct family *family = metrics->first; family; family = family->next) {
		if (fflush(family->samples) || ferror(family->samples))
			return -ENOMEM;
		fprintf(out, "# TYPE %s %s\n", family->name, types[family->type]);
		/* It may be only what the name ends in. */
		if (has_unit(family))
			fprintf(out, "# UNIT %s %s\n", family->name, family->unit);
		if (family->help[0])
			fprintf(out, "# HELP %s %s\n", family->name, family->help);
		fwrite(family->text, 1, family->size, out);
	}
	errno = 0;
	fputs("# EOF\n", out);
	return ferror(out) ? -(errno ?: EIO) : 0;
}
