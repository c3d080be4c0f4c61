// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * drain: IOSQE_IO_DRAIN is done here. A request with it waits in the program's SQ until all that
 * was submitted is complete, and goes without the flag, which it has back when it is submitted;
 * what is behind it waits until it is complete. None of them goes the kernel's way for drained
 * requests, by its worker threads.
 *
 * That needs to know of all that is under way. The kernel knows: as long as there may be something
 * that is not known here, drains are left to it, and when one of them was done, nothing from before
 * it is under way.
 */
#include "inflight.bpf.h"

IOU_COUNTER(drained, "units", "requests or chains, drained by the loop");
IOU_COUNTER(left, "units", "requests or chains, whose drain was left to the kernel");
IOU_COUNTER(unknown, "times", "that the loop lost sight of what is under way, or had not seen it");
IOU_COUNTER(unmatched, "completions", "of requests that the loop did not see submitted");

static bool known; /* all that is under way is counted */

/* A drain that the kernel does, by which it will be known. */
static bool asked;
static __u64 asked_user_data;

static bool draining;    /* what is under way is a drain of ours: nothing else goes */
static bool next_drains; /* behind a chain whose middle drains, the next unit does, too */

/* How the batch goes that is made up. */
enum how { AS_IT_IS, WITHOUT_FLAG, WITH_FLAG };

static int how;
static bool drains_next; /* the unit that goes without its flag has it in the middle */

static __always_inline void lost(void)
{
	known = asked = next_drains = false;
	unknown++;
}

__noinline int unit_add(const struct io_uring_sqe *sqe)
{
	if (!sqe)
		return 0;
	unit.drains |= !!(sqe->flags & IOSQE_IO_DRAIN);
	unit.drains_inside |= unit.nr && sqe->flags & IOSQE_IO_DRAIN;
	unit.skips |= !!(sqe->flags & IOSQE_CQE_SKIP_SUCCESS);
	unit.nr++;
	return 0;
}

/* The kernel does what is to be done. Only what is behind a drain of ours it cannot know. */
static __always_inline int admit_unknown(__u32 before)
{
	bool behind = draining && !before;

	draining = false;
	how = behind && !unit.drains && !unit.skips ? WITH_FLAG : AS_IT_IS;
	if (!unit.drains)
		return how == WITH_FLAG ? ADMIT_LAST : ADMIT;
	if (before)
		return ADMIT_NOT;
	left++;
	return ADMIT_LAST;
}

__noinline int unit_admit(__u32 before)
{
	if (!in_flight && known)
		draining = false;
	/* It may have no completion; and from now on the kernel refuses to drain. */
	if (known && (leaving || unit.skips) && !(draining && !leaving)) {
		if (before)
			return ADMIT_NOT;
		inflight_lose();
	}
	if (!known)
		return admit_unknown(before);
	if (draining)
		return ADMIT_NOT;
	how = AS_IT_IS;
	if (!unit.drains && !next_drains)
		return ADMIT;
	if (before || in_flight)
		return ADMIT_NOT;
	how = WITHOUT_FLAG;
	drains_next = unit.drains_inside;
	return ADMIT_LAST;
}

__noinline int sqe_goes(struct io_uring_sqe *sqe)
{
	if (!sqe)
		return 0;
	/* With a user_data that others have, too, it would not be told from them. */
	if (asked && sqe->user_data == asked_user_data) {
		asked = false;
	} else if (!known && !asked && sqe->flags & IOSQE_IO_DRAIN) {
		asked_user_data = sqe->user_data;
		asked = !inflight_nr(asked_user_data);
	}
	if (!(sqe->flags & IOSQE_CQE_SKIP_SUCCESS) && !inflight_add(sqe->user_data))
		inflight_lose();
	/* What it was would not be recognised when it ends. */
	if (sqe->opcode == IORING_OP_POLL_REMOVE && sqe->len & IORING_POLL_UPDATE_USER_DATA)
		inflight_lose();
	return 0;
}

__noinline int sqe_stays(struct io_uring_sqe *sqe)
{
	if (!sqe || sqe->flags & IOSQE_CQE_SKIP_SUCCESS)
		return 0;
	inflight_end(sqe->user_data);
	if (sqe->user_data == asked_user_data)
		asked = false;
	return 0;
}

static __u8 turned[SQ_MAX]; /* SQEs whose flag was changed, by the SQ's index */

static __always_inline void batch_goes(struct iou_policy *policy, __u32 head, __u32 nr)
{
	__u32 at = 0;

	if (how == WITH_FLAG)
		nr = 1;
	iou_forever {
		struct io_uring_sqe *sqe;
		__u8 flag;

		if (how == AS_IT_IS || at >= nr)
			break;
		sqe = sqe_at(policy, head + at);
		flag = how == WITH_FLAG ? 0 : IOSQE_IO_DRAIN;
		if (sqe && (sqe->flags & IOSQE_IO_DRAIN) == flag) {
			sqe->flags ^= IOSQE_IO_DRAIN;
			turned[(head + at) % SQ_MAX] = 1;
		}
		at++;
		iou_forget(at);
	}
}

/* The SQEs are the program's, which may submit them again as they are. */
static __always_inline void batch_went(struct iou_policy *policy, __u32 head, __u32 nr)
{
	__u32 at = 0;

	iou_forever {
		__u8 *was = &turned[(head + at) % SQ_MAX];
		struct io_uring_sqe *sqe;

		if (how == AS_IT_IS || at >= nr)
			break;
		sqe = sqe_at(policy, head + at);
		if (sqe && *was)
			sqe->flags ^= IOSQE_IO_DRAIN;
		*was = 0;
		at++;
		iou_forget(at);
	}
	if (how != WITHOUT_FLAG)
		return;
	drained++;
	draining = true;
	next_drains = drains_next;
}

__noinline int ended(const struct io_uring_cqe *cqe)
{
	if (!cqe)
		return 0;
	if (!inflight_end(cqe->user_data)) {
		unmatched++;
		return 0;
	}
	if (!asked || cqe->user_data != asked_user_data)
		return 0;
	asked = false;
	/* One that failed may not have waited for anything. */
	known = cqe->res >= 0;
	return 0;
}

static __always_inline __u32 wait_for(void)
{
	return in_flight;
}

IOU_POLICY(drain, hold_step, "does what IOSQE_IO_DRAIN asks for", "sqes cqes heads");
