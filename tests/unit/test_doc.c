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
	fclose(out);
	iou_doc_free(doc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text),
		cmocka_unit_test(json),
		cmocka_unit_test(short_of_memory),
	};

	return cmocka_run_group_tests_name("doc", tests, NULL, NULL);
}
