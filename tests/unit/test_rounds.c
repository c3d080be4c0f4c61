// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Rounds of variants that need no ring, and what is made of what they took. */
#include "test.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench/bench.h"

/* ---- Statistics ---- */

static void quartiles(void **state)
{
	double values[] = {5, 1, 4, 2, 3}, even[] = {4, 1, 3, 2}, one[] = {7};
	struct iou_bench_spread spread = iou_bench_spread(values, 5);

	(void)state;
	assert_float_equal(spread.median, 3, 1e-9);
	assert_float_equal(spread.low, 2, 1e-9);
	assert_float_equal(spread.high, 4, 1e-9);
	spread = iou_bench_spread(even, 4);
	assert_float_equal(spread.median, 2.5, 1e-9);
	assert_float_equal(spread.low, 1.75, 1e-9);
	assert_float_equal(spread.high, 3.25, 1e-9);
	spread = iou_bench_spread(one, 1);
	assert_float_equal(spread.low, 7, 1e-9);
	assert_float_equal(spread.high, 7, 1e-9);
	assert_float_equal(iou_bench_spread(NULL, 0).median, 0, 1e-9);
}

/* Of @nr values, which are 1, 2, 3 and so on, the interval is from @low to @high. */
static void check_interval(size_t nr, double low, double high)
{
	double *values = calloc(nr, sizeof(*values));
	struct iou_bench_ratio ratio;

	assert_non_null(values);
	for (size_t i = 0; i < nr; i++)
		values[i] = (double)(nr - i);
	ratio = iou_bench_ratio(values, nr);
	free(values);
	assert_float_equal(ratio.median, (double)(nr + 1) / 2, 1e-9);
	assert_int_equal(ratio.has_interval, low > 0);
	if (low > 0) {
		assert_float_equal(ratio.low, low, 1e-9);
		assert_float_equal(ratio.high, high, 1e-9);
	}
}

/* As in tables of the sign test. */
static void intervals(void **state)
{
	(void)state;
	check_interval(1, 0, 0);
	check_interval(5, 0, 0);
	check_interval(6, 1, 6);
	check_interval(8, 1, 8);
	check_interval(9, 2, 8);
	check_interval(11, 2, 10);
	check_interval(15, 4, 12);
	check_interval(20, 6, 15);
	check_interval(50, 18, 33);
	check_interval(100, 40, 61);
	/* 2 to the power of this is no double. */
	check_interval(5000, 2431, 2570);
}

static void verdicts(void **state)
{
	struct iou_bench_ratio ratio = {.low = 1.1, .high = 1.3, .has_interval = true};

	(void)state;
	assert_int_equal(iou_bench_verdict(&ratio), IOU_BENCH_MORE);
	ratio.low = 0.9;
	assert_int_equal(iou_bench_verdict(&ratio), IOU_BENCH_OPEN);
	ratio.high = 0.95;
	assert_int_equal(iou_bench_verdict(&ratio), IOU_BENCH_LESS);
	ratio.has_interval = false;
	assert_int_equal(iou_bench_verdict(&ratio), IOU_BENCH_OPEN);
}

static void break_evens(void **state)
{
	uint64_t requests = 99;

	(void)state;
	assert_false(iou_bench_break_even(&requests, 1000, 2, 0, 2));
	assert_false(iou_bench_break_even(&requests, 1000, 3, 0, 2));
	/* It is opened sooner, but that does not last. */
	assert_false(iou_bench_break_even(&requests, 0, 3, 1000, 2));
	assert_int_equal(requests, 99);
	assert_true(iou_bench_break_even(&requests, 1000, 1, 100, 3));
	assert_int_equal(requests, 450);
	assert_true(iou_bench_break_even(&requests, 1001, 1, 100, 3));
	assert_int_equal(requests, 451);
	assert_true(iou_bench_break_even(&requests, 10, 1, 100, 3));
	assert_int_equal(requests, 0);
	assert_true(iou_bench_break_even(&requests, 10, 1, 10, 1));
	assert_int_equal(requests, 0);
}

