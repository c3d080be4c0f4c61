// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* min-wait: the longer a call waits, the fewer completions it returns with. */
#include <iouctl/policy.bpf.h>

IOU_PARAM_STEPS(steps, "32@50us,8@200us,1@1ms",
		"how many completions are enough, and from when on, after the call's begin");

IOU_COUNTER(waited, "calls", "that had to wait");
IOU_COUNTER(early, "calls", "that returned with fewer completions than they asked for");

static __u64 began; /* the call */
static bool has_waited;

/* What is enough at this time, and when that changes. */
static __always_inline struct iou_wait wait_at(__u64 now)
{
	struct iou_wait how = IOU_WAIT;

	iou_repeat(i, IOU_STEPS_MAX) {
		if (i < steps.nr && now >= began + steps.ns[i]) {
			if (steps.counts[i] < how.enough)
				how.enough = steps.counts[i];
		} else if (i < steps.nr && !how.again) {
			how.again = began + steps.ns[i];
		}
	}
	return how;
}

static __always_inline int step(struct iou_policy *policy)
{
	struct iou_call *call = policy->call;
	__u32 unread;
	int verdict;

	if (policy->first) {
		began = bpf_ktime_get_ns();
		has_waited = false;
		if (!iou_policy_submit(policy, call->to_submit))
			return iou_policy_return(policy);
	}
	unread = iou_policy_unread(policy);
	verdict = iou_policy_wait_for(policy, wait_at(bpf_ktime_get_ns()));
	if (iou_policy_sleeps(policy, verdict)) {
		waited += !has_waited;
		has_waited = true;
	}
	if (verdict == IOU_LOOP_STOP && has_waited && unread && unread < call->min_complete)
		early++;
	return verdict;
}

IOU_POLICY(min_wait, step, "the longer a call waits, the fewer completions are enough", "");
