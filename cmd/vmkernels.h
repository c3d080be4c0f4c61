/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The kernels for the micro-VM: what 'iouctl vm --list' and 'iouctl vm --fetch' do. */
#pragma once

#include "render/render.h"

/* Both print their document, or why there is none, and return an exit code. */
int iou_vmkernels_list(enum iou_format format);

/* @series as of iou_vm_fetch(). */
int iou_vmkernels_fetch(const char *series, enum iou_format format);
