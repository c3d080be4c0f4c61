/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What resources.c and memory.c share while they make a loop's resources. */
#pragma once

#include <stdbool.h>

#include "session/resources.h"

/* Where a resource of memory is. */
struct iou_place {
	uint64_t nr, size;       /* blocks, bytes of each; 0: there is none of it */
	uint64_t offset;         /* in the MEM region */
	uint64_t ring_offset;    /* provided buffers: their ring, in the MEM region */
	uint64_t entries, group; /* of that ring */
	uint64_t first;          /* registered buffers and slots: index of the first */
	bool plain;              /* buffers that are not registered */
};

struct iou_maker {
	struct iou_resources made;
	const struct iou_ring *ring; /* NULL: sizes only */
	struct iou_loop *loop;
	struct iou_err *err;
	struct iou_place *places;    /* one for each of the loop's declarations */
	uint64_t mem_at, buffers_at; /* bytes laid out so far */
	uint64_t registered;         /* bytes of the latter that are to be registered */
	uint32_t buffers_nr, slots_nr, groups_nr;
};

/* Tell the loop @field of what @param declares. REJECTED: it has none, whatever it declares. */
int iou_maker_set(struct iou_maker *maker, const struct iou_decl *param, const char *field,
		  uint64_t value);

/* Read the list of paths @text, and tell the loop where they are. With maker->ring NULL nothing is
 * opened or allocated. */
int iou_maker_make_paths(struct iou_maker *maker, const struct iou_decl *param, const char *text);

/* Whether the file in @fd is one of those in the lists of paths. */
bool iou_maker_is_listed(const struct iou_maker *maker, int fd);

/* Decide how much of what @param, a resource of memory, is and where; then make all that was laid
 * out, and register it. With maker->ring NULL the latter only tells the loop. */
int iou_maker_lay_out(struct iou_maker *maker, const struct iou_decl *param);
int iou_maker_make_memory(struct iou_maker *maker);

/* Once it is decided how many: make the pipes of @param. With maker->ring NULL only say how many.
 */
int iou_maker_make_pipes(struct iou_maker *maker, const struct iou_decl *param);

/* What iou_maker_lay_out() decided of @param. It is kept here: what the object's own fields come
 * to, which may lie in each other, is not to be trusted again. */
struct iou_place *iou_maker_place(const struct iou_maker *maker, const struct iou_decl *param);

/* Whether the flag is set that @param's declaration names for O_DIRECT. */
bool iou_maker_is_direct(const struct iou_maker *maker, const struct iou_decl *param);

/* Close @fd with the rest; in any case it is no longer the caller's. */
int iou_maker_keep_fd(struct iou_maker *maker, int fd);

/* Open a file for writing, made or to be emptied, or "-"; refuse one that is in use already. */
int iou_maker_open_out(struct iou_maker *maker, const char *path, int *fd);

/* Read the table in file @path, and open what it names (iouctl/declare.bpf.h, iou_targets); or,
 * for a loop that is only verified, make up a table of one. */
int iou_maker_open_targets(struct iou_maker *maker, const struct iou_decl *param, const char *path);
int iou_maker_stand_in_targets(struct iou_maker *maker, const struct iou_decl *param);
