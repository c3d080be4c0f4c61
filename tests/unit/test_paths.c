// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "test.h"

#include "loop/paths.h"

/* What @text is read as: its names with '|' between them, or the message of its error. */
static const char *read_as(const char *text)
{
	static char joined[2 * IOU_PATH_STRIDE];
	struct iou_path_list list = {};
	struct iou_err err = {};
	const char *at;

	if (iou_path_list_read(&list, "files", text, true, &err)) {
		assert_null(list.text);
		snprintf(joined, sizeof(joined), "%s", err.message);
		iou_err_release(&err);
		return joined;
	}
	joined[0] = '\0';
	at = list.text;
	for (size_t i = 0; i < list.nr; i++, at += strlen(at) + 1) {
		strcat(joined, i ? "|" : "");
		strcat(joined, at);
	}
	iou_path_list_release(&list);
	return joined;
}

static void texts(void **state)
{
	(void)state;
	assert_string_equal(read_as("a"), "a");
	assert_string_equal(read_as("a,b c,/d"), "a|b c|/d");
	assert_string_equal(read_as("a\\,b,c"), "a,b|c");
	assert_string_equal(read_as("a\\\\,b"), "a\\|b");
	assert_string_equal(read_as("a\\b\\"), "a\\b\\");
	assert_string_equal(read_as("a\nb,./@c,@d"), "a\nb|./@c|@d");
	assert_string_equal(read_as(""), "name 1 of files is empty");
	assert_string_equal(read_as("a,,b"), "name 2 of files is empty");
	assert_string_equal(read_as("a,"), "name 2 of files is empty");
	assert_string_equal(read_as("@"), "files=@ names no list");
}

/* A list whose content is @data. */
static const char *read_file(const char *data, size_t size)
{
	char name[] = "/tmp/iouctl-paths.XXXXXX", text[64], *error;
	static char result[2 * IOU_PATH_STRIDE];
	int fd = mkstemp(name);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, size), size);
	close(fd);
	snprintf(text, sizeof(text), "@%s", name);
	snprintf(result, sizeof(result), "%s", read_as(text));
	unlink(name);
	error = strstr(result, name);
	if (error)
		memmove(error, error + strlen(name), strlen(error + strlen(name)) + 1);
	return result;
}

#define FILE_OF(text) read_file(text, sizeof(text) - 1)

static void files(void **state)
{
	(void)state;
	assert_string_equal(FILE_OF(""), "");
	assert_string_equal(FILE_OF("a\n"), "a");
	assert_string_equal(FILE_OF("a,b\\,c\n d \n@e"), "a,b\\,c| d |@e");
	assert_string_equal(FILE_OF("a\nb\0c\0"), "a\nb|c");
	assert_string_equal(FILE_OF("a\0b"), "a|b");
	assert_string_equal(FILE_OF("a\n\nb\n"), "name 2 of files in  is empty");
	assert_string_equal(FILE_OF("\n"), "name 1 of files in  is empty");
	assert_string_equal(FILE_OF("a\0\0b"), "name 2 of files in  is empty");
	assert_string_equal(read_as("@/nonexistent/x"),
			    "cannot open '/nonexistent/x', the list of files");
	assert_string_equal(read_as("@/"), "cannot read '/', the list of files");
	assert_string_equal(read_as("@/dev/zero"), "files has more than 4096 names");
}

static void limits(void **state)
{
	size_t size = 2 * (IOU_PATHS_MAX + 1);
	char *many = malloc(size), name[IOU_PATH_STRIDE + 1];
	struct iou_path_list list = {};

	(void)state;
	for (size_t i = 0; i < size; i++)
		many[i] = i % 2 ? ',' : 'a';
	many[size - 1] = '\0';
	assert_string_equal(read_as(many), "files has more than 4096 names");
	many[size - 3] = '\0';
	assert_int_equal(iou_path_list_read(&list, "files", many, true, NULL), 0);
	assert_int_equal(list.nr, 4096);
	iou_path_list_release(&list);
	free(many);
	memset(name, 'x', sizeof(name));
	name[IOU_PATH_STRIDE] = '\0';
	assert_string_equal(read_as(name), "name 1 of files is longer than 4095 bytes");
	assert_string_equal(read_as(name + 1), name + 1);
}

/* Nothing is opened where it was not asked for. */
static void unopened(void **state)
{
	struct iou_path_list list = {.nr = 7};

	(void)state;
	assert_int_equal(iou_path_list_read(&list, "files", "@/nonexistent", false, NULL), 0);
	assert_int_equal(list.nr, 7);
	assert_null(list.text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts),
		cmocka_unit_test(files),
		cmocka_unit_test(limits),
		cmocka_unit_test(unopened),
	};

	return cmocka_run_group_tests_name("paths", tests, NULL, NULL);
}
