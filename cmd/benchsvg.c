// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "benchsvg.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"

/* All in the chart's own units, which are pixels where it is not scaled. */
#define NAMES_MIN 200 /* names are right-aligned at their column's end */
#define LETTER 7      /* as wide as a letter of them is at the most, in the mean */
#define LETTERS 60    /* a longer one has its end */
#define BARS 380      /* the longest one; what it comes to is behind it */
#define FIGURES 130   /* that */
#define TOP 82
#define LEGEND 60
#define ROW 26
#define BAR 16
#define BOTTOM 34

/* What stands in an XML document for @text, in which nothing is to be escaped for a terminal. */
static void put_safe(FILE *out, const char *text)
{
	for (const char *c = text; *c; c++)
		switch (*c) {
		case '&':
			fputs("&amp;", out);
			break;
		case '<':
			fputs("&lt;", out);
			break;
		case '>':
			fputs("&gt;", out);
			break;
		case '"':
			fputs("&quot;", out);
			break;
		default:
			fputc(*c, out);
		}
}

/* The same for any bytes, cut where they are too many. */
static void put(FILE *out, const char *text)
{
	char safe[512];

	put_safe(out, iou_text_escape(safe, sizeof(safe), text));
}

/* Nothing is drawn behind the bars, so that the page shows through. */
static const char style[] =
	"<style>\n"
	"text { font: 13px system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif; "
	"fill: #1f2328 }\n"
	".title { font-size: 15px; font-weight: 600 }\n"
	".small { font-size: 12px; fill: #59636e }\n"
	".name { text-anchor: end }\n"
	".loop { fill: #0969da }\n"
	".plain { fill: #8c959f }\n"
	".tuned { fill: #b6bdc5 }\n"
	".other { fill: #bf8700 }\n"
	".spread { stroke: #1f2328; stroke-width: 1.5 }\n"
	"@media (prefers-color-scheme: dark) {\n"
	"text { fill: #f0f6fc }\n"
	".small { fill: #9198a1 }\n"
	".loop { fill: #4493f8 }\n"
	".plain { fill: #7d8590 }\n"
	".tuned { fill: #4d5560 }\n"
	".other { fill: #d29922 }\n"
	".spread { stroke: #f0f6fc }\n"
	"}\n"
	"</style>\n";

static const char *const classes[] = {
	[IOU_BENCH_LOOP] = "loop",
	[IOU_BENCH_PLAIN] = "plain",
	[IOU_BENCH_TUNED] = "tuned",
	[IOU_BENCH_OTHER] = "other",
};

static const char *const kinds[] = {
	[IOU_BENCH_LOOP] = "a loop",
	[IOU_BENCH_PLAIN] = "liburing, as usual",
	[IOU_BENCH_TUNED] = "io_uring, tuned",
	[IOU_BENCH_OTHER] = "without io_uring",
};

static bool has_kind(const struct iou_benchdoc *what, size_t kind)
{
	for (size_t i = 0; i < what->results->nr; i++)
		if (what->results->list[i].variant->kind == kind)
			return true;
	return false;
}

/* What the colours of the kinds that there are stand for. */
static void put_legend(FILE *out, const struct iou_benchdoc *what)
{
	int at = 10;

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (!has_kind(what, i))
			continue;
		fprintf(out,
			"<rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"10\" height=\"10\" rx=\"2\"/>"
			"<text class=\"small\" x=\"%d\" y=\"%d\">%s</text>\n",
			classes[i], at, LEGEND - 9, at + 15, LEGEND, kinds[i]);
		at += 35 + 7 * (int)strlen(kinds[i]);
	}
}

#define NAME_SIZE 512

/* Of UTF-8, all but those bytes that are not a character's first. */
static bool is_first(char c)
{
	return ((unsigned char)c & 0xc0) != 0x80;
}

static size_t letters_of(const char *text)
{
	size_t nr = 0;

	for (; *text; text++)
		nr += is_first(*text);
	return nr;
}

