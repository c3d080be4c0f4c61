// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Values by their BTF, real and made up by somebody who means harm. */
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <stdio.h>
#include <stdlib.h>

#include "test.h"

#include "dump/sum.h"
#include "dump/value.h"
#include "render/render.h"

static char *render(struct iou_doc *doc, enum iou_format format)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_int_equal(iou_render(out, doc, format), 0);
	fclose(out);
	return text;
}

/* The JSON of one value, without what is around it; to be freed. */
static char *json_of(const struct btf *btf, int id, const void *data, size_t size, bool all)
{
	static const char before[] = "{\"schema\":\"t/1\",\"v\":";
	struct iou_doc *doc = iou_doc_new("t/1");
	struct iou_dump dump;
	char *text;

	iou_dump_init(&dump, btf, all);
	iou_dump_value(&dump, doc, "v", (uint32_t)id, data, size);
	text = render(doc, IOU_FORMAT_JSON);
	iou_doc_free(doc);
	assert_memory_equal(text, before, strlen(before));
	memmove(text, text + strlen(before), strlen(text) - strlen(before) + 1);
	text[strlen(text) - 2] = '\0';
	return text;
}

static void check(const struct btf *btf, int id, const void *data, size_t size, const char *want)
{
	char *got = json_of(btf, id, data, size, false);

	assert_string_equal(got, want);
	free(got);
}

#define CHECK(id, value, want)                           \
	({                                               \
		__typeof__(value) v = (value);           \
		check(btf, (id), &v, sizeof(v), (want)); \
	})

static int add_array(struct btf *btf, int type, __u32 nr)
{
	return btf__add_array(btf, 1, type, nr);
}

/* Id 1 is an unsigned int of 4 bytes. */
static struct btf *new_btf(void)
{
	struct btf *btf = btf__new_empty();

	assert_non_null(btf);
	assert_int_equal(btf__add_int(btf, "unsigned int", 4, 0), 1);
	return btf;
}

static void integers(void **state)
{
	struct btf *btf = new_btf();

	(void)state;
	CHECK(1, (uint32_t)4294967295, "4294967295");
	CHECK(btf__add_int(btf, "u8", 1, 0), (uint8_t)255, "255");
	CHECK(btf__add_int(btf, "s8", 1, BTF_INT_SIGNED), (int8_t)-128, "-128");
	CHECK(btf__add_int(btf, "u16", 2, 0), (uint16_t)65535, "65535");
	CHECK(btf__add_int(btf, "s16", 2, BTF_INT_SIGNED), (int16_t)-2, "-2");
	CHECK(btf__add_int(btf, "s32", 4, BTF_INT_SIGNED), INT32_MIN, "-2147483648");
	CHECK(btf__add_int(btf, "u64", 8, 0), UINT64_MAX, "18446744073709551615");
	CHECK(btf__add_int(btf, "s64", 8, BTF_INT_SIGNED), INT64_MIN, "-9223372036854775808");
	CHECK(btf__add_int(btf, "u128", 16, 0), (__uint128_t)5 << 64 | 6,
	      "\"0x50000000000000006\"");
	CHECK(btf__add_int(btf, "s128", 16, BTF_INT_SIGNED), (__int128_t)-1,
	      "\"0xffffffffffffffffffffffffffffffff\"");
	btf__free(btf);
}

