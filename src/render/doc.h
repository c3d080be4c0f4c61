/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A document: what a command has to say, as a tree of typed values that is printed as text or
 * as JSON. A field has a key, which is its name in JSON, and a label, which is its name in text;
 * one without a key is for people only, one without a label for programs only.
 *
 * Keys, labels and strings may come from strangers: what could harm a terminal or the JSON is
 * escaped.
 *
 * Building never fails: what memory was short for is remembered, and said when it is printed.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum iou_doc_type {
	IOU_DOC_OBJECT,
	IOU_DOC_ARRAY,
	IOU_DOC_NULL,
	IOU_DOC_BOOL,
	IOU_DOC_U64,
	IOU_DOC_S64,
	IOU_DOC_DOUBLE,
	IOU_DOC_STRING,
};

struct iou_doc {
	enum iou_doc_type type;
	char *key, *label;
	char *text; /* how people see it, where that is not the value as it stands */
	union {
		bool boolean;
		uint64_t u;
		int64_t s;
		double d;
		char *string;
	} value;
	bool table;  /* an array of objects: in text, a row each, columns by label */
	bool apart;  /* likewise: in text, after an empty line; nothing at all without a row */
	bool failed; /* the root's: memory was short */
	struct iou_doc *root, *first, *last, *next;
};

/* An object with "schema": @schema. NULL when there is no memory: all below accept that. */
struct iou_doc *iou_doc_new(const char *schema);
void iou_doc_free(struct iou_doc *doc);

/*
 * Containers. Elements of an array have neither key nor label. In text the fields of a container
 * are lines of their own, unless it is given a label: then it is one line, {a 1, b [2, 3]}, with
 * the keys of what is in it.
 */
struct iou_doc *iou_doc_object(struct iou_doc *in, const char *key);
struct iou_doc *iou_doc_array(struct iou_doc *in, const char *key);
struct iou_doc *iou_doc_table(struct iou_doc *in, const char *key);
/* One of several tables in a document: an empty line sets it apart. */
struct iou_doc *iou_doc_table_apart(struct iou_doc *in, const char *key);

/* Values. They return the field, for iou_doc_text(). */
struct iou_doc *iou_doc_null(struct iou_doc *in, const char *key, const char *label);
struct iou_doc *iou_doc_bool(struct iou_doc *in, const char *key, const char *label, bool value);
struct iou_doc *iou_doc_u64(struct iou_doc *in, const char *key, const char *label, uint64_t value);
struct iou_doc *iou_doc_s64(struct iou_doc *in, const char *key, const char *label, int64_t value);
/* Six digits of it are meant. */
struct iou_doc *iou_doc_double(struct iou_doc *in, const char *key, const char *label,
			       double value);
/* @value NULL is a null. */
struct iou_doc *iou_doc_string(struct iou_doc *in, const char *key, const char *label,
			       const char *value);

/* The name of @field, which may be a container, in text. */
void iou_doc_label(struct iou_doc *field, const char *label);

/* How people see @field; for a container, when it has a label or is inside of one that has. */
void iou_doc_text(struct iou_doc *field, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
