/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a loop says of itself, read from the BTF declaration tags that iouctl/loop.bpf.h puts on
 * its variables: "iou:WHAT;KEY=VALUE;…;help=TEXT".
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct btf;

enum iou_kind {
	IOU_KIND_U32,
	IOU_KIND_U64,
	IOU_KIND_S64,
	IOU_KIND_SIZE,     /* bytes */
	IOU_KIND_DURATION, /* nanoseconds */
	IOU_KIND_FLAG,
	IOU_KIND_COUNTER, /* a statistic that only grows */
	IOU_KIND_GAUGE,   /* a statistic that does not */
};

enum iou_decl_what { IOU_DECL_PARAM, IOU_DECL_STAT, IOU_DECL_LOOP };

struct iou_decl {
	enum iou_decl_what what;
	char *variable; /* as the object calls it */
	char *name;     /* the same with dashes for underscores */
	char *help;
	char *unit; /* "" where there is none */

	enum iou_kind kind; /* parameters and statistics */
	union {
		uint64_t u;
		int64_t s;
	} min, max; /* parameters; signed for IOU_KIND_S64 */
	char *of;   /* statistics: the parameter whose value it ends at, or NULL */

	uint32_t sq_entries, cq_entries; /* loops: the ring that suits them; 0: no wish */
};

struct iou_decls {
	struct iou_decl *list;
	size_t nr;
};

/*
 * All declarations in @btf, in the order of their variables' types. Stage "open", cause REJECTED
 * for a declaration that is not of the form: unknown kind, bad range, name or two of one name.
 */
int iou_decls_read(struct iou_decls *decls, const struct btf *btf, struct iou_err *err);

void iou_decls_release(struct iou_decls *decls);

/* "counter" for IOU_KIND_COUNTER. */
const char *iou_kind_name(enum iou_kind kind);