static void orders(void **state)
{
	static const size_t expected[][3] = {{0, 1, 2}, {2, 0, 1}, {1, 2, 0}, {0, 1, 2}};

	(void)state;
	for (uint32_t round = 0; round < 4; round++)
		for (size_t i = 0; i < 3; i++)
			assert_int_equal(iou_bench_order(round, i, 3), expected[round][i]);
	assert_int_equal(iou_bench_order(5, 0, 1), 0);
}

/* ---- Rounds ---- */

#define REQUESTS 10

static int open_any(void **state, const struct iou_bench_variant *variant,
		    const struct iou_bench_work *work, struct iou_err *err)
{
	(void)err;
	(void)work;
	*state = (void *)variant;
	return 0;
}

/* Milliseconds: @nr of the variant. */
static int run_sleep(void *state, struct iou_bench_done *done, struct iou_err *err)
{
	const struct iou_bench_variant *variant = state;
	struct timespec time = {.tv_nsec = variant->nr * 1000000L};

	(void)err;
	nanosleep(&time, NULL);
	*done = (struct iou_bench_done){.requests = REQUESTS, .enters = 2};
	return 0;
}

static int run_forever(void *state, struct iou_bench_done *done, struct iou_err *err)
{
	(void)state;
	(void)done;
	(void)err;
	for (;;)
		pause();
	return 0;
}

static int run_and_fail(void *state, struct iou_bench_done *done, struct iou_err *err)
{
	(void)state;
	(void)done;
	return iou_err_set(err, IOU_CAUSE_FAILED, "run", EIO, "no such luck");
}

static int run_and_die(void *state, struct iou_bench_done *done, struct iou_err *err)
{
	(void)state;
	(void)done;
	(void)err;
	_exit(3);
}

/* The first one goes well. */
static int open_one(void **state, const struct iou_bench_variant *variant,
		    const struct iou_bench_work *work, struct iou_err *err)
{
	if (work->thread)
		return iou_err_set(err, IOU_CAUSE_PERMISSION, "open", EPERM, "only one");
	return open_any(state, variant, work, err);
}

static void close_any(void *state)
{
	(void)state;
}

#define LOOP                                                                          \
	{                                                                             \
		"loop", "x", IOU_BENCH_LOOP, false, 2, open_any, run_sleep, close_any \
	}

static int bench(struct iou_bench_results *results, const struct iou_bench_variant *variants,
		 size_t nr, struct iou_bench_config config, struct iou_err *err)
{
	const struct iou_bench_job job = {.name = "job", .variants = variants, .variants_nr = nr};
	const struct iou_bench_work work = {};

	config.rounds = config.rounds ?: 1;
	config.threads = config.threads ?: 1;
	return iou_bench_run(results, &job, &work, &config, err);
}

static void rounds(void **state)
{
	static const struct iou_bench_variant variants[] = {
		LOOP, {"slow", "y", IOU_BENCH_PLAIN, false, 20, open_any, run_sleep, close_any}};
	struct iou_bench_results results;

	(void)state;
	assert_int_equal(bench(&results, variants, 2, (struct iou_bench_config){.rounds = 6}, NULL),
			 0);
	assert_int_equal(results.rounds, 6);
	assert_int_equal(results.nr, 2);
	assert_true(results.list[0].time.median >= 200000);
	assert_true(results.list[1].time.median >= 2000000);
	assert_float_equal(results.list[0].enters.median, 0.2, 1e-9);
	/* To itself. */
	assert_float_equal(results.list[0].ratio.median, 1, 1e-9);
	assert_float_equal(results.list[0].ratio.low, 1, 1e-9);
	assert_int_equal(iou_bench_verdict(&results.list[0].ratio), IOU_BENCH_OPEN);
	assert_int_equal(iou_bench_verdict(&results.list[1].ratio), IOU_BENCH_MORE);
	assert_true(results.list[1].pays);
	/* This one has nothing to say of its start. */
	assert_false(results.startup.known);
	iou_bench_results_release(&results);
}

