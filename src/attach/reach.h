/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A loop that another iouctl bound, held by that or pinned: its object, which travels with it,
 * opened here, with the maps that the loop uses.
 */
#pragma once

#include "base/err.h"
#include "loop/loop.h"
#include "meta/meta.h"
#include "survey/survey.h"

struct iou_reached {
	struct iou_image *image;
	struct iou_loop *loop;
	struct iou_meta meta;
};

/*
 * The loop that is pinned in the directory @path. Stage "open". Causes: USAGE (nothing is pinned
 * there: ENOENT), PERMISSION, and REJECTED and FAILED as those of iou_loop_open() and
 * iou_loop_adopt().
 */
int iou_reach_pin(struct iou_reached *reached, const char *path, struct iou_err *err);

/*
 * The loop @seen. Needs CAP_SYS_ADMIN, which opening by id does: PERMISSION. REJECTED with ENOENT:
 * it was not bound by iouctl. Otherwise as the one above.
 */
int iou_reach(struct iou_reached *reached, const struct iou_survey_loop *seen, struct iou_err *err);

/* The directory in which iouctl pinned the loop @seen, in @folder of @size bytes; false: none. */
bool iou_reach_own_pin(const struct iou_survey_loop *seen, char *folder, size_t size);

/* Its link's id, and that of its struct_ops map; 0 where the link does not tell, or is off. */
void iou_reached_ids(const struct iou_reached *reached, uint32_t *link_id, uint32_t *map_id);

/* Whether the descriptor is one of a link that holds, or has held, a loop. */
bool iou_link_is_loop(int fd);

/* Whether its link was detached. */
bool iou_reached_is_off(const struct iou_reached *reached);

void iou_reached_release(struct iou_reached *reached);
