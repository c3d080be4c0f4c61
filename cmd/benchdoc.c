// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "benchdoc.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/cleanup.h"
#include "base/text.h"

static const char *const kinds[] = {
	[IOU_BENCH_LOOP] = "loop",
	[IOU_BENCH_PLAIN] = "plain",
	[IOU_BENCH_TUNED] = "tuned",
	[IOU_BENCH_OTHER] = "other",
};

static const char *const verdicts[] = {
	[IOU_BENCH_OPEN] = "open",
	[IOU_BENCH_MORE] = "more",
	[IOU_BENCH_LESS] = "less",
};

/* ---- For people ---- */

const char *iou_benchdoc_how(const struct iou_benchdoc *what, const struct iou_bench_result *result)
{
	bool is_loop = result->variant->kind == IOU_BENCH_LOOP;

	return is_loop && what->work->loop ? what->work->loop : result->variant->help;
}

double iou_benchdoc_most(const struct iou_benchdoc *what)
{
	double most = 0;

	for (size_t i = 0; i < what->results->nr; i++)
		if (what->results->list[i].time.median > most)
			most = what->results->list[i].time.median;
	return most;
}

const char *iou_benchdoc_cost(const struct iou_benchdoc *what, char *text, double value)
{
	if (what->counted)
		return iou_text_count(text, 32, (uint64_t)(value + 0.5));
	return iou_text_duration(text, 32, value);
}

static void say_cost(struct iou_doc *field, const struct iou_benchdoc *what, double value)
{
	char text[32];

	iou_doc_text(field, "%s", iou_benchdoc_cost(what, text, value));
}

static void say_ratio(struct iou_doc *field, const struct iou_bench_ratio *ratio)
{
	if (!ratio->has_interval)
		iou_doc_text(field, "%.2f", ratio->median);
	else
		iou_doc_text(field, "%.2f (%.2f to %.2f)", ratio->median, ratio->low, ratio->high);
}

static void say_enters(struct iou_doc *field, double enters)
{
	/* One call for all of them. */
	if (enters < 0.001)
		iou_doc_text(field, "0.00");
	else
		iou_doc_text(field, "%.2f", enters);
}

static const char *say_verdict(const struct iou_benchdoc *what, const struct iou_bench_ratio *ratio)
{
	switch (iou_bench_verdict(ratio)) {
	case IOU_BENCH_MORE:
		return what->counted ? "loop cheaper" : "loop faster";
	case IOU_BENCH_LESS:
		return what->counted ? "loop dearer" : "loop slower";
	default:
		return "";
	}
}

static bool has_utf8(void)
{
	const char *locale = getenv("LC_ALL");

	if (!locale || !*locale)
		locale = getenv("LC_CTYPE");
	if (!locale || !*locale)
		locale = getenv("LANG");
	return locale && (strcasestr(locale, "utf-8") || strcasestr(locale, "utf8"));
}

/* To an eighth of a column, where there are characters for that. */
static void draw_bar(char *text, size_t size, double share, size_t width)
{
	static const char *const parts[] = {"",       "\u258f", "\u258e", "\u258d",
					    "\u258c", "\u258b", "\u258a", "\u2589"};
	size_t eighths = (size_t)(share * (double)width * 8 + 0.5), at = 0;
	bool fine = has_utf8();

	text[0] = '\0';
	for (size_t i = 0; i < eighths / 8 && at + 8 < size; i++)
		at += (size_t)snprintf(text + at, size - at, "%s", fine ? "\u2588" : "#");
	if (fine && at + 8 < size)
		snprintf(text + at, size - at, "%s", parts[eighths % 8]);
}

static void add_bar(struct iou_doc *row, const struct iou_benchdoc *what, double value)
{
	double most = iou_benchdoc_most(what);
	char text[256];

	if (!what->bar_width || most <= 0)
		return;
	draw_bar(text, sizeof(text), value / most, what->bar_width);
	iou_doc_string(row, NULL, "", text);
}

