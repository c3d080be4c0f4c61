// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* busy-poll: a call that waits looks for completions some times before it sleeps. */
#include <iouctl/policy.bpf.h>

IOU_PARAM_U32(spins, 1000, 0, 1000000, "steps", "that do not sleep, in each call that waits");

IOU_COUNTER(spun, "steps", "that did not sleep");
IOU_COUNTER(waited, "calls", "that had to wait");
IOU_COUNTER(slept, "calls", "that had to sleep");

static __u32 left; /* of the call's spins */
static bool has_waited, has_slept;

static __always_inline int step(struct iou_policy *policy)
{
	struct iou_wait how = IOU_WAIT;
	bool sleeps;
	int verdict;

	if (policy->first) {
		left = spins;
		has_waited = has_slept = false;
		if (!iou_policy_submit(policy, policy->call->to_submit))
			return iou_policy_return(policy);
	}
	how.spin = left > 0;
	verdict = iou_policy_wait_for(policy, how);
	/* The first one lets the kernel post what it has, in any call. */
	if (verdict == IOU_LOOP_STOP || policy->first)
		return verdict;
	sleeps = iou_policy_sleeps(policy, verdict);
	waited += !has_waited;
	has_waited = true;
	if (how.spin) {
		left--;
		spun++;
	} else if (sleeps) {
		slept += !has_slept;
		has_slept = true;
	}
	return verdict;
}

IOU_POLICY(busy_poll, step, "looks for completions before a call sleeps", "");
