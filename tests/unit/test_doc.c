// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>

#include "test.h"

#include "render/render.h"

static struct iou_doc *sample(void)
{
	struct iou_doc *doc = iou_doc_new("test/1"), *in, *table, *row, *field;

	iou_doc_string(doc, "name", "name", "a\033b");
	in = iou_doc_object(doc, "run");
	field = iou_doc_u64(in, "elapsed_ns", "time", UINT64_MAX);
	iou_doc_text(field, "%d s", 3);
	iou_doc_s64(in, "low", "lowest value", INT64_MIN);
	iou_doc_bool(in, "hidden", NULL, true);
	iou_doc_u64(in, NULL, "shown", 1234567);
	iou_doc_null(in, "nothing", NULL);
	iou_doc_string(in, "also_nothing", "none", NULL);
	table = iou_doc_table(doc, "rows");
	row = iou_doc_object(table, NULL);
	iou_doc_string(row, "a", "A", "x");
	iou_doc_string(row, "id", NULL, "1");
	iou_doc_string(row, "b", "LONGER", "y");
	row = iou_doc_object(table, NULL);
	iou_doc_string(row, "a", "A", "long€");
	iou_doc_string(row, "b", "LONGER", "");
	return doc;
}

static char *render(const struct iou_doc *doc, enum iou_format format)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_int_equal(iou_render(out, doc, format), 0);
	fclose(out);
	return text;
}

static void text(void **state)
{
	struct iou_doc *doc = sample();
	char *got = render(doc, IOU_FORMAT_TEXT);

	(void)state;
	assert_string_equal(got, "name          a\\x1bb\n"
				 "time          3 s\n"
				 "lowest value  -9223372036854775808\n"
				 "shown         1,234,567\n"
				 "none          -\n"
				 "A      LONGER\n"
				 "x      y\n"
				 "long€\n");
	free(got);
	iou_doc_free(doc);
}

static void json(void **state)
{
	struct iou_doc *doc = sample();
	char *line = render(doc, IOU_FORMAT_JSON), *pretty = render(doc, IOU_FORMAT_JSON_PRETTY);
	struct json_object *parsed, *run, *field;

	(void)state;
	assert_string_equal(line, "{\"schema\":\"test/1\",\"name\":\"a\\\\x1bb\",\"run\":{"
				  "\"elapsed_ns\":18446744073709551615,"
				  "\"low\":-9223372036854775808,\"hidden\":true,\"nothing\":null,"
				  "\"also_nothing\":null},\"rows\":[{\"a\":\"x\",\"id\":\"1\","
				  "\"b\":\"y\"},{\"a\":\"long€\",\"b\":\"\"}]}\n");
	parsed = json_tokener_parse(pretty);
	assert_non_null(parsed);
	assert_true(json_object_object_get_ex(parsed, "run", &run));
	assert_true(json_object_object_get_ex(run, "elapsed_ns", &field));
	assert_true(json_object_get_uint64(field) == UINT64_MAX);
	assert_non_null(strstr(pretty, "\n  \"name\""));
	json_object_put(parsed);
	free(line);
	free(pretty);
	iou_doc_free(doc);
}

/* A container with a label is one line, in which keys are the names; nothing else has a line. */
static void labelled(void **state)
{
	struct iou_doc *doc = iou_doc_new("test/1"), *in, *list, *field;
	char *got, *part;

	(void)state;
	in = iou_doc_object(doc, "globals");
	field = iou_doc_object(in, "point");
	iou_doc_label(field, "a point");
	iou_doc_u64(field, "x", "unused label", 1234567);
	iou_doc_u64(field, NULL, "unseen", 1);
	list = iou_doc_array(field, "list");
	iou_doc_null(list, NULL, NULL);
	iou_doc_bool(list, NULL, NULL, true);
	iou_doc_string(list, NULL, NULL, "a\033b");
	iou_doc_array(list, NULL);
	part = iou_render_inline(list);
	field = iou_doc_object(in, "hidden");
	iou_doc_object(field, "empty");
	list = iou_doc_array(in, "told");
	iou_doc_label(list, "old");
	iou_doc_label(list, "new\033");
	iou_doc_u64(list, NULL, NULL, 1);
	iou_doc_text(list, "one");
	iou_doc_label(iou_doc_object(in, "e"), "e");
	iou_doc_u64(in, "long", "a label that is longer than forty columns", 5);
	got = render(doc, IOU_FORMAT_TEXT);
	assert_string_equal(part, "[-, yes, a\\x1bb, []]");
	assert_string_equal(got, "a point  {x 1234567, list [-, yes, a\\x1bb, []]}\n"
				 "new\\x1b  one\n"
				 "e        {}\n"
				 "a label that is longer than forty columns  5\n");
	free(got);
	free(part);
	iou_doc_free(doc);
}

/* Names of fields may come from objects, as values do. */
static void names(void **state)
{
	struct iou_doc *doc = iou_doc_new("test/1");
	char *got;

	(void)state;
	iou_doc_u64(doc, "a\033\xff", "b\n", 1);
	got = render(doc, IOU_FORMAT_JSON);
	assert_string_equal(got, "{\"schema\":\"test/1\",\"a\\\\x1b\\\\xff\":1}\n");
	free(got);
	got = render(doc, IOU_FORMAT_TEXT);
	assert_string_equal(got, "b\\x0a  1\n");
	free(got);
	iou_doc_free(doc);
}

static void tables_apart(void **state)
{
	struct iou_doc *doc = iou_doc_new("test/1"), *table;
	char *got;

	(void)state;
	iou_doc_string(doc, "name", "name", "x");
	iou_doc_table_apart(doc, "empty");
	for (int nr = 0; nr < 2; nr++) {
		table = iou_doc_table_apart(doc, "rows");
		iou_doc_u64(iou_doc_object(table, NULL), "a", nr ? "B" : "A", 1000);
	}
	got = render(doc, IOU_FORMAT_TEXT);
	assert_string_equal(got, "name  x\n\nA\n1,000\n\nB\n1,000\n");
	free(got);
	iou_doc_free(doc);
}

static void json_lines(void **state)
{
	struct iou_doc *doc = iou_doc_new("test/1");
	char *got;

	(void)state;
	iou_doc_string(doc, "detail", NULL, "\none\n\ttwo\r\xff\n");
	got = render(doc, IOU_FORMAT_JSON);
	assert_string_equal(got, "{\"schema\":\"test/1\","
				 "\"detail\":\"\\none\\n\\ttwo\\\\x0d\\\\xff\\n\"}\n");
	free(got);
	iou_doc_free(doc);
}

/* Where memory was short, a document says so and not something else. */
static void short_of_memory(void **state)
{
	struct iou_doc *doc = iou_doc_new("test/1");
	FILE *out = fopen("/dev/null", "w");

	(void)state;
	doc->failed = true;
	assert_true(iou_render(out, doc, IOU_FORMAT_TEXT) < 0);
	assert_true(iou_render(out, NULL, IOU_FORMAT_JSON) < 0);
	assert_null(iou_doc_u64(NULL, "a", "a", 1));
	iou_doc_text(NULL, "nothing");
	iou_doc_label(NULL, "nothing");
	fclose(out);
	iou_doc_free(doc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text),
		cmocka_unit_test(json),
		cmocka_unit_test(json_lines),
		cmocka_unit_test(labelled),
		cmocka_unit_test(names),
		cmocka_unit_test(tables_apart),
		cmocka_unit_test(short_of_memory),
	};

	return cmocka_run_group_tests_name("doc", tests, NULL, NULL);
}