size_t iou_benchdoc_table_width(const char *text)
{
	const char *at = strstr(text, "\n\n");
	size_t most = 0, width = 0;

	for (at = at ? at + 2 : text; *at; at++) {
		width = *at == '\n' ? 0 : width + (((unsigned char)*at & 0xc0) != 0x80);
		most = width > most ? width : most;
	}
	return most;
}

/* ---- The document ---- */

static struct iou_doc *add_spread(struct iou_doc *in, const char *key,
				  const struct iou_bench_spread *spread)
{
	struct iou_doc *object = iou_doc_object(in, key);

	iou_doc_double(object, "median", NULL, spread->median);
	iou_doc_double(object, "low", NULL, spread->low);
	iou_doc_double(object, "high", NULL, spread->high);
	return object;
}

static void add_ratio(struct iou_doc *row, const struct iou_bench_ratio *ratio)
{
	struct iou_doc *object = iou_doc_object(row, "ratio");

	iou_doc_double(object, "median", NULL, ratio->median);
	if (ratio->has_interval) {
		iou_doc_double(object, "low", NULL, ratio->low);
		iou_doc_double(object, "high", NULL, ratio->high);
	} else {
		iou_doc_null(object, "low", NULL);
		iou_doc_null(object, "high", NULL);
	}
	iou_doc_string(object, "verdict", NULL, verdicts[iou_bench_verdict(ratio)]);
}

static double per_second(const struct iou_bench_result *result)
{
	return result->time.median > 0 ? 1e9 / result->time.median : 0;
}

static const struct {
	const char *key, *label;
	double share;
} quantiles[] = {{"p50", "P50", 0.5},
		 {"p90", NULL, 0.9},
		 {"p99", "P99", 0.99},
		 {"p999", "P99.9", 0.999}};

/* Those of the fastest half, and so on: {p50, p90, p99, p999}. */
static void add_latency(struct iou_doc *row, const struct iou_benchdoc *what,
			const struct iou_bench_latency *latency)
{
	struct iou_doc *object;

	if (!latency->nr)
		return;
	object = iou_doc_object(row, what->counted ? "latency_instructions" : "latency_ns");
	for (size_t i = 0; i < ARRAY_SIZE(quantiles); i++) {
		double value = iou_bench_latency_quantile(latency, quantiles[i].share);

		iou_doc_double(object, quantiles[i].key, NULL, value);
	}
	for (size_t i = 0; i < ARRAY_SIZE(quantiles); i++)
		if (quantiles[i].label) {
			double value = iou_bench_latency_quantile(latency, quantiles[i].share);

			say_cost(iou_doc_double(row, NULL, quantiles[i].label, value), what, value);
		}
}

/* What it comes to: whether the loop takes less, and from how many requests on. */
static void add_pay(struct iou_doc *row, const struct iou_benchdoc *what,
		    const struct iou_bench_result *result)
{
	bool is_loop = result->variant->kind == IOU_BENCH_LOOP;
	char text[32];

	iou_doc_double(row, "setup", NULL, result->setup.median);
	if (result->pays)
		iou_doc_text(iou_doc_u64(row, "break_even", "PAYS FROM", result->break_even), "%s",
			     iou_text_rate(text, sizeof(text), (double)result->break_even));
	else
		iou_doc_text(iou_doc_null(row, "break_even", "PAYS FROM"), "%s",
			     is_loop ? "" : "-");
	iou_doc_string(row, NULL, "VERDICT", say_verdict(what, &result->ratio));
}

