// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "session/session.h"
#include "session/watch.h"

/* enum iou_stop_reason of iouctl/loop.bpf.h: what a loop can say of its end. */
enum { REASON_NONE = 0, REASON_DONE = 1, REASON_FAILED = 2, REASON_INTERRUPTED = 3 };

/* Enter until the loop stops, or is not to be entered again. 0 or -errno of the last call. */
static int enter(const struct iou_session *session, struct iou_watch *watch, struct iou_run *run)
{
	int ret = -EINTR;

	while (!watch->abort && ret == -EINTR) {
		ret = iou_ring_enter(&session->ring);
		run->enter_calls++;
	}
	return ret;
}

/*
 * What the loop's stop record says. One that stops without a word is done, unless it was asked to
 * stop.
 */
static enum iou_stop loops_own_word(const struct iou_session *session,
				    const struct iou_watch *watch, struct iou_run *run)
{
	bool asked = watch->stop_requested && *watch->stop_requested;
	uint64_t reason = REASON_NONE, errnum = 0;

	iou_loop_var_get(session->loop, "iou_control.stop_reason", &reason);
	if (reason == REASON_INTERRUPTED || (reason == REASON_NONE && asked))
		return IOU_STOP_INTERRUPTED;
	if (reason != REASON_FAILED)
		return IOU_STOP_DONE;
	iou_loop_var_get(session->loop, "iou_control.stop_errno", &errnum);
	run->stop_errno = (int)errnum;
	iou_loop_var_text(session->loop, "iou_control.stop_text", run->stop_text,
			  sizeof(run->stop_text));
	return IOU_STOP_FAILED;
}

/* A loop that finished its job in spite of the request to stop is done. */
static enum iou_stop why_stopped(const struct iou_session *session, const struct iou_watch *watch,
				 struct iou_run *run, int ret)
{
	enum iou_stop stop = IOU_STOP_INTERRUPTED;

	if (ret == -EFAULT || ret == -EINVAL) {
		run->stop_errno = -ret;
		return ret == -EFAULT ? IOU_STOP_EJECTED : IOU_STOP_BAD_RETURN;
	}
	if (ret == 0)
		stop = loops_own_word(session, watch, run);
	if (stop == IOU_STOP_INTERRUPTED && watch->timed_out && !watch->signal)
		return IOU_STOP_TIMED_OUT;
	return stop;
}

static void count(const struct iou_session *session, const struct iou_watch *watch,
		  struct iou_run *run)
{
	bool rewind = session->ring.params.flags & IORING_SETUP_SQ_REWIND;
	bool counted = watch->in_flight;
	int64_t in_flight = counted ? *watch->in_flight : 0;

	run->has_steps = !iou_loop_var_get(session->loop, "iou_control.steps", &run->steps);
	iou_ring_snapshot(&session->ring, &run->ring);
	if (run->stop == IOU_STOP_TIMED_OUT && watch->asleep) {
		run->ring = watch->ring_asleep;
		in_flight = watch->in_flight_asleep;
	}
	/* The loop's count has those in it whose CQE it did not look at. All CQ indices are 32
	 * bits. */
	if (counted)
		run->in_flight = in_flight - (uint32_t)(run->ring.cq_tail - run->ring.cq_head);
	else
		run->in_flight = (int32_t)(run->ring.sq_head - run->ring.cq_tail);
	/* With SQ_REWIND the SQ head stays 0. */
	run->has_in_flight = counted || !rewind;
}

int iou_session_run(struct iou_session *session, const struct iou_run_config *config,
		    struct iou_run *run, struct iou_err *err)
{
	struct iou_watch watch = {
		.config = config,
		.ring = &session->ring,
		.stop_requested = iou_loop_var_shared(session->loop, "iou_control.stop_requested",
						      sizeof(*watch.stop_requested)),
		.steps = iou_loop_var_shared(session->loop, "iou_control.steps",
					     sizeof(*watch.steps)),
		.in_flight = iou_loop_var_shared(session->loop, "iou_control.in_flight",
						 sizeof(*watch.in_flight)),
		.holds_sigpipe = !session->resources.writes_stdout,
	};
	struct iou_run result = {};
	int ret = iou_watch_start(&watch);

	if (ret)
		return iou_err_set(err, IOU_CAUSE_FAILED, "run", -ret, "cannot start a thread");
	result.cpu_ns = iou_clock_ns(CLOCK_PROCESS_CPUTIME_ID);
	result.start_ns = iou_clock_now();
	ret = enter(session, &watch, &result);
	result.elapsed_ns = iou_clock_now() - result.start_ns;
	result.cpu_ns = iou_clock_ns(CLOCK_PROCESS_CPUTIME_ID) - result.cpu_ns;
	iou_watch_stop(&watch);
	iou_session_let_go(session);

	if (ret && ret != -EINTR && ret != -EFAULT && ret != -EINVAL) {
		iou_err_set(err, IOU_CAUSE_FAILED, "run", -ret, "cannot enter the ring of '%s'",
			    iou_loop_name(session->loop));
		if (ret == -EEXIST)
			iou_err_hint(err, "only the task that made the ring may enter it");
		return ret;
	}
	result.stop = why_stopped(session, &watch, &result, ret);
	result.signal = watch.signal;
	count(session, &watch, &result);
	*run = result;
	return 0;
}
