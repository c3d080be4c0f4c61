/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * For policies that keep requests back. What the program submits and may not go yet stays in its
 * SQ, where the SQ's head shows it, and goes in this call or a later one, in order. Which requests
 * are under way is told by user_data: one is added when it is submitted, and ends with the CQE of
 * its user_data that has no IORING_CQE_F_MORE.
 *
 * A unit is a request, or a chain (IOSQE_IO_LINK, IOSQE_IO_HARDLINK): it goes in one submission.
 * The policy defines the functions that are declared below, and which units may go when.
 */
#pragma once

#include <iouctl/policy.bpf.h>

/* IORING_MAX_ENTRIES of io_uring/io_uring.h. */
#define SQ_MAX 32768
/* Requests under way with a user_data each; more than a program is likely to have. */
#define INFLIGHT_MAX 65536

enum admit {
	ADMIT_NOT,
	ADMIT,
	ADMIT_LAST, /* and nothing behind it in the same submission */
};

/* The unit that is looked at, or that goes. Not static: clang may make that smaller than its type.
 */
struct {
	__u32 nr;           /* SQEs */
	__u32 counted;      /* those that are to be counted as under way */
	bool skips;         /* one of its chain so far has IOSQE_CQE_SKIP_SUCCESS */
	bool drains;        /* one has IOSQE_IO_DRAIN */
	bool drains_inside; /* one that is not its first */
} unit;

/*
 * What a policy defines. Those that are not static are looked at once by the verifier, and not in
 * each place where they are called: it would give up.
 */

/* One more SQE of the unit. */
int unit_add(const struct io_uring_sqe *sqe);

/* enum admit: whether the unit may be submitted behind @before SQEs. */
int unit_admit(__u32 before);

/* @sqe is about to be submitted; and was not, since one before it was not valid. */
int sqe_goes(struct io_uring_sqe *sqe);
int sqe_stays(struct io_uring_sqe *sqe);

/* The @nr SQEs from the index @head on are about to be submitted; and were, or as many as were
 * valid. */
static __always_inline void batch_goes(struct iou_policy *policy, __u32 head, __u32 nr);
static __always_inline void batch_went(struct iou_policy *policy, __u32 head, __u32 nr);

/* The last CQE of a request. */
int ended(const struct io_uring_cqe *cqe);

/* What was under way is no longer known: nothing is counted. */
static __always_inline void lost(void);

/* How many completions it takes at least until one more unit may go. */
static __always_inline __u32 wait_for(void);

IOU_GAUGE(in_flight, "requests", "counted as under way: submitted, and not completed");
IOU_GAUGE(held, "requests", "that the program submitted, and that wait in its SQ");
IOU_GAUGE(held_max, "requests", "that waited in its SQ when a call returned, at most");

/*
 * ---- Requests under way -------------------------------------------------------------------
 */

struct inflight {
	__u32 nr;
	__u32 epoch; /* those of an earlier one are lost */
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, INFLIGHT_MAX);
	__type(key, __u64);
	__type(value, struct inflight);
} inflight SEC(".maps");

static __u32 inflight_epoch;

/* How many of this user_data are under way. */
__noinline int inflight_nr(__u64 user_data)
{
	struct inflight *known = bpf_map_lookup_elem(&inflight, &user_data);

	return known && known->epoch == inflight_epoch ? known->nr : 0;
}

/* False: there is no room. */
__noinline int inflight_add(__u64 user_data)
{
	struct inflight *known = bpf_map_lookup_elem(&inflight, &user_data);
	struct inflight first = {.nr = 1, .epoch = inflight_epoch};

	if (known && known->epoch == inflight_epoch)
		known->nr++;
	else if (bpf_map_update_elem(&inflight, &user_data, &first, BPF_ANY))
		return false;
	in_flight++;
	return true;
}

/* Whether one of this user_data was under way; it is not any more. */
__noinline int inflight_end(__u64 user_data)
{
	struct inflight *known = bpf_map_lookup_elem(&inflight, &user_data);
	bool is = known && known->epoch == inflight_epoch;

	if (is) {
		known->nr--;
		in_flight--;
	}
	if (known && (!is || !known->nr))
		bpf_map_delete_elem(&inflight, &user_data);
	return is;
}

