// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "commands.h"

const struct iou_command *const iou_commands[] = {
	&iou_run_command,
	&iou_attach_command,
	&iou_detach_command,
	&iou_status_command,
	&iou_stats_command,
	&iou_list_command,
	&iou_show_command,
	&iou_new_command,
	&iou_build_command,
	&iou_check_command,
	&iou_bench_command,
	&iou_probe_command,
	&iou_vm_command,
	NULL,
};
