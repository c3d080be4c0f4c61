// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "render/render.h"

#define GAP 2

/* A longer label moves its own value to the right, not those of all others. */
#define LABEL_WIDTH_MAX 40

/* Columns that @text fills, for text that iou_text_escape() made: one a code point. */
static size_t width_of(const char *text)
{
	size_t width = 0;

	for (; *text; text++)
		width += ((unsigned char)*text & 0xc0) != 0x80;
	return width;
}

static bool is_container(const struct iou_doc *doc)
{
	return doc->type == IOU_DOC_OBJECT || doc->type == IOU_DOC_ARRAY;
}

/* What people see of a value; to be freed. In a list, numbers have no commas of their own. */
static char *scalar_text(const struct iou_doc *field, bool listed)
{
	const char *raw = field->text;
	char number[32];
	char *escaped;
	size_t size;

	if (!raw) {
		switch (field->type) {
		case IOU_DOC_BOOL:
			raw = field->value.boolean ? "yes" : "no";
			break;
		case IOU_DOC_U64:
			raw = number;
			if (listed)
				snprintf(number, sizeof(number), "%" PRIu64, field->value.u);
			else
				iou_text_count(number, sizeof(number), field->value.u);
			break;
		case IOU_DOC_DOUBLE:
			snprintf(number, sizeof(number), "%.6g", field->value.d);
			raw = number;
			break;
		case IOU_DOC_S64:
			snprintf(number, sizeof(number), "%" PRId64, field->value.s);
			raw = number;
			break;
		case IOU_DOC_STRING:
			raw = field->value.string;
			break;
		default:
			raw = "-";
			break;
		}
	}
	size = 4 * strlen(raw) + 1;
	escaped = malloc(size);
	return escaped ? iou_text_escape(escaped, size, raw) : NULL;
}

static int put_inline(FILE *out, const struct iou_doc *field)
{
	bool array = field->type == IOU_DOC_ARRAY, more = false;
	int ret;

	if (!is_container(field) || field->text) {
		IOU_FREE char *text = scalar_text(field, true);

		return !text ? -ENOMEM : fputs(text, out) < 0 ? -errno : 0;
	}
	fputc(array ? '[' : '{', out);
	for (const struct iou_doc *in = field->first; in; in = in->next) {
		if (!array && !in->key)
			continue;
		fputs(more ? ", " : "", out);
		if (!array)
			fprintf(out, "%s ", in->key);
		ret = put_inline(out, in);
		if (ret)
			return ret;
		more = true;
	}
	return fputc(array ? ']' : '}', out) < 0 ? -errno : 0;
}

char *iou_render_inline(const struct iou_doc *field)
{
	IOU_FREE char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	bool failed;

	if (!out)
		return NULL;
	failed = put_inline(out, field) != 0 || ferror(out);
	if (fclose(out) || failed)
		return NULL;
	return TAKE_PTR(text);
}

static char *value_text(const struct iou_doc *field)
{
	return is_container(field) ? iou_render_inline(field) : scalar_text(field, false);
}

static int pad(FILE *out, size_t width, size_t to)
{
	return fprintf(out, "%*s", (int)(to > width ? to - width : 0), "") < 0 ? -errno : 0;
}

/* ---- Tables: columns are the labelled fields of the first row ---- */

static const struct iou_doc *cell(const struct iou_doc *row, const char *label)
{
	for (const struct iou_doc *field = row->first; field; field = field->next)
		if (field->label && strcmp(field->label, label) == 0)
			return field;
	return NULL;
}

static size_t column_width(const struct iou_doc *table, const char *label)
{
	size_t width = width_of(label);

	for (const struct iou_doc *row = table->first; row; row = row->next) {
		const struct iou_doc *field = cell(row, label);
		IOU_FREE char *text = field ? value_text(field) : NULL;

		if (text && width_of(text) > width)
			width = width_of(text);
	}
	return width;
}

/* The text of a cell, or of the heading where @row is NULL; "" where the row has none. */
static char *cell_text(const struct iou_doc *row, const char *label)
{
	const struct iou_doc *field = row ? cell(row, label) : NULL;

	if (!row)
		return strdup(label);
	return field ? value_text(field) : strdup("");
}

/* Padding goes before a cell, not behind it, so that no line ends in spaces. */
static int print_row(FILE *out, const struct iou_doc *table, const struct iou_doc *row,
		     const size_t *widths)
{
	size_t at = 0, column = 0;

	for (const struct iou_doc *col = table->first->first; col; col = col->next) {
		IOU_FREE char *text = NULL;

		if (!col->label)
			continue;
		text = cell_text(row, col->label);
		if (!text)
			return -ENOMEM;
		if (text[0] && (pad(out, at, column) || fputs(text, out) < 0))
			return -errno;
		if (text[0])
			at = column + width_of(text);
		column += *widths++ + GAP;
	}
	return fputc('\n', out) < 0 ? -errno : 0;
}

/* The width of each column that has a label, to be freed. */
static size_t *column_widths(const struct iou_doc *table)
{
	size_t nr = 1, at = 0;
	size_t *widths;

	for (const struct iou_doc *col = table->first->first; col; col = col->next)
		nr++;
	widths = calloc(nr, sizeof(*widths));
	for (const struct iou_doc *col = table->first->first; widths && col; col = col->next)
		if (col->label)
			widths[at++] = column_width(table, col->label);
	return widths;
}

static int print_table(FILE *out, const struct iou_doc *table)
{
	IOU_FREE size_t *widths = NULL;
	int ret;

	if (!table->first)
		return 0;
	widths = column_widths(table);
	if (!widths)
		return -ENOMEM;
	if (table->apart && fputc('\n', out) < 0)
		return -errno;
	ret = print_row(out, table, NULL, widths);
	for (const struct iou_doc *row = table->first; row && !ret; row = row->next)
		ret = print_row(out, table, row, widths);
	return ret;
}

/* ---- Everything else: "label  value", aligned over the whole document ---- */

static size_t label_width(const struct iou_doc *doc)
{
	size_t width = 0;

	for (const struct iou_doc *field = doc->first; field; field = field->next) {
		size_t here = 0;

		if (field->label)
			here = width_of(field->label);
		else if (!field->table)
			here = label_width(field);
		if (here > width && here <= LABEL_WIDTH_MAX)
			width = here;
	}
	return width;
}

static int print_field(FILE *out, const struct iou_doc *field, size_t width)
{
	size_t label = width_of(field->label);
	IOU_FREE char *text = value_text(field);

	if (!text)
		return -ENOMEM;
	if (fputs(field->label, out) < 0 ||
	    pad(out, label, (label > width ? label : width) + GAP) ||
	    fprintf(out, "%s\n", text) < 0)
		return -errno;
	return 0;
}

static int print_fields(FILE *out, const struct iou_doc *doc, size_t width)
{
	int ret = 0;

	for (const struct iou_doc *field = doc->first; field && !ret; field = field->next) {
		if (field->label)
			ret = print_field(out, field, width);
		else if (field->table)
			ret = print_table(out, field);
		else
			ret = print_fields(out, field, width);
	}
	return ret;
}

int iou_render_text(FILE *out, const struct iou_doc *doc)
{
	return print_fields(out, doc, label_width(doc));
}
