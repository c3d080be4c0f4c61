// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Real rings of whatever kernel this is (5.1 has them): no loop is needed here. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "test.h"

#include "ring/ring.h"

static void sizes(void **state)
{
	struct iou_ring ring = IOU_RING_INIT;
	struct iou_ring_config config = {.sq_entries = 5, .cq_entries = 100};
	struct iou_ring_snapshot snapshot;
	struct iou_err err = {};
	const uint32_t *array;
	int fd;

	(void)state;
	assert_int_equal(iou_ring_init(&ring, &config, &err), 0);
	assert_int_equal(ring.params.sq_entries, 8);
	assert_int_equal(ring.params.cq_entries, 128);
	array = (const uint32_t *)((char *)ring.rings + ring.params.sq_off.array);
	for (uint32_t i = 0; i < 8; i++)
		assert_int_equal(array[i], i);
	iou_ring_snapshot(&ring, &snapshot);
	assert_int_equal(snapshot.sq_tail, 0);
	assert_int_equal(snapshot.cq_tail, 0);
	fd = ring.fd;
	iou_ring_release(&ring);
	assert_int_equal(ring.fd, -1);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
	iou_ring_release(&ring);
}

static void wrong_sizes(void **state)
{
	static const uint32_t cases[][2] = {{0, 0}, {32769, 0}, {8, 4}, {8, 65537}};
	struct iou_err err = {};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct iou_ring_config config = {cases[i][0], cases[i][1], 0, 0};
		struct iou_ring ring = IOU_RING_INIT;

		assert_true(iou_ring_init(&ring, &config, &err) < 0);
		assert_int_equal(err.cause, IOU_CAUSE_USAGE);
		assert_int_equal(ring.fd, -1);
	}
}

/* A wanted flag that no kernel has is left out; a needed one is an error. */
static void flags(void **state)
{
	struct iou_ring_config config = {.sq_entries = 4, .flags_wanted = 1U << 30};
	struct iou_ring ring = IOU_RING_INIT;
	struct iou_err err = {};

	(void)state;
	assert_int_equal(iou_ring_init(&ring, &config, &err), 0);
	assert_false(ring.params.flags & (1U << 30));
	iou_ring_release(&ring);
	config.flags = 1U << 30;
	assert_int_equal(iou_ring_init(&ring, &config, &err), -EINVAL);
	assert_int_equal(err.cause, IOU_CAUSE_UNSUPPORTED);
}

static void flag_names(void **state)
{
	(void)state;
	assert_int_equal(1U << iou_ring_flag_bit("defer-taskrun"), IORING_SETUP_DEFER_TASKRUN);
	assert_int_equal(1U << iou_ring_flag_bit("no-sqarray"), IORING_SETUP_NO_SQARRAY);
	assert_int_equal(1U << iou_ring_flag_bit("sq-rewind"), IORING_SETUP_SQ_REWIND);
	assert_int_equal(1U << iou_ring_flag_bit("cqe32"), IORING_SETUP_CQE32);
	assert_string_equal(iou_ring_flag_name(0), "iopoll");
	assert_null(iou_ring_flag_name(31));
	assert_int_equal(iou_ring_flag_bit("sq_rewind"), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes),
		cmocka_unit_test(wrong_sizes),
		cmocka_unit_test(flags),
		cmocka_unit_test(flag_names),
	};

	return cmocka_run_group_tests_name("ring", tests, NULL, NULL);
}
