// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Excerpts of a kernel's BTF: what is in one, its numbers, and BTF that is damaged. */
#include <bpf/btf.h>
#include <errno.h>
#include <stdlib.h>

#include "test.h"

#include "base/cleanup.h"
#include "object/excerpt.h"
#include "object/rawbtf.h"

/* The numbers of what make_kernel() makes. */
enum {
	NONE,
	UNUSED,
	INT,
	INNER,
	BIG,
	BIG_PTR,
	NODE,
	NODE_PTR,
	ARRAY,
	WORD,
	OPS,
	STEP,
	STEP_PTR,
	VALUE,
	FUNC_TYPE,
	KFUNC,
	MODE,
	MODE_PTR,
	OTHER_OPS,
	FLAVOUR,
	UNION,
	LAST = UNION,
};

/*
 * Like a kernel's in small: a struct in circles, a function, the structs of a loop, and much that
 * nobody asks for.
 */
static struct btf *make_kernel(void)
{
	struct btf *btf = btf__new_empty();

	assert_non_null(btf);
	assert_int_equal(btf__add_struct(btf, "unused", 4), UNUSED);
	btf__add_field(btf, "word", WORD, 0, 0);
	assert_int_equal(btf__add_int(btf, "int", 4, BTF_INT_SIGNED), INT);
	assert_int_equal(btf__add_struct(btf, "inner", 8), INNER);
	btf__add_field(btf, "first", INT, 0, 0);
	btf__add_field(btf, "word", WORD, 32, 0);
	assert_int_equal(btf__add_struct(btf, "big", 4096), BIG);
	btf__add_field(btf, "unused", UNUSED, 0, 0);
	assert_int_equal(btf__add_ptr(btf, BIG), BIG_PTR);
	assert_int_equal(btf__add_struct(btf, "node", 48), NODE);
	btf__add_field(btf, "next", NODE_PTR, 0, 0);
	btf__add_field(btf, "inners", ARRAY, 64, 0);
	btf__add_field(btf, "big", BIG_PTR, 192, 0);
	btf__add_field(btf, "", UNION, 256, 0);
	btf__add_field(btf, "mode", MODE_PTR, 320, 0);
	assert_int_equal(btf__add_ptr(btf, NODE), NODE_PTR);
	assert_int_equal(btf__add_array(btf, INT, INNER, 2), ARRAY);
	assert_int_equal(btf__add_typedef(btf, "word", INT), WORD);
	assert_int_equal(btf__add_struct(btf, "ops", 16), OPS);
	btf__add_field(btf, "step", STEP_PTR, 0, 0);
	btf__add_field(btf, "fd", WORD, 64, 0);
	assert_int_equal(btf__add_func_proto(btf, INT), STEP);
	btf__add_func_param(btf, "node", NODE_PTR);
	assert_int_equal(btf__add_ptr(btf, STEP), STEP_PTR);
	assert_int_equal(btf__add_struct(btf, "bpf_struct_ops_ops", 24), VALUE);
	btf__add_field(btf, "data", OPS, 64, 0);
	assert_int_equal(btf__add_func_proto(btf, INT), FUNC_TYPE);
	btf__add_func_param(btf, "big", BIG_PTR);
	assert_int_equal(btf__add_func(btf, "kfunc", BTF_FUNC_STATIC, FUNC_TYPE), KFUNC);
	assert_int_equal(btf__add_enum(btf, "mode", 4), MODE);
	btf__add_enum_value(btf, "MODE_ONE", 1);
	assert_int_equal(btf__add_ptr(btf, MODE), MODE_PTR);
	assert_int_equal(btf__add_func(btf, "ops", BTF_FUNC_STATIC, FUNC_TYPE), OTHER_OPS);
	assert_int_equal(btf__add_struct(btf, "inner___old", 4), FLAVOUR);
	btf__add_field(btf, "first", INT, 0, 0);
	assert_int_equal(btf__add_union(btf, NULL, 8), UNION);
	btf__add_field(btf, "number", INT, 0, 0);
	btf__add_field(btf, "text", ARRAY, 0, 0);
	return btf;
}

static struct iou_needs needs;
static struct btf *kernel;

static int setup(void **state)
{
	(void)state;
	kernel = make_kernel();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	iou_needs_release(&needs);
	btf__free(kernel);
	return 0;
}

static void need(const char *name, uint32_t kind, bool flavours)
{
	assert_int_equal(iou_needs_add(&needs, name, strlen(name), kind, flavours), 0);
}

static int excerpt_of(struct iou_excerpt *excerpt)
{
	uint32_t size;
	const void *data = btf__raw_data(kernel, &size);

	return iou_excerpt_make(excerpt, &needs, data, size);
}

/* The excerpt's number of what it must have, which is the kernel's @id. */
static const struct btf_type *has(const struct iou_excerpt *excerpt, const struct btf *btf,
				  const char *name, uint32_t kind, uint32_t id)
{
	__s32 found = btf__find_by_name_kind(btf, name, kind);

	assert_true(found > 0);
	assert_int_equal(iou_excerpt_kernel_id(excerpt, (uint32_t)found), id);
	return btf__type_by_id(btf, (__u32)found);
}

