// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What is made of what the kernel tells of rings and loops. */
#include "test.h"

#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "survey/internal.h"

static void fdinfo(void **state)
{
	struct iou_survey_ring ring = {};

	(void)state;
	iou_survey_fdinfo(&ring,
			  "pos:\t0\nSqMask:\t0x7\nSqHead:\t5\nSqTail:\t6\nCachedSqHead:\t9\n"
			  "CqMask:\t0x1ff\nCqHead:\t4294967295\nCqTail:\t2\nCachedCqTail:\t3\n");
	assert_true(ring.has_sizes && ring.has_indices);
	assert_false(ring.has_setup || ring.has_in_flight || ring.has_overflow || ring.has_loop);
	assert_int_equal(ring.sq_entries, 8);
	assert_int_equal(ring.cq_entries, 512);
	assert_int_equal(ring.sq_head, 5);
	assert_int_equal(ring.sq_tail, 6);
	assert_true(ring.cq_head == UINT32_MAX);
	assert_int_equal(ring.cq_tail, 2);
}

/* As while a loop runs, and what no kernel prints. */
static void fdinfo_lacking(void **state)
{
	static const char *const texts[] = {
		"",
		"\n\n\n",
		"pos:\t0\nflags:\t02000002\n",
		"SqMask:\t0x7\nCqMask",
		"SqMask:\t\nCqMask:\t0x7\n",
		"SqMask:\t0x1ffffffff\nCqMask:\t0x7\n",
		"xSqMask:\t7\nCqMask:\t7\n",
		"SqMaskx:\t7\nCqMask:\t7\nSqHead:1\nSqTail:1\nCqHead:1\n",
		"SqMask:\tseven\nCqMask:\t7\nSqTail:1\nCqHead:1\nCqTail:1",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct iou_survey_ring ring = {};

		iou_survey_fdinfo(&ring, texts[i]);
		assert_false(ring.has_sizes);
		assert_false(ring.has_indices);
	}
}

/* Whether it is this process that a loop was bound for, so many seconds ago. */
static bool is_for_us(int64_t ago)
{
	struct iou_survey_loop loop = {.has_meta = true, .meta.pid = getpid()};

	loop.meta.since_ns = (uint64_t)(time(NULL) - ago) * 1000000000;
	return iou_survey_is_for(&loop, getpid());
}

static void process_of_another_time(void **state)
{
	struct iou_survey_loop loop = {.has_meta = true, .meta.pid = getpid()};

	(void)state;
	assert_true(is_for_us(0));
	assert_false(is_for_us(3600));
	/* Not known since when, or no process to compare with. */
	assert_true(iou_survey_is_for(&loop, getpid()));
	assert_false(iou_survey_is_for(&loop, getpid() + 1));
	loop.meta = (struct iou_meta){.pid = INT32_MAX, .since_ns = 1};
	assert_true(iou_survey_is_for(&loop, INT32_MAX));
	loop.has_meta = false;
	assert_false(iou_survey_is_for(&loop, INT32_MAX));
}

static struct iou_file_record record_of(int pid, int fd, uint64_t ctx)
{
	return (struct iou_file_record){
		.kind = IOU_FILE_RING,
		.has = IOU_RING_HAS_SETUP | IOU_RING_HAS_LOOP,
		.pid = pid,
		.tid = pid,
		.fd = (uint32_t)fd,
		.comm = "sixteen of these",
		.ino = ctx + 1,
		.ctx = ctx,
		.sq_entries = 8,
	};
}

static void rings(void **state)
{
	struct iou_survey survey = {};
	struct iou_file_record records[] = {
		record_of(5, 3, 100),
		record_of(5, 4, 200),
		record_of(6, 3, 100),
		record_of(6, 9, 300),
	};
	const struct iou_survey_ring *ring;

	(void)state;
	records[3].kind = IOU_FILE_LINK;
	assert_int_equal(iou_survey_rings_iterate(&survey, records, ARRAY_SIZE(records)), 0);
	assert_int_equal(survey.rings_nr, 2);
	ring = iou_survey_find(&survey, 6, 3);
	assert_non_null(ring);
	assert_ptr_equal(ring, iou_survey_find(&survey, 5, 3));
	assert_int_equal(ring->at.nr, 2);
	assert_string_equal(ring->at.list[0].comm, "sixteen of thes");
	assert_true(ring->has_setup && ring->has_loop && !ring->bound && !ring->has_indices);
	assert_null(iou_survey_find(&survey, 6, 9));
	assert_null(iou_survey_find(&survey, 6, 4));
	iou_survey_release(&survey);
}

/* A loop is at the ring that says so, too: one that was at its place before is not. */
static void loops(void **state)
{
	struct iou_survey survey = {};
	struct iou_file_record records[] = {record_of(5, 3, 100), record_of(5, 4, 200)};
	struct iou_survey_loop *loop;

	(void)state;
	records[1].ops = 77;
	assert_int_equal(iou_survey_rings_iterate(&survey, records, ARRAY_SIZE(records)), 0);
	loop = iou_survey_loop(&survey, 1);
	assert_non_null(loop);
	loop->ops = 77;
	loop->ctx = 200;
	assert_ptr_equal(iou_survey_ring_of(&survey, loop), &survey.rings[1]);
	assert_ptr_equal(iou_survey_loop_of(&survey, &survey.rings[1]), loop);
	assert_null(iou_survey_loop_of(&survey, &survey.rings[0]));
	loop->ctx = 100;
	assert_null(iou_survey_ring_of(&survey, loop));
	/* By what was tied to it, where nothing else is known. */
	loop->ops = 0;
	loop->ctx = 0;
	assert_null(iou_survey_ring_of(&survey, loop));
	loop->has_meta = true;
	loop->meta.ring_ino = 101;
	assert_ptr_equal(iou_survey_ring_of(&survey, loop), &survey.rings[0]);
	iou_survey_release(&survey);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fdinfo),         cmocka_unit_test(process_of_another_time),
		cmocka_unit_test(fdinfo_lacking), cmocka_unit_test(rings),
		cmocka_unit_test(loops),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