static void add_variant(struct iou_doc *list, const struct iou_benchdoc *what,
			const struct iou_bench_result *result)
{
	struct iou_doc *row = iou_doc_object(list, NULL), *field;
	const struct iou_bench_variant *variant = result->variant;
	char label[64], text[32];

	iou_doc_string(row, "name", "VARIANT", variant->name);
	iou_doc_string(row, "kind", NULL, kinds[variant->kind]);
	iou_doc_bool(row, "unordered", NULL, variant->unordered);
	iou_doc_string(row, "help", "HOW", iou_benchdoc_how(what, result));
	iou_doc_u64(row, "requests", NULL, result->samples[0].done.requests);
	snprintf(label, sizeof(label), "%s", what->counted ? "INSTRUCTIONS" : "EACH");
	field = add_spread(row, what->counted ? "instructions" : "time_ns", &result->time);
	iou_doc_label(field, label);
	say_cost(field, what, result->time.median);
	if (!what->counted) {
		double rate = per_second(result);

		field = iou_doc_double(row, "per_second", "RATE", rate);
		iou_doc_text(field, "%s", iou_text_rate(text, sizeof(text), rate));
		field = add_spread(row, "cpu_ns", &result->cpu);
		iou_doc_label(field, what->job->cpu_of ?: "CPU");
		say_cost(field, what, result->cpu.median);
	} else if (what->job->cpu_of) {
		field = add_spread(row, "cpu_instructions", &result->cpu);
		iou_doc_label(field, what->job->cpu_of);
		say_cost(field, what, result->cpu.median);
	}
	if (!what->counted && what->results->has_instructions) {
		field = add_spread(row, "instructions", &result->instructions);
		iou_doc_label(field, "INSTRUCTIONS");
		iou_doc_text(field, "%.0f", result->instructions.median);
	}
	field = iou_doc_double(row, "enters", "CALLS", result->enters.median);
	say_enters(field, result->enters.median);
	add_latency(row, what, &result->latency);
	add_ratio(row, &result->ratio);
	iou_doc_label(row->last, "TO THE LOOP");
	say_ratio(row->last, &result->ratio);
	add_pay(row, what, result);
	add_bar(row, what, result->time.median);
}

static void add_part(struct iou_doc *object, const char *key, uint64_t value)
{
	iou_doc_u64(object, key, NULL, value);
}

/* In text, numbers of instructions are too long to be told to the last one. */
static const char *part_text(const struct iou_benchdoc *what, char *text, uint64_t value)
{
	return what->counted ? iou_text_rate(text, 32, (double)value)
			     : iou_text_duration(text, 32, (double)value);
}

static void add_startup(struct iou_doc *doc, const struct iou_benchdoc *what)
{
	const struct iou_bench_startup *s = &what->results->startup;
	char texts[8][32], first[64] = "";
	struct iou_doc *object;

	if (!s->known) {
		iou_doc_null(doc, "startup", NULL);
		return;
	}
	object = iou_doc_object(doc, "startup");
	add_part(object, "total", iou_bench_startup_sum(s));
	add_part(object, "open", s->open);
	add_part(object, "ring", s->ring);
	add_part(object, "load", s->load);
	add_part(object, "verifier", s->verifier);
	add_part(object, "attach", s->attach);
	if (s->has_first)
		add_part(object, "first", s->first);
	else
		iou_doc_null(object, "first", NULL);
	add_part(object, "detach", s->detach);
	if (s->has_first)
		snprintf(first, sizeof(first), ", first completion %s",
			 part_text(what, texts[6], s->first));
	iou_doc_label(object, "start-up");
	iou_doc_text(object,
		     "%s%s: open %s, ring %s, load %s (verifier %s), attach %s%s, detach %s",
		     part_text(what, texts[0], iou_bench_startup_sum(s)),
		     what->counted ? " instructions" : "", part_text(what, texts[1], s->open),
		     part_text(what, texts[2], s->ring), part_text(what, texts[3], s->load),
		     part_text(what, texts[4], s->verifier), part_text(what, texts[5], s->attach),
		     first, part_text(what, texts[7], s->detach));
}

