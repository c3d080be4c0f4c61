// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <stdlib.h>

#include "test.h"

#include "base/parse.h"

static void numbers(void **state)
{
	static const struct {
		const char *text;
		int ret;
		uint64_t value;
	} cases[] = {
		{"0", 0, 0},
		{"1", 0, 1},
		{"18446744073709551615", 0, UINT64_MAX},
		{"18446744073709551616", -ERANGE, 0},
		{"99999999999999999999999", -ERANGE, 0},
		{"0x10", 0, 16},
		{"0xffffffffffffffff", 0, UINT64_MAX},
		{"0x10000000000000000", -ERANGE, 0},
		{"0x", -EINVAL, 0},
		{"", -EINVAL, 0},
		{"-1", -EINVAL, 0},
		{"+1", -EINVAL, 0},
		{" 1", -EINVAL, 0},
		{"1 ", -EINVAL, 0},
		{"1K", -EINVAL, 0},
		{"1.5", -EINVAL, 0},
		{"abc", -EINVAL, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t value = 42;

		assert_int_equal(iou_parse_u64(cases[i].text, &value), cases[i].ret);
		assert_true(value == (cases[i].ret ? 42 : cases[i].value));
	}
}

static void signed_numbers(void **state)
{
	int64_t value = 42;

	(void)state;
	assert_int_equal(iou_parse_s64("-9223372036854775808", &value), 0);
	assert_true(value == INT64_MIN);
	assert_int_equal(iou_parse_s64("9223372036854775807", &value), 0);
	assert_true(value == INT64_MAX);
	assert_int_equal(iou_parse_s64("9223372036854775808", &value), -ERANGE);
	assert_int_equal(iou_parse_s64("-9223372036854775809", &value), -ERANGE);
	assert_int_equal(iou_parse_s64("--1", &value), -EINVAL);
	assert_true(value == INT64_MAX);
}

static void sizes(void **state)
{
	static const struct {
		const char *text;
		int ret;
		uint64_t value;
	} cases[] = {
		{"4096", 0, 4096},     {"128K", 0, 128 << 10},    {"128k", 0, 128 << 10},
		{"1M", 0, 1 << 20},    {"1MiB", 0, 1 << 20},      {"3G", 0, 3ULL << 30},
		{"2T", 0, 2ULL << 40}, {"16777216T", -ERANGE, 0}, {"1MB", -EINVAL, 0},
		{"1X", -EINVAL, 0},    {"K", -EINVAL, 0},         {"1KK", -EINVAL, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t value = 42;

		assert_int_equal(iou_parse_size(cases[i].text, &value), cases[i].ret);
		assert_true(value == (cases[i].ret ? 42 : cases[i].value));
	}
}

static void durations(void **state)
{
	static const struct {
		const char *text;
		int ret;
		uint64_t ns;
	} cases[] = {
		{"5", 0, 5000000000},
		{"200ms", 0, 200000000},
		{"50us", 0, 50000},
		{"7ns", 0, 7},
		{"1.5s", 0, 1500000000},
		{"0.25ms", 0, 250000},
		{"2m", 0, 120000000000},
		{"1h", 0, 3600000000000},
		{"1.0000000000001s", 0, 1000000000},
		{"1.s", -EINVAL, 0},
		{".5s", -EINVAL, 0},
		{"1sec", -EINVAL, 0},
		{"-1s", -EINVAL, 0},
		{"99999999999999h", -ERANGE, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t ns = 42;

		assert_int_equal(iou_parse_duration(cases[i].text, &ns), cases[i].ret);
		assert_true(ns == (cases[i].ret ? 42 : cases[i].ns));
	}
}

static void shares(void **state)
{
	static const struct {
		const char *text;
		int ret;
		uint64_t parts;
	} cases[] = {
		{"1%", 0, 10000},
		{"0%", 0, 0},
		{"100%", 0, 1000000},
		{"0.1%", 0, 1000},
		{"0.0001%", 0, 1},
		{"12.3456%", 0, 123456},
		{"2.50000%", 0, 25000},
		{"100.0%", 0, 1000000},
		{"0.00001%", -ERANGE, 0},
		{"100.1%", -ERANGE, 0},
		{"101%", -ERANGE, 0},
		{"1", -EINVAL, 0},
		{"%", -EINVAL, 0},
		{"1.%", -EINVAL, 0},
		{".1%", -EINVAL, 0},
		{"-1%", -EINVAL, 0},
		{"1%%", -EINVAL, 0},
		{" 1%", -EINVAL, 0},
		{"18446744073709551616%", -ERANGE, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t parts = 77;

		assert_int_equal(iou_parse_share(cases[i].text, &parts), cases[i].ret);
		assert_int_equal(parts, cases[i].ret ? 77 : cases[i].parts);
	}
}

static void flags(void **state)
{
	bool flag = false;

	(void)state;
	assert_int_equal(iou_parse_flag("yes", &flag), 0);
	assert_true(flag);
	assert_int_equal(iou_parse_flag("0", &flag), 0);
	assert_false(flag);
	assert_int_equal(iou_parse_flag("true", &flag), 0);
	assert_true(flag);
	assert_int_equal(iou_parse_flag("maybe", &flag), -EINVAL);
	assert_int_equal(iou_parse_flag("", &flag), -EINVAL);
	assert_true(flag);
}

static void blocks(void **state)
{
	static const char *const bad[] = {
		"",     "x",     "16",  "16x",  "x64K",  "-1x5",
		"1x-5", "1x5x6", "1X5", " 1x5", "16K*4", "99999999999999999999999999999999999x1"};
	uint64_t nr = 42, size = 43;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_true(iou_parse_blocks(bad[i], &nr, &size) < 0);
		assert_true(nr == 42 && size == 43);
	}
	assert_int_equal(iou_parse_blocks("18446744073709551616x1", &nr, &size), -ERANGE);
	assert_int_equal(iou_parse_blocks("16x64K", &nr, &size), 0);
	assert_true(nr == 16 && size == 65536);
}

static void address(const char *text, const char *host, const char *port)
{
	char *got_host = NULL, *got_port = NULL;
	int ret = iou_parse_address(text, &got_host, &got_port);

	assert_int_equal(ret, host ? 0 : -EINVAL);
	if (!host)
		assert_null(got_host);
	else
		assert_string_equal(got_host, host);
	if (!port)
		assert_null(got_port);
	else
		assert_string_equal(got_port, port);
	free(got_host);
	free(got_port);
}

static void addresses(void **state)
{
	(void)state;
	address("127.0.0.1:7000", "127.0.0.1", "7000");
	address("localhost:http", "localhost", "http");
	address("[::1]:7", "::1", "7");
	address("unix:/tmp/a:b", "/tmp/a:b", NULL);
	address("tcp:127.0.0.1:7000", "127.0.0.1", "7000");
	address("tcp:[::1]:7", "::1", "7");
	address("tcp:tcp:7", "tcp", "7");
	address("unix:tcp:7", "tcp:7", NULL);
	address("tcp:7000", NULL, NULL);
	address("tcp:unix:/tmp/a", "unix", "/tmp/a");
	address("tcp::7", NULL, NULL);
	address("tcp:", NULL, NULL);
	address("::1:7", NULL, NULL);
	address("7000", NULL, NULL);
	address(":7000", NULL, NULL);
	address("host:", NULL, NULL);
	address("[]:7", NULL, NULL);
	address("unix:", NULL, NULL);
	address("", NULL, NULL);
	address(":", NULL, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(blocks),  cmocka_unit_test(addresses),
		cmocka_unit_test(numbers), cmocka_unit_test(signed_numbers),
		cmocka_unit_test(sizes),   cmocka_unit_test(durations),
		cmocka_unit_test(shares),  cmocka_unit_test(flags),
	};

	return cmocka_run_group_tests_name("parse", tests, NULL, NULL);
}
