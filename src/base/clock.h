/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once

#include <stdint.h>
#include <time.h>

static inline uint64_t iou_clock_ns(clockid_t clock)
{
	struct timespec ts = {};

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * 1000000000ULL + (uint64_t)ts.tv_nsec;
}

/* CLOCK_MONOTONIC, which is bpf_ktime_get_ns(), in nanoseconds. */
static inline uint64_t iou_clock_now(void)
{
	return iou_clock_ns(CLOCK_MONOTONIC);
}

/* The same in milliseconds, as poll(2) has its timeouts. */
static inline int64_t iou_clock_ms(void)
{
	return (int64_t)(iou_clock_now() / 1000000);
}

static inline uint64_t iou_clock_real(void)
{
	return iou_clock_ns(CLOCK_REALTIME);
}