static void same_members(const struct btf *btf, const struct btf_type *type, uint32_t id)
{
	const struct btf_type *whole = btf__type_by_id(kernel, id);

	assert_int_equal(type->size, whole->size);
	assert_int_equal(type->info, whole->info);
	for (int i = 0; i < btf_vlen(whole); i++) {
		const struct btf_member *one = btf_members(type) + i,
					*other = btf_members(whole) + i;

		assert_string_equal(btf__name_by_offset(btf, one->name_off),
				    btf__name_by_offset(kernel, other->name_off));
		assert_int_equal(one->offset, other->offset);
		assert_int_equal(btf__resolve_size(btf, one->type),
				 btf__resolve_size(kernel, other->type));
	}
}

static void has_what_is_needed(void **state)
{
	struct iou_excerpt excerpt;
	const struct btf_type *type;
	struct btf *btf;

	(void)state;
	need("ops", BTF_KIND_STRUCT, false);
	need("bpf_struct_ops_ops", BTF_KIND_STRUCT, false);
	need("kfunc", BTF_KIND_FUNC, false);
	assert_int_equal(excerpt_of(&excerpt), 0);
	btf = btf__new(excerpt.btf, (uint32_t)excerpt.size);
	assert_non_null(btf);
	same_members(btf, has(&excerpt, btf, "ops", BTF_KIND_STRUCT, OPS), OPS);
	type = has(&excerpt, btf, "bpf_struct_ops_ops", BTF_KIND_STRUCT, VALUE);
	same_members(btf, type, VALUE);
	assert_int_equal(iou_excerpt_kernel_id(&excerpt, btf_members(type)->type), OPS);
	type = has(&excerpt, btf, "kfunc", BTF_KIND_FUNC, KFUNC);
	type = btf__type_by_id(btf, type->type);
	assert_true(btf_is_func_proto(type));
	type = btf__type_by_id(btf, btf_params(type)->type);
	assert_true(btf_is_ptr(type));
	/* A struct that is pointed to is one still, but with nothing in it. */
	type = btf__type_by_id(btf, type->type);
	assert_true(btf_is_struct(type));
	assert_int_equal(btf_vlen(type), 0);
	assert_int_equal(type->size, 4096);
	assert_int_equal(btf__find_by_name(btf, "unused"), -ENOENT);
	assert_int_equal(btf__find_by_name_kind(btf, "ops", BTF_KIND_FUNC), -ENOENT);
	assert_int_equal(btf__find_by_name(btf, "inner"), -ENOENT);
	btf__free(btf);
	iou_excerpt_release(&excerpt);
}

/* Structs by value are there in full, whoever points to them, too. */
static void goes_in_circles(void **state)
{
	struct iou_excerpt excerpt;
	const struct btf_type *type;
	struct btf *btf;

	(void)state;
	need("node", BTF_KIND_STRUCT, true);
	assert_int_equal(excerpt_of(&excerpt), 0);
	btf = btf__new(excerpt.btf, (uint32_t)excerpt.size);
	assert_non_null(btf);
	type = has(&excerpt, btf, "node", BTF_KIND_STRUCT, NODE);
	same_members(btf, type, NODE);
	type = btf__type_by_id(btf, btf_members(type)->type);
	assert_int_equal(iou_excerpt_kernel_id(&excerpt, type->type), NODE);
	same_members(btf, has(&excerpt, btf, "inner", BTF_KIND_STRUCT, INNER), INNER);
	assert_int_equal(btf_vlen(has(&excerpt, btf, "big", BTF_KIND_STRUCT, BIG)), 0);
	assert_int_equal(btf_vlen(has(&excerpt, btf, "mode", BTF_KIND_ENUM, MODE)), 0);
	btf__free(btf);
	iou_excerpt_release(&excerpt);
}

static void has_flavours(void **state)
{
	struct iou_excerpt excerpt;
	struct btf *btf;

	(void)state;
	need("inner", BTF_KIND_STRUCT, true);
	need("mode", BTF_KIND_ENUM, true);
	assert_int_equal(excerpt_of(&excerpt), 0);
	btf = btf__new(excerpt.btf, (uint32_t)excerpt.size);
	assert_non_null(btf);
	same_members(btf, has(&excerpt, btf, "inner___old", BTF_KIND_STRUCT, FLAVOUR), FLAVOUR);
	assert_int_equal(btf_vlen(has(&excerpt, btf, "mode", BTF_KIND_ENUM, MODE)), 1);
	btf__free(btf);
	iou_excerpt_release(&excerpt);
}

static void misses(void **state)
{
	struct iou_excerpt excerpt = {.nr = 77};

	(void)state;
	need("kfunc", BTF_KIND_FUNC, false);
	need("kfunc", BTF_KIND_STRUCT, false);
	assert_int_equal(excerpt_of(&excerpt), -ENOENT);
	assert_int_equal(excerpt.nr, 77);
	needs.list[1].optional = true;
	assert_int_equal(excerpt_of(&excerpt), 0);
	iou_excerpt_release(&excerpt);
}

