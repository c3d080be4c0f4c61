// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Files of jobs: what is in them, that it is looked at, and that nothing is left of them. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "test.h"

#include "bench/bench.h"
#include "bench/files.h"

/* A size that is no whole number of what is written at a time. */
#define SIZE ((UINT64_C(600) << 10) + 512)
#define BLOCK 512

static char directory[] = "/tmp/test-benchfiles.XXXXXX";

static int make_directory(void **state)
{
	(void)state;
	return mkdtemp(directory) ? 0 : -1;
}

static int remove_directory(void **state)
{
	(void)state;
	return rmdir(directory);
}

static int make(uint64_t size)
{
	int fd = -1;

	assert_int_equal(iou_bench_file_make(&fd, directory, size, NULL), 0);
	return fd;
}

static void contents(void **state)
{
	struct iou_err err = {};
	uint64_t word = 1;
	int fd = make(SIZE);

	(void)state;
	assert_int_equal(lseek(fd, 0, SEEK_CUR), 0);
	assert_int_equal(iou_bench_file_check(fd, SIZE, &err), 0);
	assert_true(iou_bench_file_check(fd, SIZE - BLOCK, &err) < 0);
	assert_non_null(strstr(err.message, "bytes, not"));

	/* The last word, and one in the midst. */
	assert_int_equal(pwrite(fd, &word, sizeof(word), SIZE - sizeof(word)), sizeof(word));
	assert_true(iou_bench_file_check(fd, SIZE, &err) < 0);
	assert_non_null(strstr(err.message, "in the 90624 bytes from byte 524288 on"));
	close(fd);
	fd = make(SIZE);
	assert_int_equal(pwrite(fd, &word, 1, 300000), 1);
	assert_true(iou_bench_file_check(fd, SIZE, &err) < 0);
	assert_non_null(strstr(err.message, "from byte 262144 on"));
	close(fd);
}

static void blocks(void **state)
{
	uint64_t data[2 * BLOCK / sizeof(uint64_t)] = {};
	const uint64_t *second = data + BLOCK / sizeof(uint64_t);
	int fd = make(SIZE);

	(void)state;
	assert_false(iou_bench_block_is_right(data, BLOCK, SIZE));
	assert_int_equal(pread(fd, data, sizeof(data), 4096), sizeof(data));
	assert_true(iou_bench_block_is_right(data, BLOCK, SIZE));
	assert_true(iou_bench_block_is_right(second, BLOCK, SIZE));
	assert_true(iou_bench_block_is_right(data, sizeof(data), SIZE));
	/* From beyond the end, and from where no block begins. */
	assert_false(iou_bench_block_is_right(data, BLOCK, 4096));
	assert_false(iou_bench_block_is_right(data + 1, BLOCK, SIZE));
	data[BLOCK / sizeof(uint64_t) - 1] ^= 1;
	assert_false(iou_bench_block_is_right(data, BLOCK, SIZE));
	assert_true(iou_bench_block_is_right(second, BLOCK, SIZE));
	close(fd);
}

static void no_traces(void **state)
{
	int fd = make(BLOCK), again, entries = 0;
	char path[IOU_BENCH_FILE_PATH], byte;
	DIR *dir = opendir(directory);

	(void)state;
	assert_non_null(dir);
	while (readdir(dir))
		entries++;
	closedir(dir);
	assert_int_equal(entries, 2);

	/* But it can be opened by others. */
	again = open(iou_bench_file_path(path, fd), O_RDONLY);
	assert_true(again >= 0);
	assert_int_equal(read(again, &byte, 1), 1);
	close(again);
	close(fd);
}

static void no_place(void **state)
{
	struct iou_err err = {};
	int fd = -1;

	(void)state;
	assert_int_equal(iou_bench_file_make(&fd, "/nowhere/at/all", BLOCK, &err), -ENOENT);
	assert_int_equal(err.cause, IOU_CAUSE_USAGE);
	assert_int_equal(fd, -1);
}

static const struct iou_bench_variant *variant_of(const struct iou_bench_job *job, const char *name)
{
	for (size_t i = 0; i < job->variants_nr; i++)
		if (strcmp(job->variants[i].name, name) == 0)
			return &job->variants[i];
	fail_msg("no variant '%s'", name);
	return NULL;
}

static bool fits(const char *job, const char *variant, const char *param, uint64_t value)
{
	const struct iou_bench_job *found = iou_bench_job_find(job);
	struct iou_bench_work work = {};
	const struct iou_bench_variant *v;

	assert_non_null(found);
	for (size_t i = 0; i < found->params_nr; i++)
		work.values[i].number = strcmp(found->params[i].name, param) == 0
						? value
						: found->params[i].def;
	v = variant_of(found, variant);
	return !v->fits || v->fits(&work);
}

static void what_fits(void **state)
{
	(void)state;
	assert_true(fits("read", "links-32", "depth", 1));
	assert_false(fits("read", "links-32", "depth", 2));
	assert_true(fits("read", "links-32", "direct", 1));
	assert_true(fits("read", "loop", "depth", 2));
	assert_true(fits("copy", "splice", "direct", 0));
	assert_false(fits("copy", "splice", "direct", 1));
	assert_false(fits("copy", "copy-file-range", "direct", 1));
	assert_true(fits("copy", "links-2", "direct", 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(contents),  cmocka_unit_test(blocks),
		cmocka_unit_test(no_traces), cmocka_unit_test(no_place),
		cmocka_unit_test(what_fits),
	};

	return cmocka_run_group_tests_name("benchfiles", tests, make_directory, remove_directory);
}
