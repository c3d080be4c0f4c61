// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * depth-limit: a program has at most so many requests under way, and others wait in its SQ.
 *
 * Counted is what has one last CQE, and has it soon: not what may have none
 * (IOSQE_CQE_SKIP_SUCCESS), what lives for long by itself (multishot), nor what ends others, which
 * might wait for it for ever.
 */
#include "inflight.bpf.h"

IOU_PARAM_U32(depth, 32, 1, 32768, "requests", "how many may be under way at a time");

IOU_GAUGE(in_flight_max, "requests", "counted as under way at a time, at most");
IOU_COUNTER(multishot, "requests", "not counted: multishot");
IOU_COUNTER(skipping, "requests", "not counted: IOSQE_CQE_SKIP_SUCCESS, or in a chain behind it");
IOU_COUNTER(cancelling, "requests", "not counted: they cancel or change others");
IOU_COUNTER(untracked, "requests", "not counted any more, or not remembered");
IOU_COUNTER(longer, "chains", "with more requests than may be under way: each went alone");
IOU_COUNTER(unmatched, "completions", "of requests that are not counted");
IOU_COUNTER(let_go, "requests", "that were held when the loop was taken off: all went at once");

/* include/uapi/linux/io_uring.h; what Linux 6.1's copy of it lacks. */
#define OP_READ_MULTISHOT 49
#define OP_RECV_ZC 58
#define TIMEOUT_MULTISHOT (1U << 6)
#define URING_CMD_MULTISHOT (1U << 1)

static __always_inline bool is_multishot(const struct io_uring_sqe *sqe)
{
	switch (sqe->opcode) {
	case OP_READ_MULTISHOT:
	case OP_RECV_ZC:
		return true;
	case IORING_OP_ACCEPT:
		return sqe->ioprio & IORING_ACCEPT_MULTISHOT;
	case IORING_OP_RECV:
	case IORING_OP_RECVMSG:
		return sqe->ioprio & IORING_RECV_MULTISHOT;
	case IORING_OP_POLL_ADD:
		return sqe->len & IORING_POLL_ADD_MULTI;
	case IORING_OP_TIMEOUT:
		return sqe->timeout_flags & TIMEOUT_MULTISHOT;
	case IORING_OP_URING_CMD:
		return sqe->rw_flags & URING_CMD_MULTISHOT;
	default:
		return false;
	}
}

static __always_inline bool cancels(const struct io_uring_sqe *sqe)
{
	return sqe->opcode == IORING_OP_ASYNC_CANCEL || sqe->opcode == IORING_OP_POLL_REMOVE ||
	       sqe->opcode == IORING_OP_TIMEOUT_REMOVE;
}

/* What becomes of a request. */
enum kind { COUNTED, SKIPPING, MULTISHOT, CANCELLING };

/* When a request with IOSQE_CQE_SKIP_SUCCESS fails, those behind it in its chain have no CQE. */
__noinline int sqe_kind(const struct io_uring_sqe *sqe)
{
	bool skips;

	if (!sqe)
		return COUNTED;
	skips = unit.skips || sqe->flags & IOSQE_CQE_SKIP_SUCCESS;
	unit.skips = skips && sqe->flags & IOSQE_CHAIN;
	if (skips)
		return SKIPPING;
	if (is_multishot(sqe))
		return MULTISHOT;
	return cancels(sqe) ? CANCELLING : COUNTED;
}

__noinline int unit_add(const struct io_uring_sqe *sqe)
{
	if (sqe_kind(sqe) == COUNTED)
		unit.counted++;
	return 0;
}

static __u64 going; /* requests that are counted, in the submission that is made up */

__noinline int unit_admit(__u32 before)
{
	if (!before)
		going = 0;
	if (unit.counted && !leaving && in_flight + going + unit.counted > depth) {
		if (in_flight + going || unit.counted <= depth)
			return ADMIT_NOT;
		longer++;
	}
	going += unit.counted;
	return ADMIT;
}

__noinline int sqe_goes(struct io_uring_sqe *sqe)
{
	int kind = sqe_kind(sqe);

	if (!sqe)
		return 0;
	skipping += kind == SKIPPING;
	multishot += kind == MULTISHOT;
	cancelling += kind == CANCELLING;
	if (kind == COUNTED)
		untracked += !inflight_add(sqe->user_data);
	/* What it was would not be recognised when it ends. */
	if (sqe->opcode == IORING_OP_POLL_REMOVE && sqe->len & IORING_POLL_UPDATE_USER_DATA)
		untracked += inflight_end(sqe->addr);
	return 0;
}

__noinline int sqe_stays(struct io_uring_sqe *sqe)
{
	if (sqe && sqe_kind(sqe) == COUNTED)
		inflight_end(sqe->user_data);
	return 0;
}

static __always_inline void batch_goes(struct iou_policy *policy, __u32 head, __u32 nr)
{
}

static __always_inline void batch_went(struct iou_policy *policy, __u32 head, __u32 nr)
{
	if (leaving)
		let_go += nr;
	else if (in_flight > in_flight_max)
		in_flight_max = in_flight;
}

__noinline int ended(const struct io_uring_cqe *cqe)
{
	if (cqe)
		unmatched += !inflight_end(cqe->user_data);
	return 0;
}

static __always_inline void lost(void)
{
}

static __always_inline __u32 wait_for(void)
{
	return 1;
}

IOU_POLICY(depth_limit, hold_step, "limits how many requests a program has under way",
	   "sqes cqes heads");
