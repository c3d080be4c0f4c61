// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What objects ask the kernel's BTF for, and objects that are damaged. */
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "test.h"

#include "base/cleanup.h"
#include "object/elf.h"
#include "object/needs.h"

static struct iou_needs needs;
static struct bpf_object *object;
static char *bytes;
static size_t size;

static void open_object(const char *name)
{
	char path[512];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s.bpf.o", TEST_OBJECTS, name);
	file = fopen(path, "re");
	assert_non_null(file);
	bytes = malloc(1 << 20);
	assert_non_null(bytes);
	size = fread(bytes, 1, 1 << 20, file);
	fclose(file);
	object = bpf_object__open_mem(bytes, size, NULL);
	assert_non_null(object);
}

static int teardown(void **state)
{
	(void)state;
	iou_needs_release(&needs);
	needs.places_nr = 0;
	bpf_object__close(object);
	free(bytes);
	return 0;
}

static const struct iou_need *find(const char *name, uint32_t kind)
{
	for (size_t i = 0; i < needs.nr; i++)
		if (needs.list[i].kind == kind && strcmp(needs.list[i].name, name) == 0)
			return &needs.list[i];
	return NULL;
}

static void needs_its_loop_and_functions(void **state)
{
	(void)state;
	open_object("othersnops");
	assert_int_equal(iou_needs_read(&needs, object, bytes, size), 0);
	assert_non_null(find("io_uring_bpf_ops", BTF_KIND_STRUCT));
	assert_non_null(find("bpf_struct_ops_io_uring_bpf_ops", BTF_KIND_STRUCT));
	assert_non_null(find("bpf_io_uring_submit_sqes", BTF_KIND_FUNC));
	assert_non_null(find("bpf_io_uring_get_region", BTF_KIND_FUNC));
	assert_true(find("iou_loop_params", BTF_KIND_STRUCT)->flavours);
	assert_int_equal(needs.nr, 5);
	assert_int_equal(needs.places_nr, 0);
}

/* By policy.bpf.h, which has flavours, and numbers of types as constants. */
static void needs_what_policies_do(void **state)
{
	(void)state;
	open_object("counting");
	assert_int_equal(iou_needs_read(&needs, object, bytes, size), 0);
	assert_non_null(find("bpf_rdonly_cast", BTF_KIND_FUNC));
	assert_true(find("io_ring_ctx", BTF_KIND_STRUCT)->flavours);
	assert_null(find("io_ring_ctx___iou", BTF_KIND_STRUCT));
	assert_true(needs.places_nr > 0);
	/* What some kernels have is no reason to read all of another's. */
	assert_true(find("bpf_task_work_schedule_signal", BTF_KIND_FUNC)->optional);
	assert_true(find("bpf_io_uring_wake", BTF_KIND_FUNC)->optional);
	assert_false(find("bpf_task_from_pid", BTF_KIND_FUNC)->optional);
}

static void leaves_other_programs_to_libbpf(void **state)
{
	(void)state;
	open_object("none");
	assert_int_equal(iou_needs_read(&needs, object, bytes, size), -ENOTSUP);
}

/* Whatever stands in .BTF.ext: nothing is read that is outside. */
static void takes_any_word(void **state)
{
	static const uint32_t values[] = {0, 1, 7, 12, 0x7fffffff, UINT32_MAX - 3};
	const void *section;
	size_t length;
	uint32_t *words;

	(void)state;
	open_object("counting");
	assert_true(iou_elf_section(bytes, size, ".BTF.ext", &section, &length));
	words = (uint32_t *)(uintptr_t)section;
	for (size_t at = 0; at < length / 4; at += at < 32 ? 1 : 3)
		for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
			uint32_t saved = words[at];

			words[at] = values[i];
			iou_needs_read(&needs, object, bytes, size);
			words[at] = saved;
			assert_true(needs.nr <= IOU_NEEDS_MAX);
			assert_true(needs.places_nr <= IOU_PLACES_MAX);
			iou_needs_release(&needs);
			needs.places_nr = 0;
		}
}

int main(void)
{
#define TEST(function) cmocka_unit_test_teardown(function, teardown)
	const struct CMUnitTest tests[] = {
		TEST(needs_its_loop_and_functions),
		TEST(needs_what_policies_do),
		TEST(leaves_other_programs_to_libbpf),
		TEST(takes_any_word),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
