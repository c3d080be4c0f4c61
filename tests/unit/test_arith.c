// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What loops and the tool must agree on: ring indices, histogram buckets. */
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(indices),
		cmocka_unit_test(buckets),
	};

	return cmocka_run_group_tests_name("arith", tests, NULL, NULL);
}
