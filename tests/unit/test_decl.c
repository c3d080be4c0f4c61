// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <bpf/btf.h>

#include "test.h"

#include "loop/decl.h"

/* BTF with one variable for each pair of name and tag. */
static struct btf *make(const char *const (*pairs)[2], size_t nr)
{
	struct btf *btf = btf__new_empty();
	int type = btf__add_int(btf, "long", 8, 0);

	for (size_t i = 0; i < nr; i++) {
		int var = btf__add_var(btf, pairs[i][0], BTF_VAR_GLOBAL_ALLOCATED, type);

		assert_true(btf__add_decl_tag(btf, pairs[i][1], var, -1) > 0);
	}
	return btf;
}

static int read_one(const char *name, const char *tag, struct iou_decls *decls, struct iou_err *err)
{
	const char *const pairs[1][2] = {{name, tag}};
	struct btf *btf = make(pairs, 1);
	int ret = iou_decls_read(decls, btf, err);

	btf__free(btf);
	return ret;
}

static void good(void **state)
{
	static const char *const pairs[][2] = {
		{"count", "iou:param;kind=u64;min=1;max=100;unit=requests;help=how many; x=y"},
		{"low", "iou:param;kind=s64;min=-5;max=0x10;unit=;help="},
		{"all_done", "iou:stat;kind=counter;of=max_count;unit=requests;help=h"},
		{"my_loop", "iou:loop;sq=8;cq=512;help=a loop"},
		{"later", "iou:param;kind=u32;min=0;max=1;newkey=1;help=h"},
		{"other", "somebody's own tag"},
	};
	struct btf *btf = make(pairs, 6);
	struct iou_decls decls;
	struct iou_err err = {};

	(void)state;
	assert_int_equal(iou_decls_read(&decls, btf, &err), 0);
	btf__free(btf);
	assert_int_equal(decls.nr, 5);
	assert_string_equal(decls.list[0].name, "count");
	assert_string_equal(decls.list[0].help, "how many; x=y");
	assert_string_equal(decls.list[0].unit, "requests");
	assert_int_equal(decls.list[0].kind, IOU_KIND_U64);
	assert_int_equal(decls.list[0].min.u, 1);
	assert_int_equal(decls.list[0].max.u, 100);
	assert_int_equal(decls.list[1].min.s, -5);
	assert_int_equal(decls.list[1].max.s, 16);
	assert_string_equal(decls.list[2].name, "all-done");
	assert_string_equal(decls.list[2].variable, "all_done");
	assert_string_equal(decls.list[2].of, "max-count");
	assert_int_equal(decls.list[3].what, IOU_DECL_LOOP);
	assert_string_equal(decls.list[3].sq, "8");
	assert_string_equal(decls.list[3].cq, "512");
	iou_decls_release(&decls);
}

static void optional(void **state)
{
	static const char *const pairs[][2] = {
		{"must", "iou:param;kind=infile;def=;optional=0;help=h"},
		{"may", "iou:param;optional=1;kind=infile;def=;help=h"},
		{"to", "iou:param;kind=connect;optional=1;help=h"},
		{"has", "iou:param;kind=listen;def=a:1;help=h"},
		{"nr", "iou:param;kind=u32;min=0;max=1;help=h"},
	};
	struct btf *btf = make(pairs, 5);
	struct iou_decls decls;
	struct iou_err err = {};

	(void)state;
	assert_int_equal(iou_decls_read(&decls, btf, &err), 0);
	btf__free(btf);
	for (size_t i = 0; i < 5; i++) {
		assert_int_equal(decls.list[i].optional, i == 1 || i == 2);
		assert_int_equal(iou_decl_must_be_set(&decls.list[i]), i == 0);
		assert_int_equal(iou_decl_is_opened(&decls.list[i]), i < 4);
	}
	iou_decls_release(&decls);
}