static void words(void **state)
{
	struct btf *btf = new_btf();
	int boolean = btf__add_int(btf, "_Bool", 1, BTF_INT_BOOL);
	int letter = btf__add_int(btf, "char", 1, BTF_INT_SIGNED);
	int string = add_array(btf, letter, 4);
	int strings = add_array(btf, string, 2);
	int enumeration = btf__add_enum(btf, "e", 4), tiny, big, signed_big;

	(void)state;
	btf__add_enum_value(btf, "ONE", 1);
	btf__add_enum_value(btf, "MINUS", -1);
	tiny = btf__add_enum(btf, "tiny", 1);
	btf__add_enum_value(btf, "LAST", 255);
	big = btf__add_enum64(btf, "big", 8, false);
	btf__add_enum64_value(btf, "MOST", UINT64_MAX);
	signed_big = btf__add_enum64(btf, "signed_big", 8, true);
	btf__add_enum64_value(btf, "LEAST", (uint64_t)INT64_MIN);
	CHECK(boolean, (uint8_t)0, "false");
	CHECK(boolean, (uint8_t)2, "true");
	CHECK(letter, 'x', "\"x\"");
	CHECK(letter, '\0', "\"\"");
	check(btf, string, "ab\0c", 4, "\"ab\"");
	check(btf, string, "abcd", 4, "\"abcd\"");
	check(btf, string, "\033\xff\n", 4, "\"\\\\x1b\\\\xff\\n\"");
	check(btf, strings, "abcdef\0", 8, "[\"abcd\",\"ef\"]");
	check(btf, add_array(btf, letter, 0), "", 0, "\"\"");
	CHECK(enumeration, 1, "\"ONE\"");
	CHECK(enumeration, -1, "\"MINUS\"");
	CHECK(enumeration, -2, "-2");
	CHECK(tiny, (uint8_t)255, "\"LAST\"");
	CHECK(tiny, (uint8_t)254, "254");
	CHECK(big, UINT64_MAX, "\"MOST\"");
	CHECK(big, (uint64_t)1 << 63, "9223372036854775808");
	CHECK(signed_big, INT64_MIN, "\"LEAST\"");
	CHECK(signed_big, (int64_t)-3, "-3");
	btf__free(btf);
}

static void pointers_and_floats(void **state)
{
	struct btf *btf = new_btf();
	int single = btf__add_float(btf, "float", 4), real = btf__add_float(btf, "double", 8);

	(void)state;
	btf__set_pointer_size(btf, 8);
	CHECK(btf__add_ptr(btf, 0), (uint64_t)0xffff888005dedc00, "\"0xffff888005dedc00\"");
	CHECK(single, 0.1F, "\"0.1\"");
	CHECK(single, 16777217.0F, "\"16777216\"");
	CHECK(real, 0.1 + 0.2, "\"0.30000000000000004\"");
	CHECK(real, -1.0 / 0.0, "\"-inf\"");
	check(btf, btf__add_float(btf, "long double", 16), "0123456789abcdef", 16,
	      "\"hex:30313233343536373839616263646566\"");
	btf__free(btf);
}

static void qualified(void **state)
{
	struct btf *btf = new_btf();
	int id = btf__add_typedef(btf, "__u32", 1);

	(void)state;
	id = btf__add_const(btf, btf__add_volatile(btf, btf__add_type_tag(btf, "tag", id)));
	CHECK(btf__add_restrict(btf, id), 7U, "7");
	/* An array of them too: what is counted by its size. */
	check(btf, add_array(btf, id, 2), (uint32_t[]){7, 8}, 8, "[7,8]");
	for (int i = 0; i < 100; i++)
		id = btf__add_const(btf, id);
	CHECK(id, 7U, "\"hex:07000000\"");
	btf__free(btf);
}

static void composites(void **state)
{
	const struct {
		uint32_t first;
		union {
			uint32_t word;
			uint8_t byte;
		};
		uint32_t low : 3;
		int32_t high : 5;
		uint32_t across : 16;
		uint32_t matrix[2][2];
	} value = {1, {0x102}, 5, -6, 0xbeef, {{1, 2}, {3, 4}}};
	struct btf *btf = new_btf();
	int u8 = btf__add_int(btf, "u8", 1, 0);
	int s32 = btf__add_int(btf, "int", 4, BTF_INT_SIGNED);
	int matrix = add_array(btf, add_array(btf, 1, 2), 2), inner, outer;

	(void)state;
	inner = btf__add_union(btf, NULL, 4);
	btf__add_field(btf, "word", 1, 0, 0);
	btf__add_field(btf, "byte", u8, 0, 0);
	outer = btf__add_struct(btf, "outer", sizeof(value));
	btf__add_field(btf, "first", 1, 0, 0);
	btf__add_field(btf, NULL, inner, 32, 0);
	btf__add_field(btf, "low", 1, 64, 3);
	btf__add_field(btf, "high", s32, 67, 5);
	btf__add_field(btf, "across", 1, 72, 16);
	btf__add_field(btf, "matrix", matrix, 96, 0);
	CHECK(outer, value,
	      "{\"first\":1,\"word\":258,\"byte\":2,\"low\":5,\"high\":-6,\"across\":48879,"
	      "\"matrix\":[[1,2],[3,4]]}");
	CHECK(btf__add_struct(btf, "empty", 0), 1, "{}");
	btf__free(btf);
}