static const char *name_of(char safe[NAME_SIZE], const struct iou_benchdoc *what, size_t nr)
{
	const char *name = iou_benchdoc_how(what, &what->results->list[nr]);
	size_t letters;

	name = iou_text_escape(safe, NAME_SIZE, name);
	for (letters = letters_of(name); letters > LETTERS; letters--)
		for (name++; !is_first(*name);)
			name++;
	return name;
}

/* How wide the column of all names is. */
static size_t names_width(const struct iou_benchdoc *what)
{
	size_t width = NAMES_MIN;
	char safe[NAME_SIZE];

	for (size_t i = 0; i < what->results->nr; i++) {
		size_t name = 10 + LETTER * letters_of(name_of(safe, what, i));

		width = name > width ? name : width;
	}
	return width;
}

static void put_row(FILE *out, const struct iou_benchdoc *what, size_t nr, size_t names,
		    double most)
{
	const struct iou_bench_result *result = &what->results->list[nr];
	double scale = most > 0 ? BARS / most : 0;
	double end = result->time.median * scale, left = (double)names + 10;
	size_t top = TOP + nr * ROW, middle = top + BAR / 2;
	char text[32], safe[NAME_SIZE];

	fprintf(out, "<text class=\"name\" x=\"%zu\" y=\"%zu\">", names, top + BAR - 4);
	put_safe(out, name_of(safe, what, nr));
	fprintf(out,
		"</text>\n<rect class=\"%s\" x=\"%zu\" y=\"%zu\" width=\"%.1f\" height=\"%d\" "
		"rx=\"2\"/>\n",
		classes[result->variant->kind], names + 10, top, end, BAR);
	/* Where half of all rounds were; what is not to be seen is not drawn. */
	if ((result->time.high - result->time.low) * scale >= 2) {
		double high = result->time.high * scale;

		fprintf(out,
			"<line class=\"spread\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%zu\" "
			"y2=\"%zu\"/>\n",
			left + result->time.low * scale, left + high, middle, middle);
		end = high > end ? high : end;
	}
	fprintf(out, "<text x=\"%.1f\" y=\"%zu\">", left + 6 + end, top + BAR - 4);
	put(out, iou_benchdoc_cost(what, text, result->time.median));
	if (nr)
		fprintf(out, "  × %.2f", result->ratio.median);
	fputs("</text>\n", out);
}

static void put_chart(FILE *out, const struct iou_benchdoc *what)
{
	size_t height = TOP + what->results->nr * ROW + BOTTOM;
	const char *unit = what->counted ? "instructions" : "time";
	double most = iou_benchdoc_most(what);
	size_t names = names_width(what), width = names + BARS + FIGURES;
	struct utsname uts;

	uname(&uts);
	fprintf(out,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %zu %zu\" width=\"%zu\" "
		"height=\"%zu\" role=\"img\">\n<title>",
		width, height, width, height);
	put(out, what->job->name);
	fprintf(out, ": %s for each ", unit);
	put(out, what->job->request);
	fprintf(out, "</title>\n%s<text class=\"title\" x=\"10\" y=\"22\">", style);
	put(out, what->job->help);
	fprintf(out, "</text>\n<text class=\"small\" x=\"10\" y=\"42\">%c%s for each ",
		unit[0] - 'a' + 'A', unit + 1);
	put(out, what->job->request);
	fputs("; less is better</text>\n", out);
	put_legend(out, what);
	for (size_t i = 0; i < what->results->nr; i++)
		put_row(out, what, i, names, most);
	fprintf(out, "<text class=\"small\" x=\"10\" y=\"%zu\">Linux ", height - 12);
	put(out, uts.release);
	fprintf(out, "; medians of %u rounds", what->results->rounds);
	if (what->config->threads > 1)
		fprintf(out, ", %u threads", what->config->threads);
	fprintf(out, "; iouctl bench %s</text>\n</svg>\n", what->job->name);
}

int iou_benchsvg_write(const struct iou_benchdoc *what, const char *path, struct iou_err *err)
{
	IOU_FREE char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	bool failed;

	if (out)
		put_chart(out, what);
	failed = !out || ferror(out);
	if ((out && fclose(out)) || failed)
		return iou_err_set(err, IOU_CAUSE_FAILED, "output", ENOMEM, "cannot write '%s'",
				   path);
	return iou_file_write(path, text, size, err);
}