static void threads(void **state)
{
	static const struct iou_bench_variant variants[] = {LOOP};
	struct iou_bench_results results;

	(void)state;
	assert_int_equal(
		bench(&results, variants, 1, (struct iou_bench_config){.threads = 3}, NULL), 0);
	assert_int_equal(results.list[0].samples[0].done.requests, 3 * REQUESTS);
	assert_int_equal(results.list[0].samples[0].done.enters, 6);
	iou_bench_results_release(&results);
}

/* It is said which one, and why; what waits for it does not do so for ever. */
static void failures(void **state)
{
	static const struct iou_bench_variant fails[] = {LOOP,
							 {"bad", "", IOU_BENCH_PLAIN, false, 0,
							  open_any, run_and_fail, close_any}},
					      dies[] = {LOOP,
							{"bad", "", IOU_BENCH_PLAIN, false, 0,
							 open_any, run_and_die, close_any}},
					      one[] = {{"bad", "", IOU_BENCH_LOOP, false, 0,
							open_one, run_forever, close_any}};
	struct iou_bench_results results = {};
	struct iou_err err = {};

	(void)state;
	assert_int_equal(bench(&results, fails, 2, (struct iou_bench_config){}, &err), -EIO);
	assert_string_equal(err.message, "variant 'bad': no such luck");
	assert_int_equal(bench(&results, dies, 2, (struct iou_bench_config){}, &err), -EINVAL);
	assert_string_equal(err.message, "variant 'bad': a round ended without a result");
	assert_int_equal(bench(&results, one, 1, (struct iou_bench_config){.threads = 3}, &err),
			 -EPERM);
	assert_string_equal(err.message, "variant 'bad': only one");
	assert_int_equal(err.cause, IOU_CAUSE_PERMISSION);
	assert_null(results.list);
}

static void interrupt(void *data, uint32_t round, uint32_t all, const char *variant)
{
	pid_t *killer = data;
	pid_t us = getpid();

	(void)round;
	(void)all;
	(void)variant;
	*killer = fork();
	if (*killer == 0) {
		usleep(50000);
		kill(us, SIGTERM);
		_exit(0);
	}
}

static void signals(void **state)
{
	static const struct iou_bench_variant variants[] = {
		{"loop", "", IOU_BENCH_LOOP, false, 0, open_any, run_forever, close_any}};
	struct iou_bench_results results = {};
	pid_t killer = 0;
	int signum = 0;
	const struct iou_bench_config config = {
		.threads = 2, .progress = interrupt, .progress_data = &killer, .signal = &signum};

	(void)state;
	assert_int_equal(bench(&results, variants, 1, config, NULL), -EINTR);
	assert_int_equal(signum, SIGTERM);
	waitpid(killer, NULL, 0);
	/* None of the rounds' processes is left. */
	assert_int_equal(waitpid(-1, NULL, 0), -1);
	assert_int_equal(errno, ECHILD);
}

static void processors(void **state)
{
	const int none[] = {1000};
	struct iou_bench_config config = {.cpus = none, .cpus_nr = 1};
	struct iou_err err = {};

	(void)state;
	assert_int_equal(iou_bench_check_cpus(&config, &err), -EINVAL);
	assert_int_equal(err.cause, IOU_CAUSE_USAGE);
	assert_string_equal(err.message, "cannot run on processor 1000");
	config.cpus_nr = 0;
	assert_int_equal(iou_bench_check_cpus(&config, &err), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(quartiles), cmocka_unit_test(intervals),
		cmocka_unit_test(verdicts),  cmocka_unit_test(break_evens),
		cmocka_unit_test(orders),    cmocka_unit_test(rounds),
		cmocka_unit_test(threads),   cmocka_unit_test(failures),
		cmocka_unit_test(signals),   cmocka_unit_test(processors),
	};

	return cmocka_run_group_tests_name("rounds", tests, NULL, NULL);
}