/* What is larger than its bytes, or no type at all. */
static void misfits(void **state)
{
	struct btf *btf = new_btf();
	int id = btf__add_struct(btf, "s", 8);

	(void)state;
	btf__add_field(btf, "a", 1, 0, 0);
	btf__add_field(btf, "outside", 1, 48, 0);
	btf__add_field(btf, "far", 1, 8000, 0);
	btf__add_field(btf, "odd", btf__type_cnt(btf) + 1000, 32, 0);
	btf__add_field(btf, "bits", 1, 8 * 8 - 3, 5);
	btf__add_field(btf, "many", 1, 0, 200);
	check(btf, id, "\1\0\0\0\2\0\0\0", 8,
	      "{\"a\":1,\"outside\":\"hex:0000\",\"far\":\"hex:\",\"odd\":\"hex:02000000\","
	      "\"bits\":\"hex:00\",\"many\":\"hex:0100000002000000\"}");
	check(btf, id, "\1\0\0\0", 4, "\"hex:01000000\"");
	check(btf, 0, "\1\2", 2, "\"hex:0102\"");
	check(btf, 12345, "\1\2", 2, "\"hex:0102\"");
	check(btf, btf__add_fwd(btf, "f", BTF_FWD_STRUCT), "\1\2", 2, "\"hex:0102\"");
	check(btf, btf__add_func_proto(btf, 1), "\1\2", 2, "\"hex:0102\"");
	check(btf, btf__add_var(btf, "v", 0, 1), "\1\2\3\4", 4, "\"hex:01020304\"");
	id = btf__add_datasec(btf, ".data", 4);
	check(btf, id, "\1\2\3\4", 4, "\"hex:01020304\"");
	btf__free(btf);
}

static void cycles(void **state)
{
	struct btf *btf = new_btf();
	int id = (int)btf__type_cnt(btf), array, tree;
	uint32_t value = 0x01020304;
	char *got;

	(void)state;
	CHECK(btf__add_typedef(btf, "t", id), value, "\"hex:04030201\"");
	id = (int)btf__type_cnt(btf);
	btf__add_struct(btf, "again", 4);
	btf__add_field(btf, "a", id, 0, 0);
	got = json_of(btf, id, &value, sizeof(value), true);
	assert_non_null(strstr(got, "{\"a\":\"hex:04030201\"}"));
	assert_true(strlen(got) < 200);
	free(got);
	array = (int)btf__type_cnt(btf);
	CHECK(add_array(btf, array, 2), value, "\"hex:04030201\"");
	/* 100^16 fields, were they all walked; and the same where no name is ever printed. */
	tree = btf__add_struct(btf, "tree", 4);
	for (int i = 0; i < 100; i++)
		btf__add_field(btf, "branch", tree, 0, 0);
	free(json_of(btf, tree, &value, sizeof(value), true));
	tree = btf__add_struct(btf, NULL, 4);
	for (int i = 0; i < 100; i++)
		btf__add_field(btf, NULL, tree, 0, 0);
	got = json_of(btf, tree, &value, sizeof(value), true);
	assert_string_equal(got, "{\"...\":\"... 99 more\"}");
	free(got);
	btf__free(btf);
}

/* How often @part is in @text. */
static size_t count(const char *text, const char *part)
{
	size_t nr = 0;

	while ((text = strstr(text, part))) {
		text += strlen(part);
		nr++;
	}
	return nr;
}

