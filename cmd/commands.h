/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The table of commands, in the order that help lists them. */
#pragma once

#include "args.h"

extern const struct iou_command iou_run_command;
extern const struct iou_command iou_attach_command;
extern const struct iou_command iou_detach_command;
extern const struct iou_command iou_status_command;
extern const struct iou_command iou_stats_command;
extern const struct iou_command iou_list_command;
extern const struct iou_command iou_show_command;
extern const struct iou_command iou_new_command;
extern const struct iou_command iou_build_command;
extern const struct iou_command iou_check_command;
extern const struct iou_command iou_bench_command;
extern const struct iou_command iou_probe_command;
extern const struct iou_command iou_vm_command;

/* NULL-terminated. */
extern const struct iou_command *const iou_commands[];
