/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a loop says of itself, read from the BTF declaration tags that iouctl/loop.bpf.h puts on
 * its variables: "iou:WHAT;KEY=VALUE;…;help=TEXT".
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct btf;

enum iou_kind {
	/* Parameters that are numbers. */
	IOU_KIND_U32,
	IOU_KIND_U64,
	IOU_KIND_S64,
	IOU_KIND_SIZE,     /* bytes */
	IOU_KIND_DURATION, /* nanoseconds */
	IOU_KIND_FLAG,
	IOU_KIND_SHARE,  /* parts of a million */
	IOU_KIND_ERRNO,  /* the number of an error */
	IOU_KIND_OPCODE, /* or IOU_OPCODE_ANY */
	IOU_KIND_CHOICE, /* the index of a word */
	/* Those that are several: a list of words, of numbers at times. */
	IOU_KIND_CHOICES,
	IOU_KIND_STEPS,
	/* Parameters that are resources. */
	IOU_KIND_INFILE,
	IOU_KIND_OUTFILE,
	IOU_KIND_LISTEN,
	IOU_KIND_CONNECT,
	IOU_KIND_TARGETS, /* a table of files and sockets */
	IOU_KIND_PATHS,   /* of files that the loop opens itself */
	IOU_KIND_MEM,
	IOU_KIND_BUFFERS,
	IOU_KIND_BUF_RING,
	IOU_KIND_PIPES,
	IOU_KIND_DIRECT,
	/* Statistics. */
	IOU_KIND_COUNTER, /* only grows */
	IOU_KIND_GAUGE,
	IOU_KIND_HISTOGRAM,
	IOU_KIND_TEXT, /* characters */
};

/* Keys, and targets, of an IOU_KIND_TARGETS: IOU_TARGETS_MAX of iouctl/declare.bpf.h. */
#define IOU_TARGETS_MAX 256

/* Of an IOU_KIND_PIPES: likewise. */
#define IOU_PIPES_MAX 256

/* Of those by opcode; and the opcode that stands for all: as iouctl/declare.bpf.h has them. */
#define IOU_OPCODES_NR 128
#define IOU_OPCODE_ANY UINT32_MAX

/* Bytes of an IOU_KIND_TEXT, with its NUL. */
#define IOU_TEXT_MAX 256

enum iou_decl_what { IOU_DECL_PARAM, IOU_DECL_STAT, IOU_DECL_LOOP, IOU_DECL_TIMER };

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
	} min, max;     /* numbers; signed for IOU_KIND_S64 */
	char **choices; /* IOU_KIND_CHOICE and _CHOICES: the words, NULL-terminated */
	size_t choices_nr;
	char *def;       /* files, sockets, lists: what it is unless set, or NULL */
	bool optional;   /* files and sockets without @def: they may be left out */
	char *direct;    /* files: the flag that asks for O_DIRECT too, or NULL */
	char *nr, *size; /* memory: how many blocks of how many bytes; of iou_loop_eval() */
	char *of;        /* statistics: the parameter whose value it ends at, or NULL */
	bool by_opcode;  /* counters, histograms: one for each opcode */

	char *sq, *cq; /* loops: entries that suit it; of iou_loop_eval(), or NULL */
	char *flags;   /* loops: setup flags, as users write them, by spaces */
	bool policy;   /* loops: for the rings of other programs */
	char *needs;   /* policies: what they need of these, by spaces; NULL for nothing */
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

/* Whether it is a parameter whose value is one number in the program. */
bool iou_kind_is_number(enum iou_kind kind);

/* Whether it has words to choose from. */
bool iou_kind_has_choices(enum iou_kind kind);

/* Whether it is a parameter that names something to open: a file, a socket, a list of files. */
bool iou_decl_is_opened(const struct iou_decl *decl);

/* What stands for its value where it is named: "FILE", "FILE,...", "HOST:PORT". */
const char *iou_decl_form(const struct iou_decl *decl);

/* Whether it is a parameter that users have to set. */
bool iou_decl_must_be_set(const struct iou_decl *decl);

/* Whether a name is one that users can type: [a-z0-9-]{1,32}. */
bool iou_decl_name_fits(const char *name);
