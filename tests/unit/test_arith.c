// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What loops and the tool must agree on: ring indices, times, histogram buckets. */
#include "test.h"

#include <iouctl/arith.h>

/* Heads from which on an index passes 2^31 or 2^32. */
static const uint32_t heads[] = {
	0, 1, 7, 0x7ffffff8, 0x7fffffff, 0x80000000, 0x80000001, 0xfffffff0, 0xfffffffe, 0xffffffff,
};

static void indices(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		uint32_t head = heads[i];

		for (uint32_t ready = 0; ready <= 64; ready++) {
			uint32_t tail = head + ready;

			assert_int_equal(iou_index_ready(head, tail), ready);
			for (uint32_t nr = 0; nr <= 80; nr++) {
				uint32_t until = iou_index_wait(head, nr, 64);

				assert_int_equal(iou_index_sleeps(until, tail),
						 ready < (nr < 64 ? nr : 64));
			}
		}
	}
	/* What an index that is never set does, once 2^31 CQEs have come. */
	assert_int_equal(iou_index_sleeps(0, 0x7fffffff), 0);
	assert_int_equal(iou_index_sleeps(0, 0x80000001), 1);
}

static void buckets(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < IOU_HISTOGRAM_BUCKETS; i++) {
		uint64_t from = iou_histogram_from(i), to = iou_histogram_to(i);

		assert_int_equal(iou_histogram_bucket(from), i);
		assert_int_equal(iou_histogram_bucket(to), i);
		assert_int_equal(iou_histogram_bucket(from + (to - from) / 2), i);
		assert_true(to - from <= from / 16);
		if (i)
			assert_true(iou_histogram_to(i - 1) + 1 == from);
	}
	assert_true(iou_histogram_from(0) == 0);
	assert_true(iou_histogram_to(IOU_HISTOGRAM_BUCKETS - 1) == UINT64_MAX);
	/* 16 to an octave. */
	assert_int_equal(iou_histogram_bucket(2048) - iou_histogram_bucket(1024), 16);
}

static void times(void **state)
{
	const int64_t most = INT64_MAX / 1000000000;

	(void)state;
	assert_true(iou_time_ns(0, 0) == 0);
	assert_true(iou_time_ns(3, 7) == 3000000007);
	assert_true(iou_time_ns(-3, 7) == -2999999993);
	assert_true(iou_time_ns(2, -1) == 1999999999);
	assert_true(iou_time_ns(most - 1, 999999999) == (most - 1) * 1000000000 + 999999999);
	assert_true(iou_time_ns(most, 0) == INT64_MAX);
	assert_true(iou_time_ns(INT64_MAX, INT64_MAX) == INT64_MAX);
	assert_true(iou_time_ns(INT64_MIN, INT64_MIN) == -INT64_MAX);
	assert_true(iou_time_ns(most - 1, INT64_MAX) == INT64_MAX);
	assert_true(iou_time_ns(0, INT64_MAX) == INT64_MAX);
	assert_true(iou_time_ns(1 - most, INT64_MIN) == -INT64_MAX);
	assert_true(iou_time_ns(0, INT64_MIN) == -INT64_MAX);

	assert_true(iou_time_after(1000, 0) == 1000);
	assert_true(iou_time_after(1000, 5) == 1005);
	assert_true(iou_time_after(1000, -5) == 995);
	/* Over already, which is not never. */
	assert_true(iou_time_after(1000, -1000) == 1);
	assert_true(iou_time_after(0, 0) == 1);
	assert_true(iou_time_after(1000, -1001) == IOU_TIME_NEVER);
	assert_true(iou_time_after(1000, -INT64_MAX) == IOU_TIME_NEVER);
	assert_true(iou_time_after(1000, INT64_MAX) == IOU_TIME_NEVER);
	assert_true(iou_time_after(1000, INT64_MAX - 1000) == IOU_TIME_NEVER);
	assert_true(iou_time_after(1000, INT64_MAX - 1001) == INT64_MAX - 1);
	assert_true(iou_time_after(0, INT64_MAX) == IOU_TIME_NEVER);

	assert_true(iou_time_at(1000, 0) == 1000);
	assert_true(iou_time_at(0, 0) == 1);
	assert_true(iou_time_at(-1, 0) == IOU_TIME_NEVER);
	assert_true(iou_time_at(-INT64_MAX, 0) == IOU_TIME_NEVER);
	assert_true(iou_time_at(-INT64_MAX, INT64_MAX) == IOU_TIME_NEVER);
	assert_true(iou_time_at(-INT64_MAX, -INT64_MAX) == IOU_TIME_NEVER);
	assert_true(iou_time_at(1000, 400) == 600);
	assert_true(iou_time_at(1000, 1000) == 1);
	assert_true(iou_time_at(1000, 1001) == 1);
	assert_true(iou_time_at(1000, -400) == 1400);
	assert_true(iou_time_at(0, -400) == 400);
	assert_true(iou_time_at(INT64_MAX, 0) == IOU_TIME_NEVER);
	assert_true(iou_time_at(INT64_MAX, 5) == IOU_TIME_NEVER);
	assert_true(iou_time_at(INT64_MAX - 1, -INT64_MAX) == IOU_TIME_NEVER);

	assert_true(iou_time_over(IOU_TIME_NEVER, 0) == IOU_TIME_NEVER);
	assert_true(iou_time_over(500, 0) == 500);
	assert_true(iou_time_over(IOU_TIME_NEVER, 300) == 300);
	assert_true(iou_time_over(500, 300) == 500);
	assert_true(iou_time_over(200, 300) == 300);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(indices),
		cmocka_unit_test(times),
		cmocka_unit_test(buckets),
	};

	return cmocka_run_group_tests_name("arith", tests, NULL, NULL);
}
