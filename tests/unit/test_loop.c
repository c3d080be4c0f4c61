// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Opening objects and setting what is in them: needs no kernel support and no privilege. */
#include <errno.h>

#include <bpf/libbpf.h>

#include "test.h"

#include "loop/loop.h"

struct opened {
	struct iou_image image;
	struct iou_loop *loop;
};

static int open_loop(struct opened *o, const char *spec, const char *ops, struct iou_err *err)
{
	*o = (struct opened){};
	return iou_image_find(&o->image, spec, err) ?: iou_loop_open(&o->loop, &o->image, ops, err);
}

static void close_loop(struct opened *o)
{
	iou_loop_free(o->loop);
	iou_image_release(&o->image);
}

static void builtin(void **state)
{
	const struct iou_decl *param;
	struct iou_err err = {};
	struct opened o;
	uint64_t value;

	(void)state;
	assert_int_equal(open_loop(&o, "nop-chain", NULL, &err), 0);
	assert_string_equal(iou_loop_name(o.loop), "nop-chain");
	assert_string_equal(iou_loop_source(o.loop), "built-in");
	assert_non_null(iou_loop_self(o.loop));
	param = iou_loop_param(o.loop, "count");
	assert_non_null(param);
	assert_null(iou_loop_param(o.loop, "completed"));
	assert_int_equal(iou_loop_param_get(o.loop, param, &value), 0);
	assert_int_equal(value, 1000000);
	assert_int_equal(iou_loop_param_set(o.loop, param, "9223372036854775807", &err), 0);
	assert_int_equal(iou_loop_param_get(o.loop, param, &value), 0);
	assert_true(value == INT64_MAX);
	assert_true(iou_loop_param_set(o.loop, param, "0", &err) < 0);
	assert_int_equal(err.cause, IOU_CAUSE_USAGE);
	assert_true(iou_loop_param_set(o.loop, param, "9223372036854775808", &err) < 0);
	assert_true(iou_loop_param_set(o.loop, param, "12x", &err) < 0);
	assert_int_equal(iou_loop_param_get(o.loop, param, &value), 0);
	assert_true(value == INT64_MAX);
	close_loop(&o);
}

static void variables(void **state)
{
	struct iou_var geometry, field;
	struct iou_err err = {};
	struct opened o;
	uint64_t value;

	(void)state;
	assert_int_equal(open_loop(&o, "nop-chain", NULL, &err), 0);
	assert_int_equal(iou_loop_var(o.loop, "iou_geometry", &geometry), 0);
	assert_int_equal(iou_loop_var(o.loop, "iou_geometry.cq_entries", &field), 0);
	assert_ptr_equal(geometry.map, field.map);
	assert_int_equal(field.offset, geometry.offset + 4);
	assert_int_equal(field.size, 4);
	assert_int_equal(iou_loop_var_set(o.loop, "iou_geometry.cq_entries", 512), 0);
	assert_int_equal(iou_loop_var_get(o.loop, "iou_geometry.cq_entries", &value), 0);
	assert_int_equal(value, 512);
	assert_int_equal(iou_loop_var_get(o.loop, "iou_control.step_budget", &value), 0);
	assert_int_equal(value, 1024);
	assert_int_equal(iou_loop_var(o.loop, "iou_geometry.nothing", &field), -ENOENT);
	assert_int_equal(iou_loop_var(o.loop, "iou_geom", &field), -ENOENT);
	assert_int_equal(iou_loop_var(o.loop, "iou_geometry.cq_entries.x", &field), -ENOENT);
	assert_int_equal(iou_loop_var(o.loop, "", &field), -ENOENT);
	/* Not an integer. */
	assert_int_equal(iou_loop_var_set(o.loop, "iou_control.stop_text", 1), -EINVAL);
	close_loop(&o);
}

