// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Sleeps @nr times, @every long, and counts how long it was. */
#include <iouctl/loop.bpf.h>

IOU_PARAM_U32(nr, 3, 1, 1000, "ticks", "how many");
IOU_PARAM_DURATION(every, 20000000, 1000000, 10000000000, "how long each");

IOU_PROGRESS(ticks, nr, "ticks", "that went off");
IOU_HISTOGRAM(slept, "ns", "how long each was");
IOU_TEXT(word, 4, "what a terminal must not see, to the last byte");

IOU_TIMER(timer);

static __u64 started;

static __always_inline int arm(struct iou_ring *ring)
{
	struct io_uring_sqe *sqe;

	iou_batch_begin(ring);
	sqe = iou_batch_add(ring);
	if (!sqe)
		return IOU_FAIL(ring, 16, "the SQ is full");
	iou_prep_timer(ring, sqe, &timer, every);
	started = bpf_ktime_get_ns();
	if (iou_batch_submit(ring) != 1)
		return IOU_FAIL(ring, 5, "not taken");
	return iou_wait(ring, 1);
}

static __always_inline int step(struct iou_ring *ring)
{
	__u64 now = bpf_ktime_get_ns();

	if (iou_cq_ready(ring))
		return IOU_FAIL(ring, 5, "a timer posted a CQE");
	if (!started)
		return arm(ring);
	if (now - started < every)
		return iou_wait(ring, 1);
	iou_histogram_add(&slept, now - started);
	ticks++;
	word[0] = 'a';
	word[1] = 27;
	word[2] = 'b';
	word[3] = 'c';
	return ticks == nr ? iou_done(ring) : arm(ring);
}

IOU_LOOP(ticker, step, "sleeps", 4, 8);