static void bad(void **state)
{
	static const char *const tags[] = {
		"iou:parm;kind=u64;min=0;max=1;help=h",
		"iou:",
		"iou:param;kind=u65;min=0;max=1;help=h",
		"iou:param;kind=counter;min=0;max=1;help=h",
		"iou:param;kind=u64;min=2;max=1;help=h",
		"iou:param;kind=u64;min=x;max=1;help=h",
		"iou:param;kind=u64;min;max=1;help=h",
		"iou:stat;kind=u64;help=h",
		"iou:param;min=0;max=1;help=h",
		"iou:param;kind=choice;help=h",
		"iou:param;kind=choice;choices=;help=h",
		"iou:param;kind=choice;choices=a||b;help=h",
		"iou:param;kind=choice;choices=a|a;help=h",
		"iou:param;kind=choice;choices=$(id)|b;help=h",
		"iou:param;kind=choices;def=a;help=h",
		"iou:param;kind=choices;choices=a|a b;help=h",
		"iou:param;kind=choices;choices=a|b;optional=1;help=h",
		"iou:param;kind=mem;nr=4;help=h",
		"iou:param;kind=buf-ring;size=4;help=h",
		"iou:param;kind=pipes;nr=4;help=h",
		"iou:param;kind=direct;help=h",
		"iou:param;kind=histogram;help=h",
		"iou:param;kind=s64;min=1;max=-1;help=h",
		"iou:param;kind=infile;optional=maybe;help=h",
		"iou:param;kind=infile;optional=;help=h",
		"iou:param;kind=infile;def=-;optional=1;help=h",
		"iou:param;optional=1;def=a:1;kind=connect;help=h",
		"iou:param;kind=direct;nr=1;optional=1;help=h",
		"iou:param;kind=u64;min=0;max=1;optional=1;help=h",
		"iou:stat;kind=counter;optional=1;help=h",
		"iou:loop;optional=1;help=h",
		"iou:stat;kind=counter;by=colour;help=h",
		"iou:stat;kind=gauge;by=opcode;help=h",
		"iou:stat;kind=counter;of=count;by=opcode;help=h",
		"iou:param;kind=u64;min=0;max=1;by=opcode;help=h",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++) {
		struct iou_decls decls = {.nr = 77};
		struct iou_err err = {};

		assert_true(read_one("v", tags[i], &decls, &err) < 0);
		assert_int_equal(err.cause, IOU_CAUSE_REJECTED);
		assert_int_equal(decls.nr, 77);
		assert_non_null(strstr(err.message, "'v'"));
	}
}

static void names(void **state)
{
	static const char good_tag[] = "iou:param;kind=u64;min=0;max=1;help=h";
	static const char *const bad_names[] = {
		"Upper",
		"sp ace",
		"esc\033",
		"a_name_that_is_far_too_long_for_anybody_to_type",
	};
	static const char *const twice[][2] = {
		{"a_b", "iou:stat;kind=gauge;unit=;help=h"},
		{"a_b", "iou:stat;kind=gauge;unit=;help=h"},
	};
	struct btf *btf = make(twice, 2);
	struct iou_decls decls;
	struct iou_err err = {};

	(void)state;
	for (size_t i = 0; i < sizeof(bad_names) / sizeof(bad_names[0]); i++) {
		struct btf *one = btf__new_empty();
		int type = btf__add_int(one, "long", 8, 0);
		int var = btf__add_var(one, bad_names[i], BTF_VAR_GLOBAL_ALLOCATED, type);

		assert_true(var > 0);
		btf__add_decl_tag(one, good_tag, var, -1);
		assert_true(iou_decls_read(&decls, one, &err) < 0);
		assert_int_equal(err.cause, IOU_CAUSE_REJECTED);
		btf__free(one);
	}
	assert_true(iou_decls_read(&decls, btf, &err) < 0);
	assert_non_null(strstr(err.message, "declared twice"));
	btf__free(btf);
	iou_err_release(&err);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good),
		cmocka_unit_test(optional),
		cmocka_unit_test(bad),
		cmocka_unit_test(names),
	};

	return cmocka_run_group_tests_name("decl", tests, NULL, NULL);
}
