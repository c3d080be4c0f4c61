// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* pass: what io_uring_enter(2) does. The other policies differ from it by what they are for. */
#include <iouctl/policy.bpf.h>

IOU_POLICY(pass, iou_policy_pass,
	   "does what io_uring_enter does: submits what is queued, and waits", "");