static void add_params(struct iou_doc *doc, const struct iou_benchdoc *what)
{
	struct iou_doc *params = iou_doc_object(doc, "params");

	for (size_t i = 0; i < what->job->params_nr; i++) {
		const struct iou_bench_param *param = &what->job->params[i];

		if (param->max)
			iou_doc_u64(params, param->name, param->name, what->work->values[i].number);
		else
			iou_doc_string(params, param->name, param->name,
				       what->work->values[i].text);
	}
}

struct iou_doc *iou_benchdoc(const struct iou_benchdoc *what)
{
	struct iou_doc *doc = iou_doc_new("iouctl.bench/1"), *list;
	struct utsname uts;

	uname(&uts);
	iou_doc_string(doc, "job", "job", what->job->name);
	iou_doc_string(doc, "request", NULL, what->job->request);
	iou_doc_string(doc, "kernel", "kernel", uts.release);
	iou_doc_string(doc, "unit", NULL, what->counted ? "instructions" : "ns");
	add_params(doc, what);
	iou_doc_u64(doc, "rounds", "rounds", what->results->rounds);
	iou_doc_u64(doc, "threads", what->config->threads > 1 ? "threads" : NULL,
		    what->config->threads);
	add_startup(doc, what);
	list = iou_doc_table_apart(doc, "variants");
	for (size_t i = 0; i < what->results->nr; i++)
		add_variant(list, what, &what->results->list[i]);
	return doc;
}

struct iou_doc *iou_benchdoc_jobs(void)
{
	struct iou_doc *doc = iou_doc_new("iouctl.bench-jobs/1"), *list;

	list = iou_doc_table(doc, "jobs");
	for (size_t i = 0; i < iou_bench_jobs_nr; i++) {
		const struct iou_bench_job *job = iou_bench_jobs[i];
		struct iou_doc *row = iou_doc_object(list, NULL), *params;
		char text[256] = "";
		size_t at = 0;

		iou_doc_string(row, "name", "JOB", job->name);
		iou_doc_string(row, "help", "WHAT", job->help);
		params = iou_doc_array(row, "params");
		for (size_t j = 0; j < job->params_nr; j++) {
			iou_doc_string(params, NULL, NULL, job->params[j].name);
			if (at < sizeof(text))
				at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%s",
						       at ? ", " : "", job->params[j].name);
		}
		iou_doc_label(params, "PARAMETERS");
		iou_doc_text(params, "%s", text);
	}
	return doc;
}

void iou_benchdoc_csv(const struct iou_benchdoc *what)
{
	printf("job,variant,kind,unit,requests,median,low,high,enters,ratio,ratio_low,ratio_high,"
	       "verdict,break_even,cpu,per_second,p50,p90,p99,p999\n");
	for (size_t i = 0; i < what->results->nr; i++) {
		const struct iou_bench_result *r = &what->results->list[i];

		printf("%s,%s,%s,%s,%" PRIu64 ",%.6g,%.6g,%.6g,%.6g,%.6g,", what->job->name,
		       r->variant->name, kinds[r->variant->kind],
		       what->counted ? "instructions" : "ns", r->samples[0].done.requests,
		       r->time.median, r->time.low, r->time.high, r->enters.median,
		       r->ratio.median);
		if (r->ratio.has_interval)
			printf("%.6g,%.6g,", r->ratio.low, r->ratio.high);
		else
			printf(",,");
		printf("%s,", verdicts[iou_bench_verdict(&r->ratio)]);
		if (r->pays)
			printf("%" PRIu64, r->break_even);
		printf(",%.6g,", r->cpu.median);
		if (!what->counted)
			printf("%.6g", per_second(r));
		for (size_t j = 0; j < ARRAY_SIZE(quantiles); j++)
			if (r->latency.nr)
				printf(",%.6g",
				       iou_bench_latency_quantile(&r->latency, quantiles[j].share));
			else
				printf(",");
		printf("\n");
	}
}
