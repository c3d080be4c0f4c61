/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The iouctl.status/1 document. */
#pragma once

#include "render/doc.h"
#include "survey/survey.h"

struct iou_status_want {
	int32_t pid; /* only what is of this process; 0: all */
	bool loops, rings;
};

/* To be freed. */
struct iou_doc *iou_statusdoc_new(const struct iou_survey *survey,
				  const struct iou_status_want *want);
