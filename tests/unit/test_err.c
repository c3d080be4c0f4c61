// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <stdlib.h>

#include "test.h"

#include "base/err.h"
#include "exit.h"

static void set_and_replace(void **state)
{
	struct iou_err err = {};

	(void)state;
	assert_int_equal(iou_err_set(&err, IOU_CAUSE_USAGE, "usage", 0, "no %s", "loop"), -EINVAL);
	iou_err_hint(&err, "did you mean '%s'?", "x");
	iou_err_detail(&err, strdup("a long log"));
	assert_string_equal(err.message, "no loop");
	assert_int_equal(iou_err_set(&err, IOU_CAUSE_FAILED, "ring", ENOMEM, "other"), -ENOMEM);
	assert_string_equal(err.message, "other");
	assert_string_equal(err.hint, "");
	assert_null(err.detail);
	iou_err_release(&err);
	assert_int_equal(iou_err_set(NULL, IOU_CAUSE_FAILED, "ring", EIO, "nobody asks"), -EIO);
	iou_err_detail(NULL, strdup("freed, not leaked"));
}

static void exit_codes(void **state)
{
	struct iou_run run = {.stop = IOU_STOP_INTERRUPTED, .signal = 2};

	(void)state;
	assert_int_equal(iou_exit_of_cause(IOU_CAUSE_FAILED), 1);
	assert_int_equal(iou_exit_of_cause(IOU_CAUSE_USAGE), 2);
	assert_int_equal(iou_exit_of_cause(IOU_CAUSE_UNSUPPORTED), 3);
	assert_int_equal(iou_exit_of_cause(IOU_CAUSE_PERMISSION), 4);
	assert_int_equal(iou_exit_of_cause(IOU_CAUSE_REJECTED), 5);
	assert_int_equal(iou_exit_of_cause(IOU_CAUSE_TIMEOUT), 124);
	assert_int_equal(iou_exit_of_cause(IOU_CAUSE_VM), 125);
	assert_int_equal(iou_exit_of_run(&run), 130);
	run.stop = IOU_STOP_DONE;
	assert_int_equal(iou_exit_of_run(&run), 130);
	run.signal = 0;
	assert_int_equal(iou_exit_of_run(&run), 0);
	run.stop = IOU_STOP_TIMED_OUT;
	assert_int_equal(iou_exit_of_run(&run), 124);
	run.stop = IOU_STOP_EJECTED;
	assert_int_equal(iou_exit_of_run(&run), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(set_and_replace),
		cmocka_unit_test(exit_codes),
	};

	return cmocka_run_group_tests_name("err", tests, NULL, NULL);
}
