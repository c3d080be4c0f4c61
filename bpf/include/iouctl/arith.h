/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Arithmetic that a loop and the tool must agree on, apart from both so that it can be tested
 * without a kernel. Included by <iouctl/loop.bpf.h>.
 */
#pragma once

#include <linux/types.h>

/*
 * Indices of rings count on for ever, modulo 2^32. How many entries are between @head and @tail,
 * the tail being ahead by no more than the ring's size.
 */
static inline __u32 iou_index_ready(__u32 head, __u32 tail)
{
	return tail - head;
}

/* The index to wait for: @nr entries from @head on, but no more than the ring can hold. */
static inline __u32 iou_index_wait(__u32 head, __u32 nr, __u32 entries)
{
	return head + (nr < entries ? nr : entries);
}

/* Whether the kernel would sleep: io_loop_nr_cqes() of io_uring/loop.c. */
static inline int iou_index_sleeps(__u32 wait_idx, __u32 tail)
{
	return (__s32)(wait_idx - tail) > 0;
}

/*
 * Times when a call's wait is over are CLOCK_MONOTONIC in nanoseconds, 0 for never; 1 is over in
 * any case. A time that the kernel's ktime_t cannot have is never, and so is one from before the
 * clock began: the kernel's timers take a negative one for one that overflowed (ktime_add_safe()).
 */
#define IOU_TIME_NEVER 0ULL
#define IOU_TIME_MAX 0x7fffffffffffffffLL

/* @sec and @nsec as nanoseconds, and not more or less than fit. */
static inline __s64 iou_time_ns(__s64 sec, __s64 nsec)
{
	__s64 ns;

	/* A second less, and @nsec may be what overflows. */
	if (sec >= IOU_TIME_MAX / 1000000000)
		return IOU_TIME_MAX;
	if (sec <= -(IOU_TIME_MAX / 1000000000))
		return -IOU_TIME_MAX;
	ns = sec * 1000000000;
	if (nsec > 0 && ns > IOU_TIME_MAX - nsec)
		return IOU_TIME_MAX;
	if (nsec < 0 && ns < -IOU_TIME_MAX - nsec)
		return -IOU_TIME_MAX;
	return ns + nsec;
}

/* When @ns after @from is. @from is a time of the clock, and not negative. */
static inline __u64 iou_time_after(__u64 from, __s64 ns)
{
	if (ns >= IOU_TIME_MAX - (__s64)from || ns < -(__s64)from)
		return IOU_TIME_NEVER;
	ns += (__s64)from;
	return ns ? (__u64)ns : 1;
}

/* When a clock that is @ahead of CLOCK_MONOTONIC (or behind: negative) shows @ns. */
static inline __u64 iou_time_at(__s64 ns, __s64 ahead)
{
	if (ns == IOU_TIME_MAX || ns < 0)
		return IOU_TIME_NEVER;
	if (ahead >= 0)
		return ns > ahead ? (__u64)(ns - ahead) : 1;
	return iou_time_after(-(__u64)ahead, ns);
}

/*
 * When a wait is over at last that has a timeout, at @timeout, and a time before which fewer CQEs
 * than it wants are too few: @min_wait, 0 for none. Then this time is waited for in any case, and
 * without a timeout for no longer: io_cqring_min_timer_wakeup() of io_uring/wait.c.
 */
static inline __u64 iou_time_over(__u64 timeout, __u64 min_wait)
{
	return timeout > min_wait ? timeout : min_wait;
}

/*
 * Histograms are log-linear: the values below 16 have a bucket each, and each octave (2^n to
 * 2^(n+1) - 1) above has 16 of the same width, so that a bucket is at most 1/16 of its values
 * wide.
 */
#define IOU_HISTOGRAM_STEPS 16
#define IOU_HISTOGRAM_BUCKETS (16 + 60 * IOU_HISTOGRAM_STEPS)

static inline __u32 iou_histogram_bucket(__u64 value)
{
	__u32 shift = 0;
	__u64 rest = value;

	/* Halve until 5 bits are left, the first of which is set: 1xxxx. */
	if (rest >> 37) {
		rest >>= 32;
		shift += 32;
	}
	if (rest >> 21) {
		rest >>= 16;
		shift += 16;
	}
	if (rest >> 13) {
		rest >>= 8;
		shift += 8;
	}
	if (rest >> 9) {
		rest >>= 4;
		shift += 4;
	}
	if (rest >> 7) {
		rest >>= 2;
		shift += 2;
	}
	if (rest >> 6) {
		rest >>= 1;
		shift += 1;
	}
	if (rest >> 5) {
		rest >>= 1;
		shift += 1;
	}
	return shift * IOU_HISTOGRAM_STEPS + (__u32)rest;
}

/* The least value that falls into @bucket. */
static inline __u64 iou_histogram_from(__u32 bucket)
{
	__u32 shift = bucket < 32 ? 0 : bucket / IOU_HISTOGRAM_STEPS - 1;

	return (__u64)(bucket - shift * IOU_HISTOGRAM_STEPS) << shift;
}

/* The greatest value that falls into @bucket. */
static inline __u64 iou_histogram_to(__u32 bucket)
{
	__u32 shift = bucket < 32 ? 0 : bucket / IOU_HISTOGRAM_STEPS - 1;

	return iou_histogram_from(bucket) + ((1ULL << shift) - 1);
}