static void large(void **state)
{
	static uint32_t numbers[70000];
	struct btf *btf = new_btf();
	int empty = btf__add_struct(btf, "empty", 0), id;
	int letter = btf__add_int(btf, "char", 1, 0);
	char *got;

	(void)state;
	check(btf, add_array(btf, empty, 3), "", 0, "[{},{},{}]");
	id = add_array(btf, empty, 1U << 31);
	got = json_of(btf, id, "", 0, false);
	assert_int_equal(count(got, "{}"), IOU_DUMP_ELEMENTS);
	assert_non_null(strstr(got, ",\"... 2147483584 more\"]"));
	free(got);
	free(json_of(btf, id, "", 0, true));
	check(btf, add_array(btf, 1, 1U << 31), "\1\2\3\4", 4, "\"hex:01020304\"");
	id = add_array(btf, add_array(btf, add_array(btf, empty, UINT32_MAX), UINT32_MAX),
		       UINT32_MAX);
	free(json_of(btf, id, "", 0, true));

	id = add_array(btf, 1, 70000);
	got = json_of(btf, id, numbers, sizeof(numbers), false);
	assert_int_equal(count(got, "0,"), IOU_DUMP_ELEMENTS);
	assert_non_null(strstr(got, "0,\"... 69936 more\"]"));
	free(got);
	got = json_of(btf, id, numbers, sizeof(numbers), true);
	assert_int_equal(count(got, "0"), 70000);
	assert_null(strstr(got, "more"));
	free(got);

	memset(numbers, 'a', sizeof(numbers));
	id = add_array(btf, letter, sizeof(numbers));
	got = json_of(btf, id, numbers, sizeof(numbers), false);
	assert_int_equal(count(got, "a"), IOU_DUMP_STRING);
	assert_non_null(strstr(got, "a... 275904 more\""));
	free(got);
	got = json_of(btf, id, numbers, sizeof(numbers), true);
	assert_int_equal(count(got, "a"), sizeof(numbers));
	free(got);
	got = json_of(btf, 0, numbers, sizeof(numbers), false);
	assert_int_equal(count(got, "61"), IOU_DUMP_BYTES);
	assert_non_null(strstr(got, "61... 279744 more\""));
	free(got);
	btf__free(btf);
}

/* A document is bounded as well, and its values after the last that fits are short. */
static void budget(void **state)
{
	static uint32_t numbers[70000];
	struct btf *btf = new_btf();
	int id = add_array(btf, 1, 70000);
	struct iou_doc *doc = iou_doc_new("t/1");
	struct iou_dump dump;
	size_t before;

	(void)state;
	iou_dump_init(&dump, btf, true);
	before = dump.left;
	iou_dump_value(&dump, doc, "a", (uint32_t)id, numbers, sizeof(numbers));
	assert_int_equal(before - dump.left, 70001);
	dump.left = 10;
	iou_dump_value(&dump, doc, "b", (uint32_t)id, numbers, sizeof(numbers));
	assert_int_equal(dump.left, 0);
	assert_int_equal(doc->last->first->next->next->next->type, IOU_DOC_U64);
	assert_string_equal(doc->last->last->value.string, "... 69991 more");
	iou_doc_free(doc);
	btf__free(btf);
}

static void sums(void **state)
{
	const struct {
		uint64_t hits;
		int32_t delta;
		char name[4];
		uint32_t list[2];
		uint32_t state;
	} value[2] = {{UINT64_MAX, -5, "ab", {1, UINT32_MAX}, 7},
		      {2, -6, "cd", {2, UINT32_MAX}, 8}};
	struct btf *btf = new_btf();
	int u64 = btf__add_int(btf, "u64", 8, 0), id;
	int s32 = btf__add_int(btf, "int", 4, BTF_INT_SIGNED);
	int string = add_array(btf, btf__add_int(btf, "char", 1, 0), 4);
	int list = add_array(btf, 1, 2);
	int enumeration = btf__add_enum(btf, "e", 4);
	struct iou_doc *doc = iou_doc_new("t/1"), *values = iou_doc_array(doc, "values");
	struct iou_dump dump;
	char *got;

	(void)state;
	id = btf__add_struct(btf, "s", sizeof(value[0]));
	btf__add_field(btf, "hits", u64, 0, 0);
	btf__add_field(btf, "delta", s32, 64, 0);
	btf__add_field(btf, "name", string, 96, 0);
	btf__add_field(btf, "list", list, 128, 0);
	btf__add_field(btf, "state", enumeration, 192, 0);
	iou_dump_init(&dump, btf, false);
	for (int i = 0; i < 2; i++)
		iou_dump_value(&dump, values, NULL, (uint32_t)id, &value[i], sizeof(value[i]));
	iou_dump_sum(doc, "sum", values);
	/* Names, and numbers in the place of names, are nothing to add up. */
	values = iou_doc_array(doc, "none");
	iou_dump_value(&dump, values, NULL, (uint32_t)enumeration, &value[0].state, 4);
	assert_int_equal(iou_dump_sum(doc, "no_sum", values)->type, IOU_DOC_NULL);
	iou_dump_sum(doc, "nothing", iou_doc_array(doc, "empty"));
	got = render(doc, IOU_FORMAT_JSON);
	assert_non_null(strstr(got, "\"sum\":{\"hits\":1,\"delta\":-11,\"list\":[3,8589934590]},"
				    "\"none\":[7],\"no_sum\":null,\"empty\":[],\"nothing\":null}"));
	free(got);
	iou_doc_free(doc);
	btf__free(btf);
}

