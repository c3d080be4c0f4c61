// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What is tied to a loop: the layout, as bpftool is told of it, and what strangers may have put
 * there. */
#include <bpf/btf.h>
#include <errno.h>

#include "test.h"

#include "base/cleanup.h"
#include "meta/internal.h"

static struct iou_meta_value whole(void)
{
	struct iou_meta_value value = {
		.format = META_FORMAT,
		.meta = {.loop = "pass",
			 .source = "built-in",
			 .version = "1.2.3",
			 .pid = 77,
			 .ring_fd = -1,
			 .ring_ino = UINT64_MAX,
			 .holder = 78,
			 .since_ns = 1234567890123456789},
	};

	return value;
}

static void decodes(void **state)
{
	struct iou_meta_value value = whole();
	struct iou_meta meta;

	(void)state;
	assert_int_equal(iou_meta_decode(&value, sizeof(value), &meta), 0);
	assert_string_equal(meta.loop, "pass");
	assert_string_equal(meta.source, "built-in");
	assert_string_equal(meta.version, "1.2.3");
	assert_int_equal(meta.pid, 77);
	assert_int_equal(meta.ring_fd, -1);
	assert_true(meta.ring_ino == UINT64_MAX);
	assert_int_equal(meta.holder, 78);
	assert_true(meta.since_ns == 1234567890123456789);
}

static void refuses(void **state)
{
	struct iou_meta_value value = whole();
	struct iou_meta meta = {.pid = 5};

	(void)state;
	assert_int_equal(iou_meta_decode(&value, sizeof(value) - 1, &meta), -ENOENT);
	assert_int_equal(iou_meta_decode(&value, 0, &meta), -ENOENT);
	value.format[6]++;
	assert_int_equal(iou_meta_decode(&value, sizeof(value), &meta), -ENOENT);
	assert_int_equal(meta.pid, 5);
}

static void terminates(void **state)
{
	struct iou_meta_value value = whole();
	struct iou_meta meta;

	(void)state;
	memset(value.meta.loop, 'l', sizeof(value.meta.loop));
	memset(value.meta.source, 's', sizeof(value.meta.source));
	memset(value.meta.version, 'v', sizeof(value.meta.version));
	assert_int_equal(iou_meta_decode(&value, sizeof(value), &meta), 0);
	assert_int_equal(strnlen(meta.loop, sizeof(meta.loop)), sizeof(meta.loop) - 1);
	assert_int_equal(strnlen(meta.source, sizeof(meta.source)), sizeof(meta.source) - 1);
	assert_int_equal(strnlen(meta.version, sizeof(meta.version)), sizeof(meta.version) - 1);
}

/* The variable of @name: where it is, or -1. */
static int offset_of(const struct btf *btf, uint32_t section, const char *name, size_t size)
{
	const struct btf_type *t = btf__type_by_id(btf, section);
	const struct btf_var_secinfo *info = btf_var_secinfos(t);

	for (int i = 0; i < btf_vlen(t); i++) {
		const struct btf_type *var = btf__type_by_id(btf, info[i].type);

		if (strcmp(btf__name_by_offset(btf, var->name_off), name) == 0 &&
		    info[i].size == size && btf__resolve_size(btf, var->type) == (int64_t)size)
			return (int)info[i].offset;
	}
	return -1;
}

#define CHECK(field, name)                                                       \
	assert_int_equal(offset_of(btf, section, "bpf_metadata_iouctl_" name,    \
				   sizeof(((struct iou_meta_value *)0)->field)), \
			 offsetof(struct iou_meta_value, field))

static void describes(void **state)
{
	uint32_t section = 0, end = 0;
	struct btf *btf = iou_meta_btf(&section);
	const struct btf_var_secinfo *info;

	(void)state;
	assert_non_null(btf);
	assert_true(btf_is_datasec(btf__type_by_id(btf, section)));
	assert_int_equal(btf__type_by_id(btf, section)->size, sizeof(struct iou_meta_value));
	CHECK(format, "format");
	CHECK(meta.loop, "loop");
	CHECK(meta.source, "source");
	CHECK(meta.version, "version");
	CHECK(meta.pid, "pid");
	CHECK(meta.ring_fd, "ring_fd");
	CHECK(meta.ring_ino, "ring_ino");
	CHECK(meta.holder, "holder");
	CHECK(meta.since_ns, "since_ns");
	/* The kernel wants them in order, and apart. */
	info = btf_var_secinfos(btf__type_by_id(btf, section));
	for (int i = 0; i < btf_vlen(btf__type_by_id(btf, section)); i++) {
		assert_true(info[i].offset >= end);
		end = info[i].offset + info[i].size;
	}
	btf__free(btf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decodes),
		cmocka_unit_test(refuses),
		cmocka_unit_test(terminates),
		cmocka_unit_test(describes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