static __always_inline void inflight_lose(void)
{
	inflight_epoch++;
	in_flight = 0;
	lost();
}

static __u32 cq_seen; /* CQEs before this index were looked at */
static bool cq_begun;

/* Look at what completed since. Between two steps, and while SQEs are submitted. */
static __always_inline void inflight_look(struct iou_policy *policy)
{
	__u32 tail = iou_policy_load(policy, iou_geometry.cq_tail_off);

	/* CQEs may be posted and consumed between two calls, when the program registers something.
	 */
	if (cq_begun && tail - cq_seen > iou_geometry.cq_entries)
		cq_begun = false;
	if (!cq_begun) {
		inflight_lose();
		cq_seen = tail;
		cq_begun = true;
	}
	iou_forever {
		const struct io_uring_cqe *cqe;

		if (cq_seen == tail)
			break;
		cqe = iou_policy_cqe(policy, cq_seen);
		if (!(cqe->flags & IORING_CQE_F_MORE))
			ended(cqe);
		cq_seen++;
	}
}

/*
 * ---- What waits in the SQ -----------------------------------------------------------------
 */

static bool leaving; /* all that is held has to go */
static __u32 wanted; /* from the SQ's head on: those that the program submitted */

/* The last one of a call. A chain ends there, whatever its flags say. By the SQ's index. */
static __u8 cuts[SQ_MAX];

#define IOSQE_CHAIN (IOSQE_IO_LINK | IOSQE_IO_HARDLINK)

static __always_inline __u32 sq_head(const struct iou_policy *policy)
{
	return iou_policy_load(policy, iou_geometry.sq_head_off);
}

/* The SQE with index @idx, which is behind the SQ's head, or was until just now. */
static __always_inline struct io_uring_sqe *sqe_at(const struct iou_policy *policy, __u32 idx)
{
	return iou_policy_sqe(policy, idx - sq_head(policy));
}

/*
 * A call begins: what it submits is wanted, too. A program that looks at the SQ's head submits what
 * is held again, one that does not believes that it is gone; so a call's number is that of what is
 * new, but no more than is there.
 */
static __always_inline void hold_begin(struct iou_policy *policy)
{
	__u32 nr = policy->call->to_submit, queued = iou_policy_queued(policy, -1);
	__u32 head = sq_head(policy), to;

	if (wanted > queued)
		wanted = queued;
	/* One that submits more than there is does not wait. */
	if (nr > queued && queued)
		policy->call->flags &= ~IORING_ENTER_GETEVENTS;
	to = nr < queued - wanted ? wanted + nr : queued;
	if (!nr || to == wanted)
		return;
	iou_forever {
		if (wanted == to)
			break;
		cuts[(head + wanted) % SQ_MAX] = 0;
		wanted++;
	}
	cuts[(head + to - 1) % SQ_MAX] = 1;
}

/* ---- Submitting ---- */

static __always_inline void unit_begin(void)
{
	unit.nr = unit.counted = 0;
	unit.skips = unit.drains = unit.drains_inside = false;
}

/* How many SQEs may go now. */
static __always_inline __u32 hold_pick(struct iou_policy *policy)
{
	__u32 head = sq_head(policy), at = 0, nr = 0;

	unit_begin();
	iou_forever {
		const struct io_uring_sqe *sqe;
		int admit;
		bool cut;

		if (at >= wanted)
			break;
		sqe = sqe_at(policy, head + at);
		cut = cuts[(head + at) % SQ_MAX] || !sqe;
		at++;
		iou_forget(at);
		if (sqe) {
			unit_add(sqe);
			if (sqe->flags & IOSQE_CHAIN && !cut)
				continue;
			/* Where a call ends matters only to a chain. */
			cut = cut && sqe->flags & IOSQE_CHAIN;
		}
		admit = unit_admit(nr);
		if (admit == ADMIT_NOT)
			break;
		nr = at;
		/* What the kernel drops ends a submission. */
		if (cut || admit == ADMIT_LAST)
			break;
		unit_begin();
	}
	return nr;
}

