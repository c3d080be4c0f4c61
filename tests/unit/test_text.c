// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "test.h"

#include "base/text.h"

static void nearest(void **state)
{
	static const char *const names[] = {"run", "list", "probe", "vm", NULL};

	(void)state;
	assert_string_equal(iou_text_nearest("rnu", names), "run");
	assert_string_equal(iou_text_nearest("probee", names), "probe");
	assert_string_equal(iou_text_nearest("lst", names), "list");
	assert_null(iou_text_nearest("frobnicate", names));
	assert_null(iou_text_nearest("", (const char *const[]){"run", NULL}));
	assert_null(iou_text_nearest("x", (const char *const[]){NULL}));
}

static void escape(void **state)
{
	char buf[64], tiny[6];

	(void)state;
	assert_string_equal(iou_text_escape(buf, sizeof(buf), "plain"), "plain");
	assert_string_equal(iou_text_escape(buf, sizeof(buf), "a\033[31mb"), "a\\x1b[31mb");
	assert_string_equal(iou_text_escape(buf, sizeof(buf), "tab\tbell\a"), "tab\\x09bell\\x07");
	assert_string_equal(iou_text_escape(buf, sizeof(buf), "é €"), "é €");
	assert_string_equal(iou_text_escape(buf, sizeof(buf), "\xff\xc3"), "\\xff\\xc3");
	/* An overlong slash, a surrogate, a C1 control. */
	assert_string_equal(iou_text_escape(buf, sizeof(buf), "\xc0\xaf"), "\\xc0\\xaf");
	assert_string_equal(iou_text_escape(buf, sizeof(buf), "\xed\xa0\x80"), "\\xed\\xa0\\x80");
	assert_string_equal(iou_text_escape(buf, sizeof(buf), "\xc2\x9b"), "\\xc2\\x9b");
	/* Never half a sequence, never beyond the buffer. */
	assert_string_equal(iou_text_escape(tiny, sizeof(tiny), "abcd€"), "abcd");
	assert_string_equal(iou_text_escape(tiny, sizeof(tiny), "ab\x01"), "ab");
}

static void counts(void **state)
{
	char buf[32];

	(void)state;
	assert_string_equal(iou_text_count(buf, sizeof(buf), 0), "0");
	assert_string_equal(iou_text_count(buf, sizeof(buf), 999), "999");
	assert_string_equal(iou_text_count(buf, sizeof(buf), 1000), "1,000");
	assert_string_equal(iou_text_count(buf, sizeof(buf), UINT64_MAX),
			    "18,446,744,073,709,551,615");
}

static void units(void **state)
{
	char buf[32];

	(void)state;
	assert_string_equal(iou_text_duration(buf, sizeof(buf), 0), "0 ns");
	assert_string_equal(iou_text_duration(buf, sizeof(buf), 393), "393 ns");
	assert_string_equal(iou_text_duration(buf, sizeof(buf), 1239), "1.24 us");
	assert_string_equal(iou_text_duration(buf, sizeof(buf), 999.6e3), "1.00 ms");
	assert_string_equal(iou_text_duration(buf, sizeof(buf), 12.34e9), "12.3 s");
	assert_string_equal(iou_text_rate(buf, sizeof(buf), 950), "950");
	assert_string_equal(iou_text_rate(buf, sizeof(buf), 1560000), "1.56 M");
	assert_string_equal(iou_text_size(buf, sizeof(buf), 512), "512 B");
	assert_string_equal(iou_text_size(buf, sizeof(buf), 65536), "64 KiB");
	assert_string_equal(iou_text_size(buf, sizeof(buf), 3ULL << 29), "1.5 GiB");
}

static void words(void **state)
{
	char line[32];
	size_t at = 0;

	(void)state;
	at = iou_text_add_word(line, at, sizeof(line), "./a.o");
	at = iou_text_add_word(line, at, sizeof(line), "b c");
	at = iou_text_add_word(line, at, sizeof(line), "it's");
	at = iou_text_add_word(line, at, sizeof(line), "");
	assert_string_equal(line, "./a.o 'b c' 'it'\\''s' ''");
	assert_int_equal(at, strlen(line));
	at = iou_text_add_word(line, at, sizeof(line), "too long for it");
	assert_true(at >= sizeof(line));
	assert_int_equal(iou_text_add_word(line, at, sizeof(line), "x"), at);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nearest), cmocka_unit_test(escape), cmocka_unit_test(counts),
		cmocka_unit_test(units),   cmocka_unit_test(words),
	};

	return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
