/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The parts of a probe. Each adds its checks; memory that is short is remembered in the probe. */
#pragma once

#include "probe/probe.h"

void iou_probe_kernel(struct iou_probe *probe);
void iou_probe_rings(struct iou_probe *probe);
void iou_probe_permissions(struct iou_probe *probe);

/* Add a copy of @check's group, answer and needed, with copies of the texts. */
void iou_probe_add(struct iou_probe *probe, const struct iou_check *check, const char *id,
		   const char *what, const char *why);