/* What was not taken, from SQE @idx on, is not wanted any more: the program has to submit it again,
 * as it has to without a loop. */
static __always_inline void hold_drop(struct iou_policy *policy, __u32 idx, __u32 end)
{
	unit_begin();
	iou_forever {
		struct io_uring_sqe *sqe;

		if ((__s32)(end - idx) <= 0)
			break;
		sqe = sqe_at(policy, idx);
		if (sqe)
			sqe_stays(sqe);
		idx++;
		iou_forget(idx);
	}
	wanted = 0;
}

/* False: one was not valid, which ends the call, as it does without a loop. */
static __always_inline bool hold_submit(struct iou_policy *policy, __u32 nr)
{
	__u32 head = sq_head(policy), at = 0;
	int ret;

	unit_begin();
	iou_forever {
		struct io_uring_sqe *sqe;

		if (at >= nr)
			break;
		sqe = sqe_at(policy, head + at);
		if (sqe)
			sqe_goes(sqe);
		at++;
		iou_forget(at);
	}
	batch_goes(policy, head, nr);
	ret = bpf_io_uring_submit_sqes(policy->ctx, nr);
	if (ret > 0)
		submitted += ret;
	if (ret == (int)nr)
		wanted -= nr;
	else
		hold_drop(policy, head + (ret > 0 ? ret : 0), head + nr);
	batch_went(policy, head, nr);
	return ret == (int)nr;
}

/*
 * ---- Waiting ------------------------------------------------------------------------------
 */

/* What is held is told to the tool, which does not take the loop off as long as there is some. */
static __always_inline int hold_tell(int verdict)
{
	iou_store(&iou_call.held, wanted);
	held = wanted;
	if (verdict == IOU_LOOP_STOP && held > held_max)
		held_max = held;
	return verdict;
}

/*
 * As iou_policy_wait(), but as long as some are held there is a step when @nr more CQEs are there.
 * A call that does not wait goes on as long as that brings something (@went): the kernel posts what
 * has completed only between two steps.
 */
static __always_inline int hold_wait(struct iou_policy *policy, __u32 nr, bool went)
{
	__u32 idx = cq_seen + nr, cq_head = iou_policy_load(policy, iou_geometry.cq_head_off);
	int verdict;

	if (wanted && !(policy->call->flags & IORING_ENTER_GETEVENTS) && !policy->leave)
		verdict = policy->first || went ? iou_policy_sleep(policy, cq_head)
						: iou_policy_return(policy);
	else
		verdict = iou_policy_wait(policy);
	if (wanted && verdict == IOU_LOOP_CONTINUE &&
	    (__s32)(policy->params->cq_wait_idx - idx) > 0)
		iou_policy_sleep(policy, idx);
	return hold_tell(verdict);
}

/* On a ring that was resized: what is held goes, and the kernel does the rest. */
static __always_inline int hold_blind(struct iou_policy *policy)
{
	__u32 left;

	if (cq_begun)
		inflight_lose();
	cq_begun = false;
	if (policy->first && wanted) {
		iou_policy_submit(policy, wanted);
		left = iou_policy_load(policy, iou_geometry.sq_tail_off) - sq_head(policy);
		if (policy->call->to_submit > left)
			policy->call->to_submit = left;
	}
	wanted = 0;
	return hold_tell(iou_policy_pass(policy));
}

/* Submit what may go, and wait. */
static __always_inline int hold_step(struct iou_policy *policy)
{
	__u32 rounds = iou_control.step_budget;
	bool went = false, valid = true;

	if (!policy->sqes)
		return hold_blind(policy);
	leaving = policy->leave;
	inflight_look(policy);
	if (policy->first)
		hold_begin(policy);
	iou_forever {
		__u32 nr;

		if (!rounds || !wanted)
			break;
		nr = hold_pick(policy);
		if (!nr)
			break;
		went = true;
		valid = hold_submit(policy, nr);
		if (!valid)
			break;
		inflight_look(policy);
		rounds--;
		iou_forget(rounds);
	}
	if (!valid)
		return hold_tell(iou_policy_return(policy));
	return hold_wait(policy, rounds ? wait_for() : 0, went);
}