static void knows_the_kernels_numbers(void **state)
{
	uint32_t ids[] = {5, 9};
	struct iou_excerpt excerpt = {.ids = ids, .nr = 2};

	(void)state;
	assert_int_equal(iou_excerpt_kernel_id(&excerpt, 0), 0);
	assert_int_equal(iou_excerpt_kernel_id(&excerpt, 1), 5);
	assert_int_equal(iou_excerpt_kernel_id(&excerpt, 2), 9);
	assert_int_equal(iou_excerpt_kernel_id(&excerpt, 3), 3);
}

static void is_limited(void **state)
{
	char name[16];

	(void)state;
	for (int i = 0; i < IOU_NEEDS_MAX; i++) {
		snprintf(name, sizeof(name), "name%d", i);
		need(name, BTF_KIND_FUNC, false);
	}
	need("name7", BTF_KIND_FUNC, false);
	assert_int_equal(iou_needs_add(&needs, "more", 4, BTF_KIND_FUNC, false), -E2BIG);
}

/* ---- Damage ---- */

static struct btf_header *copy_kernel(uint32_t *size)
{
	const void *data = btf__raw_data(kernel, size);
	void *copy = malloc(*size);

	assert_non_null(copy);
	return memcpy(copy, data, *size);
}

static int excerpt_of_bytes(const void *data, size_t size)
{
	struct iou_excerpt excerpt = {};
	int ret = iou_excerpt_make(&excerpt, &needs, data, size);

	iou_excerpt_release(&excerpt);
	return ret;
}

/* In memory of that size: a sanitizer sees what is read behind it. */
static void is_cut_short(void **state)
{
	uint32_t size;
	IOU_FREE struct btf_header *whole = copy_kernel(&size);

	(void)state;
	need("node", BTF_KIND_STRUCT, true);
	assert_int_equal(excerpt_of_bytes(whole, size), 0);
	for (uint32_t part = 1; part < size; part++) {
		IOU_FREE void *cut = malloc(part);

		assert_non_null(cut);
		memcpy(cut, whole, part);
		assert_int_equal(excerpt_of_bytes(cut, part), -EINVAL);
	}
}

static void has_a_bad_header(void **state)
{
	static const uint32_t values[] = {1, 2, 27, 1000, 1U << 31, UINT32_MAX - 3, UINT32_MAX};
	uint32_t size;
	IOU_FREE struct btf_header *header = copy_kernel(&size);
	uint32_t *fields[] = {&header->hdr_len, &header->type_off, &header->type_len,
			      &header->str_off, &header->str_len};

	(void)state;
	need("node", BTF_KIND_STRUCT, true);
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		for (size_t j = 0; j < ARRAY_SIZE(values); j++) {
			uint32_t saved = *fields[i];

			*fields[i] = values[j];
			assert_int_not_equal(excerpt_of_bytes(header, size), 0);
			*fields[i] = saved;
		}
	header->magic = 0;
	assert_int_equal(excerpt_of_bytes(header, size), -EINVAL);
}

/* Each word is all sorts of things in turn: nothing is read that is outside, and it ends. */
static void has_any_word(void **state)
{
	static const uint32_t values[] = {0,          1,          LAST,       LAST + 1,
					  0x84000001, 0x0400ffff, 0x04ffffff, 0x0dffffff,
					  0x0d000001, 0x7f000000, 0x40000000, UINT32_MAX};
	uint32_t size, at;
	IOU_FREE struct btf_header *header = copy_kernel(&size);

	(void)state;
	need("node", BTF_KIND_STRUCT, true);
	need("ops", BTF_KIND_STRUCT, true);
	need("bpf_struct_ops_ops", BTF_KIND_STRUCT, true);
	need("kfunc", BTF_KIND_FUNC, true);
	for (at = 0; at + 4 <= size; at += 4)
		for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
			struct iou_excerpt excerpt = {};
			uint32_t *word = (uint32_t *)(void *)((char *)header + at), saved = *word;

			*word = values[i];
			if (iou_excerpt_make(&excerpt, &needs, header, size) == 0)
				btf__free(btf__new(excerpt.btf, (uint32_t)excerpt.size));
			iou_excerpt_release(&excerpt);
			*word = saved;
		}
}

static void has_unknown_kinds(void **state)
{
	uint32_t size;
	IOU_FREE struct btf_header *header = copy_kernel(&size);
	struct btf_type *first = (void *)((char *)header + header->hdr_len);

	(void)state;
	need("kfunc", BTF_KIND_FUNC, false);
	first->info = 100U << 24;
	assert_int_equal(excerpt_of_bytes(header, size), -EINVAL);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(has_what_is_needed),
		TEST(goes_in_circles),
		TEST(has_flavours),
		TEST(misses),
		TEST(knows_the_kernels_numbers),
		TEST(is_limited),
		TEST(is_cut_short),
		TEST(has_a_bad_header),
		TEST(has_any_word),
		TEST(has_unknown_kinds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