static void several(void **state)
{
	struct iou_err err = {};
	struct opened o;

	(void)state;
	assert_true(open_loop(&o, TEST_OBJECTS "/two.bpf.o", NULL, &err) < 0);
	assert_int_equal(err.cause, IOU_CAUSE_REJECTED);
	assert_non_null(strstr(err.hint, "one, other"));
	close_loop(&o);
	assert_int_equal(open_loop(&o, TEST_OBJECTS "/two.bpf.o", "other", &err), 0);
	assert_string_equal(iou_loop_name(o.loop), "two");
	assert_string_equal(iou_loop_self(o.loop)->variable, "other");
	close_loop(&o);
	assert_true(open_loop(&o, TEST_OBJECTS "/two.bpf.o", "third", &err) < 0);
	assert_int_equal(err.cause, IOU_CAUSE_USAGE);
	close_loop(&o);
}

static bool is_loaded(const struct opened *o, const char *program)
{
	struct bpf_program *prog = bpf_object__find_program_by_name(iou_loop_object(o->loop),
								    program);

	assert_non_null(prog);
	return bpf_program__autoload(prog);
}

/* The check of one loop is not loaded with another. */
static void checks(void **state)
{
	static const char object[] = TEST_OBJECTS "/choosy.bpf.o";
	struct iou_err err = {};
	struct opened o;

	(void)state;
	assert_int_equal(open_loop(&o, object, "choosy", &err), 0);
	assert_true(is_loaded(&o, "choosy_check"));
	assert_false(is_loaded(&o, "other_check"));
	close_loop(&o);
	assert_int_equal(open_loop(&o, object, "other", &err), 0);
	assert_false(is_loaded(&o, "choosy_check"));
	assert_true(is_loaded(&o, "other_check"));
	close_loop(&o);
}

static void texts(void **state)
{
	struct iou_err err = {};
	struct opened o;
	struct iou_var var;
	char text[8];

	(void)state;
	assert_int_equal(open_loop(&o, "nop-chain", NULL, &err), 0);
	assert_int_equal(iou_loop_var(o.loop, "iou_control.stop_text", &var), 0);
	memset(iou_loop_var_data(o.loop, &var), 'x', var.size);
	iou_loop_var_text(o.loop, "iou_control.stop_text", text, sizeof(text));
	assert_string_equal(text, "xxxxxxx");
	strcpy(iou_loop_var_data(o.loop, &var), "why");
	iou_loop_var_text(o.loop, "iou_control.stop_text", text, sizeof(text));
	assert_string_equal(text, "why");
	/* No more than the variable has. */
	iou_loop_var_text(o.loop, "iou_control.stop_text[0]", text, sizeof(text));
	assert_string_equal(text, "w");
	iou_loop_var_text(o.loop, "iou_control.nothing", text, sizeof(text));
	assert_string_equal(text, "");
	close_loop(&o);
}

static void not_loops(void **state)
{
	static const struct {
		const char *spec;
		enum iou_cause cause;
	} cases[] = {
		{TEST_OBJECTS "/none.bpf.o", IOU_CAUSE_REJECTED},
		{"/bin/sh", IOU_CAUSE_REJECTED},
		{"/etc/passwd", IOU_CAUSE_REJECTED},
		{"/dev/null", IOU_CAUSE_REJECTED},
		{"/", IOU_CAUSE_REJECTED},
		{"/nonexistent/x.bpf.o", IOU_CAUSE_USAGE},
		{"nonexistent.o", IOU_CAUSE_USAGE},
		{"nop_chain", IOU_CAUSE_USAGE},
	};
	struct iou_err err = {};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct opened o;

		assert_true(open_loop(&o, cases[i].spec, NULL, &err) < 0);
		assert_int_equal(err.cause, cases[i].cause);
		close_loop(&o);
	}
	iou_err_release(&err);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(builtin), cmocka_unit_test(variables), cmocka_unit_test(several),
		cmocka_unit_test(checks),  cmocka_unit_test(texts),     cmocka_unit_test(not_loops),
	};

	return cmocka_run_group_tests_name("loop", tests, NULL, NULL);
}
