// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * latency: how long requests take, from their submission to their first completion.
 *
 * A request is known again by its user_data. Where several have the same at a time, they are told
 * apart only if that makes no difference: the opcode is the same, and so is the time.
 */
#include <iouctl/policy.bpf.h>

IOU_HISTOGRAM_BY_OPCODE(took, "ns", "from submission to completion");
IOU_GAUGE(pending, "requests", "that are under way");
IOU_COUNTER(ambiguous, "requests", "not timed: others had the same user_data meanwhile");
IOU_COUNTER(silent, "requests", "not timed: they have a completion only if they fail");
IOU_COUNTER(too_many, "requests", "not timed: more were under way than fit");
IOU_COUNTER(unknown, "completions", "of requests that were not timed, or not seen");
IOU_COUNTER(more, "completions", "after the first one of a request");

/* Requests under way with the same user_data. */
struct entry {
	__u64 start;
	__u32 nr;
	__u8 opcode;
	__u8 is_mixed; /* of several opcodes or times */
	__u8 has_more; /* it had its first completion, and will have more */
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 32768);
	__type(key, __u64);
	__type(value, struct entry);
} iou_started SEC(".maps");

static __u32 seen; /* the CQ's tail, up to which completions were looked at */
static bool has_seen;

/*
 * ---- Submission ----
 *
 * What is not static is looked at by the verifier once, by itself, and not wherever it is called,
 * which is too much for older ones.
 */

__noinline int start(__u64 key, __u8 opcode, __u64 now)
{
	struct entry *entry = bpf_map_lookup_elem(&iou_started, &key);
	struct entry first = {.start = now, .nr = 1, .opcode = opcode};

	if (entry) {
		if (entry->opcode != opcode || entry->start != now)
			entry->is_mixed = 1;
		entry->nr++;
		pending++;
	} else if (bpf_map_update_elem(&iou_started, &key, &first, BPF_NOEXIST) == 0) {
		pending++;
	} else {
		too_many++;
	}
	return 0;
}

/* One less is under way. */
static __always_inline void finish(__u64 key, struct entry *entry)
{
	pending--;
	if (--entry->nr == 0)
		bpf_map_delete_elem(&iou_started, &key);
}

/* It was not submitted. */
__noinline int drop(__u64 key)
{
	struct entry *entry = bpf_map_lookup_elem(&iou_started, &key);

	if (entry)
		finish(key, entry);
	return 0;
}

/* Those of the SQEs from number @from to @to that are not submitted, which count from @begin on. */
static __always_inline void each_sqe(struct iou_policy *policy, __u32 from, __u32 to, __u32 begin,
				     __u64 now, bool starts)
{
	__u32 i = from;

	iou_forever {
		struct io_uring_sqe *sqe;
		__u64 key;

		if (i >= to)
			break;
		sqe = iou_policy_sqe(policy, i - begin);
		i++;
		iou_forget(i);
		if (!sqe)
			continue;
		key = iou_load(&sqe->user_data);
		if (iou_load(&sqe->flags) & IOSQE_CQE_SKIP_SUCCESS) {
			silent += starts ? 1 : -1;
		} else if (starts) {
			start(key, iou_load(&sqe->opcode), now);
		} else {
			drop(key);
		}
	}
}

/* ---- Completion ---- */

__noinline int complete(__u64 key, __u32 flags, __u64 now)
{
	struct entry *entry = bpf_map_lookup_elem(&iou_started, &key);

	if (!entry) {
		unknown++;
		return 0;
	}
	/* Which of several goes on cannot be told. */
	if (flags & IORING_CQE_F_MORE && entry->nr > 1)
		entry->is_mixed = 1;
	if (entry->has_more && entry->nr == 1)
		more++;
	else if (entry->is_mixed)
		ambiguous += !(flags & IORING_CQE_F_MORE);
	else
		iou_histogram_add_by(took, entry->opcode, now - entry->start);
	if (flags & IORING_CQE_F_MORE)
		entry->has_more = 1;
	else
		finish(key, entry);
	return 0;
}

static __always_inline void look(struct iou_policy *policy)
{
	__u32 tail = iou_policy_load(policy, iou_geometry.cq_tail_off);
	__u64 now;

	if (!has_seen || tail == seen) {
		seen = tail;
		has_seen = true;
		return;
	}
	/* Older ones were written over. */
	if (tail - seen > iou_geometry.cq_entries)
		seen = tail - iou_geometry.cq_entries;
	now = bpf_ktime_get_ns();
	iou_forever {
		struct io_uring_cqe *cqe;

		if (seen == tail)
			break;
		cqe = iou_policy_cqe(policy, seen);
		complete(iou_load(&cqe->user_data), iou_load(&cqe->flags), now);
		seen++;
	}
}

/* ---- Steps ---- */

static __always_inline bool submit(struct iou_policy *policy)
{
	__u32 nr = policy->call->to_submit, queued = iou_policy_queued(policy, nr), taken;
	__u64 now = bpf_ktime_get_ns();
	bool goes_on;

	each_sqe(policy, 0, queued, 0, now, true);
	goes_on = iou_policy_submit_nr(policy, nr, &taken);
	if (taken < queued)
		each_sqe(policy, taken, queued, iou_policy_rewinds() ? 0 : taken, now, false);
	/* Those that completed at once. */
	look(policy);
	return goes_on;
}

static __always_inline int step(struct iou_policy *policy)
{
	struct iou_wait how = IOU_WAIT;

	if (!policy->sqes)
		return iou_policy_pass(policy);
	look(policy);
	if (policy->first && !submit(policy))
		return iou_policy_return(policy);
	how.each = true;
	return iou_policy_wait_for(policy, how);
}

IOU_POLICY(latency, step, "measures how long requests take, by opcode", "sqes cqes");