static void text(void **state)
{
	const struct {
		uint32_t number;
		char name[4];
		uint32_t list[2];
	} value = {1234567, "a\"b", {1000, 2}};
	struct btf *btf = new_btf();
	int string = add_array(btf, btf__add_int(btf, "char", 1, 0), 4);
	int list = add_array(btf, 1, 2), id;
	struct iou_doc *doc = iou_doc_new("t/1");
	struct iou_dump dump;
	char *got;

	(void)state;
	id = btf__add_struct(btf, "s", sizeof(value));
	btf__add_field(btf, "number", 1, 0, 0);
	btf__add_field(btf, "na\033me", string, 32, 0);
	btf__add_field(btf, "list", list, 64, 0);
	iou_dump_init(&dump, btf, false);
	iou_doc_label(iou_dump_value(&dump, doc, "s", (uint32_t)id, &value, sizeof(value)), "s");
	iou_dump_value(&dump, doc, "unseen", (uint32_t)id, &value, sizeof(value));
	iou_doc_label(iou_dump_value(&dump, doc, "n", 1, &value, sizeof(value)), "number");
	got = render(doc, IOU_FORMAT_TEXT);
	assert_string_equal(got, "s       {number 1234567, na\\x1bme \"a\"b\", list [1000, 2]}\n"
				 "number  1,234,567\n");
	free(got);
	iou_doc_free(doc);
	btf__free(btf);
}

/* Any damage to the BTF of a real object: every type of it, with some bytes. */
static void damaged(void **state)
{
	static const char bytes[64] = "some bytes \1\2\3\xff\xfe";
	struct btf *btf = btf__parse_elf(TEST_OBJECTS "/dump.bpf.o", NULL), *other;
	uint32_t size, random = 1, tried = 0;
	const void *raw;
	uint8_t *copy;

	(void)state;
	assert_non_null(btf);
	libbpf_set_print(NULL);
	raw = btf__raw_data(btf, &size);
	copy = malloc(size);
	for (int round = 0; round < 2000; round++) {
		memcpy(copy, raw, size);
		for (int i = 0; i <= round % 4; i++) {
			random = random * 1664525 + 1013904223;
			copy[sizeof(struct btf_header) +
			     (random >> 8) % (size - sizeof(struct btf_header))] =
				(uint8_t)(random >> 3);
		}
		other = btf__new(copy, size);
		if (!other)
			continue;
		tried++;
		for (__u32 id = 0; id < btf__type_cnt(other); id++)
			free(json_of(other, (int)id, bytes, sizeof(bytes), false));
		btf__free(other);
	}
	/* Else this test looks at nothing. */
	assert_true(tried > 200);
	free(copy);
	btf__free(btf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(integers),
		cmocka_unit_test(words),
		cmocka_unit_test(pointers_and_floats),
		cmocka_unit_test(qualified),
		cmocka_unit_test(composites),
		cmocka_unit_test(misfits),
		cmocka_unit_test(cycles),
		cmocka_unit_test(large),
		cmocka_unit_test(budget),
		cmocka_unit_test(sums),
		cmocka_unit_test(text),
		cmocka_unit_test(damaged),
	};

	return cmocka_run_group_tests_name("dump", tests, NULL, NULL);
}
