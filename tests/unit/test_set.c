// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Setting variables by name: paths, values of each type, and BTF that is wrong. */
#include <bpf/btf.h>
#include <errno.h>
#include <stdbool.h>

#include "test.h"

#include "loop/encode.h"
#include "loop/set.h"
#include "loop/walk.h"
#include "session/set.h"

struct opened {
	struct iou_image image;
	struct iou_loop *loop;
	struct iou_err err;
};

static int setup(void **state)
{
	static struct opened o;

	o = (struct opened){};
	assert_int_equal(iou_image_find(&o.image, TEST_OBJECTS "/settable.bpf.o", &o.err), 0);
	assert_int_equal(iou_loop_open(&o.loop, &o.image, NULL, &o.err), 0);
	*state = &o;
	return 0;
}

static int teardown(void **state)
{
	struct opened *o = *state;

	iou_loop_free(o->loop);
	iou_image_release(&o->image);
	iou_err_release(&o->err);
	return 0;
}

/* The bytes of variable @path. */
static const void *bytes_of(struct opened *o, const char *path, size_t size)
{
	struct iou_var var;

	assert_int_equal(iou_loop_var(o->loop, path, &var), 0);
	assert_int_equal(var.size, size);
	assert_non_null(iou_loop_var_data(o->loop, &var));
	return iou_loop_var_data(o->loop, &var);
}

/* @path set to @text is @value, of the type of @value. */
#define assert_set(o, path, text, ...)                                                           \
	do {                                                                                     \
		const __typeof__(__VA_ARGS__) wanted = __VA_ARGS__;                              \
		int ret = iou_loop_set((o)->loop, path, text, &(o)->err);                        \
                                                                                                 \
		if (ret)                                                                         \
			print_error("%s; %s\n", (o)->err.message, (o)->err.hint);                \
		assert_int_equal(ret, 0);                                                        \
		assert_memory_equal(bytes_of(o, path, sizeof(wanted)), &wanted, sizeof(wanted)); \
	} while (0)

/* @path cannot be set to @text, with @what in the message or the hint. */
static void assert_refused(struct opened *o, const char *path, const char *text, const char *what)
{
	assert_true(iou_loop_set(o->loop, path, text, &o->err) < 0);
	assert_int_equal(o->err.cause, IOU_CAUSE_USAGE);
	assert_int_equal(o->err.errnum, 0);
	if (!strstr(o->err.message, what) && !strstr(o->err.hint, what))
		fail_msg("no '%s' in '%s; %s'", what, o->err.message, o->err.hint);
}

static void integers(void **state)
{
	struct opened *o = *state;

	assert_set(o, "u8", "255", (uint8_t)255);
	assert_set(o, "u8", "0x10", (uint8_t)16);
	assert_set(o, "s8", "-128", (int8_t)-128);
	assert_set(o, "s8", "127", (int8_t)127);
	assert_set(o, "u16", "65535", (uint16_t)65535);
	assert_set(o, "s16", "-32768", (int16_t)-32768);
	assert_set(o, "u32", "0xffffffff", UINT32_MAX);
	assert_set(o, "u32", "64K", (uint32_t)65536);
	assert_set(o, "s32", "-2147483648", INT32_MIN);
	assert_set(o, "s32", "-2147483647", INT32_MIN + 1);
	assert_set(o, "s32", "-1K", (int32_t)-1024);
	assert_set(o, "u64", "18446744073709551615", UINT64_MAX);
	assert_set(o, "u64", "3G", (uint64_t)3 << 30);
	assert_set(o, "s64", "-9223372036854775808", INT64_MIN);
	assert_set(o, "s64", "9223372036854775807", INT64_MAX);
	assert_set(o, "constant", "-0", (uint64_t)0);
	assert_set(o, "tuned", "9", (int32_t)9);
	assert_set(o, "count_call.calls", "4", (int32_t)4);
}

static void integer_ranges(void **state)
{
	static const struct {
		const char *path, *text, *what;
	} cases[] = {
		{"u8", "256", "u8 goes from 0 to 255"},
		{"u8", "-1", "out of range"},
		{"s8", "128", "s8 goes from -128 to 127"},
		{"s8", "-129", "out of range"},
		{"u16", "65536", "0 to 65535"},
		{"s16", "-32769", "-32768 to 32767"},
		{"u32", "4294967296", "0 to 4294967295"},
		{"u32", "4G", "out of range"},
		{"s32", "2147483648", "-2147483648 to 2147483647"},
		{"s32", "2G", "out of range"},
		{"u64", "18446744073709551616", "0 to 18446744073709551615"},
		{"u64", "16777216T", "out of range"},
		{"s64", "9223372036854775808", "-9223372036854775808 to 9223372036854775807"},
		{"s64", "-9223372036854775809", "out of range"},
		{"u64", "-1", "out of range"},
		{"u8", "1K", "'1K' is not a whole number"},
		{"u32", "", "u32='' is not a whole number, or a size"},
		{"u32", "-", "not a whole number"},
		{"u32", "1.5", "not a whole number"},
		{"u32", " 1", "not a whole number"},
		{"u32", "--1", "not a whole number"},
		{"u32", "'a'", "not a whole number"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_refused(*state, cases[i].path, cases[i].text, cases[i].what);
	assert_memory_equal(bytes_of(*state, "u32", 4), &(uint32_t){1}, 4);
}

static void letters_and_flags(void **state)
{
	struct opened *o = *state;

	assert_set(o, "flag", "yes", (bool)true);
	assert_set(o, "flag", "false", (bool)false);
	assert_set(o, "flag", "1", (bool)true);
	assert_refused(o, "flag", "2", "yes or no");
	assert_refused(o, "flag", "", "yes or no");
	assert_set(o, "letter", "'x'", (char)'x');
	assert_set(o, "letter", "'''", (char)'\'');
	assert_set(o, "letter", "'5'", (char)'5');
	assert_set(o, "letter", "5", (char)5);
	assert_refused(o, "letter", "x", "one character in quotes");
	assert_refused(o, "letter", "''", "one character in quotes");
	assert_refused(o, "letter", "'xy'", "one character in quotes");
	assert_refused(o, "letter", "256", "out of range");
}

static void strings(void **state)
{
	struct opened *o = *state;
	struct text8 {
		char text[8];
	};
	struct text6 {
		char text[6];
	};
	struct text4 {
		char text[4];
	};

	assert_set(o, "name", "abc", (struct text8){"abc\0\0\0\0"});
	assert_set(o, "name", "1234567", (struct text8){"1234567"});
	assert_set(o, "name", "", (struct text8){""});
	assert_refused(o, "name", "12345678", "room for 7 characters");
	assert_set(o, "name[2]", "'z'", (char)'z');
	assert_set(o, "names[1]", "xyz", (struct text4){"xyz"});
	assert_memory_equal(bytes_of(o, "names[0]", 4), "ab\0", 4);
	assert_refused(o, "names", "xyz", "an array, which cannot be set");
	assert_set(o, "a.name", "five5", (struct text6){"five5"});
}

static void enumerators(void **state)
{
	struct opened *o = *state;

	assert_set(o, "colour", "GREEN", (int32_t)5);
	assert_set(o, "colour", "BLUE", (int32_t)-7);
	assert_set(o, "colour", "1234", (int32_t)1234);
	assert_set(o, "colour", "-7", (int32_t)-7);
	assert_refused(o, "colour", "GREN", "did you mean 'GREEN'?");
	assert_refused(o, "colour", "purple", "an enumerator of enum colour");
	assert_refused(o, "colour", "4294967296", "out of range");
	assert_set(o, "tiny", "TINY_TWO", (uint8_t)2);
	assert_refused(o, "tiny", "256", "out of range");
	assert_set(o, "wide", "0x1122334455667788", (uint64_t)0x1122334455667788);
}

static void parts(void **state)
{
	struct opened *o = *state;
	struct iou_var var, whole;

	assert_set(o, "array[3]", "77", (uint64_t)77);
	assert_memory_equal(bytes_of(o, "array[2]", 8), &(uint64_t){3}, 8);
	assert_set(o, "matrix[1][2]", "6", (uint32_t)6);
	assert_int_equal(iou_loop_var(o->loop, "matrix", &whole), 0);
	assert_int_equal(iou_loop_var(o->loop, "matrix[1][2]", &var), 0);
	assert_int_equal(var.offset - whole.offset, 20);
	assert_set(o, "a.b[2].c", "513", (uint16_t)513);
	assert_set(o, "a.b[2].pair[1]", "514", (uint32_t)514);
	assert_set(o, "a.low", "0x11111111", (uint32_t)0x11111111);
	assert_set(o, "a.high", "0x22222222", (uint32_t)0x22222222);
	assert_memory_equal(bytes_of(o, "a.whole", 8), &(uint64_t){0x2222222211111111}, 8);
	assert_memory_equal(bytes_of(o, "a.first", 1), &(uint8_t){1}, 1);
	assert_set(o, "pointer", "0xffffffffffffffff", UINT64_MAX);
}

static void wrong_parts(void **state)
{
	static const struct {
		const char *path, *what;
	} cases[] = {
		{"u33", "did you mean 'u3"},
		{"nowhere", "its variables are: "},
		{"", "has no variable ''"},
		{".u32", "has no variable ''"},
		{"settabel.ring_fd", "no variable 'settabel'"},
		{"a.frist", "did you mean 'first'?"},
		{"a.nothing", "its fields are: first, b, whole, low, high, bits, more_bits, name"},
		{"a.b[2].d", "'a.b[2]' has no field 'd'"},
		{"a.b[3].c", "'a.b[3]' is past the end of 'a.b'"},
		{"array[4]", "it has 4 elements"},
		{"array[18446744073709551615]", "past the end"},
		{"array[18446744073709551616]", "past the end"},
		{"array[-1]", "not the name of a variable"},
		{"array[]", "not the name of a variable"},
		{"array[1", "not the name of a variable"},
		{"array[1]x", "not the name of a variable"},
		{"array[ 1]", "not the name of a variable"},
		{"array[00000000000000000000000000000000000001]", "not the name of a variable"},
		{"a.", "not the name of a variable"},
		{"a..b", "not the name of a variable"},
		{"u32[0]", "'u32' is no array"},
		{"u32.x", "'u32' has no field 'x'"},
		{"a[0]", "'a' is no array"},
		{"a.bits", "'a.bits' is a bitfield"},
		{"a.more_bits", "'a.more_bits' is a bitfield"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_refused(*state, cases[i].path, "1", cases[i].what);
}

static void not_settable(void **state)
{
	static const struct {
		const char *path, *what;
	} cases[] = {
		{"a", "'a' is a struct outer, which cannot be set"},
		{"a.b[0]", "a.b[0].FIELD=VALUE"},
		{"array", "of which there are 4: array[0]=VALUE"},
		{"real", "a floating-point number"},
		{"huge", "an integer of 128 bits"},
		{"settable", "'settable' is a loop"},
		{"settable.ring_fd", "'settable' is a loop"},
		{"results", "in section '.maps', which is no data of the program"},
		{"LICENSE", "in section 'license'"},
		{"LINUX_KERNEL_VERSION", "is the kernel's"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_refused(*state, cases[i].path, "1", cases[i].what);
}

static void own_variables(void **state)
{
	struct iou_err err = {};
	struct opened o = {};

	(void)state;
	assert_int_equal(iou_image_find(&o.image, "nop-chain", &err), 0);
	assert_int_equal(iou_loop_open(&o.loop, &o.image, NULL, &err), 0);
	assert_refused(&o, "count", "5", "give it as count=5, without --set");
	assert_refused(&o, "iou_control.steps", "5", "'iou_control' is set by iouctl itself");
	assert_refused(&o, "iou_contrl", "5", "has no variable");
	assert_null(strstr(o.err.hint, "iou_"));
	teardown((void *[]){&o});
}

/* ---- BTF that is wrong ---- */

static int encode(const struct btf *btf, int id, const char *text, size_t size, uint64_t *value)
{
	struct iou_err err = {};

	*value = 0;
	return iou_encode(btf, (uint32_t)id, "x", text, value, size, &err);
}

static void odd_types(void **state)
{
	struct btf *btf = btf__new_empty();
	int u24, half, first, second, none, wide, enum8, nowhere;
	uint64_t value;

	(void)state;
	u24 = btf__add_int(btf, "u24", 4, 0);
	((struct btf_type *)btf__type_by_id(btf, (uint32_t)u24))->size = 3;
	half = btf__add_int(btf, "half", 4, 0);
	*(__u32 *)(btf__type_by_id(btf, (uint32_t)half) + 1) = 12; /* of 32 bits */
	first = btf__add_typedef(btf, "first", half + 2);
	second = btf__add_typedef(btf, "second", first);
	none = btf__add_array(btf, u24, u24, 0);
	wide = btf__add_enum64(btf, "wide", 8, (bool)false);
	btf__add_enum64_value(btf, "HIGH", 0x1122334455667788);
	enum8 = btf__add_enum(btf, "old", 8);
	btf__add_enum_value(btf, "CUT", 0x55667788);
	nowhere = btf__add_typedef(btf, "nowhere", 1000);

	assert_int_equal(encode(btf, u24, "1", 3, &value), -EOPNOTSUPP);
	assert_int_equal(encode(btf, half, "1", 4, &value), -EOPNOTSUPP);
	assert_int_equal(encode(btf, first, "1", 4, &value), -EOPNOTSUPP);
	assert_int_equal(encode(btf, second, "1", 4, &value), -EOPNOTSUPP);
	assert_int_equal(encode(btf, none, "", 0, &value), -EOPNOTSUPP);
	assert_int_equal(encode(btf, nowhere, "1", 4, &value), -EOPNOTSUPP);
	assert_int_equal(encode(btf, 1000, "1", 4, &value), -EOPNOTSUPP);
	assert_int_equal(encode(btf, 0, "1", 0, &value), -EOPNOTSUPP);
	/* Of another size than the variable. */
	assert_int_equal(encode(btf, wide, "HIGH", 4, &value), -EOPNOTSUPP);
	assert_int_equal(encode(btf, wide, "HIGH", 8, &value), 0);
	assert_true(value == 0x1122334455667788);
	assert_int_equal(encode(btf, enum8, "CUT", 8, &value), -EINVAL);
	assert_int_equal(encode(btf, enum8, "7", 8, &value), 0);
	assert_int_equal(value, 7);
	btf__free(btf);
}

/* Structs without a name within themselves, twice each, and arrays as large as they can be. */
static void endless_types(void **state)
{
	struct btf *btf = btf__new_empty();
	struct iou_place place = {};
	const char *stop, *names[4];
	int word, ring, big;

	(void)state;
	word = btf__add_int(btf, "word", 4, 0);
	ring = btf__add_struct(btf, "ring", 8);
	btf__add_field(btf, NULL, ring, 0, 0);
	btf__add_field(btf, NULL, ring, 0, 0);
	btf__add_field(btf, "far", word, 0xffffff8, 0);
	big = btf__add_array(btf, word, word, UINT32_MAX);

	place.type_id = (uint32_t)ring;
	assert_int_equal(iou_btf_walk(btf, ".missing", &place, &stop), -ENOENT);
	assert_int_equal(iou_btf_walk(btf, ".far", &place, &stop), 0);
	assert_int_equal(iou_btf_fields(btf, (uint32_t)ring, names, 4), 4);
	place = (struct iou_place){.type_id = (uint32_t)big};
	assert_int_equal(iou_btf_walk(btf, "[4294967294]", &place, &stop), 0);
	assert_true(place.offset == 4294967294ULL * 4);
	assert_int_equal(place.size, 4);
	btf__free(btf);
}

/* ---- VAR=VALUE with what is made for it ---- */

static int apply(struct opened *o, const char *set, const struct iou_ring *ring,
		 struct iou_held *held)
{
	return iou_sets_apply(&set, 1, o->loop, ring, held, &o->err);
}

static void made_values(void **state)
{
	const struct iou_ring ring = {.fd = 33,
				      .params = {.cq_entries = 512,
						 .features = 0x80000001,
						 .sq_off.head = 11,
						 .cq_off.cqes = 64}};
	struct opened *o = *state;
	struct iou_held held = {};
	uint64_t value;
	char *buffer;

	assert_int_equal(apply(o, "u16=@ring.cq_entries", &ring, &held), 0);
	assert_memory_equal(bytes_of(o, "u16", 2), &(uint16_t){512}, 2);
	assert_int_equal(apply(o, "u8=@ring.cq_entries", &ring, &held), -ERANGE);
	assert_int_equal(apply(o, "u64=@ring.features", &ring, &held), 0);
	assert_memory_equal(bytes_of(o, "u64", 8), &(uint64_t){0x80000001}, 8);
	assert_int_equal(apply(o, "s32=@ring.features", &ring, &held), -ERANGE);
	assert_int_equal(apply(o, "s32=@ring.fd", &ring, &held), 0);
	assert_memory_equal(bytes_of(o, "s32", 4), &(int32_t){33}, 4);
	assert_int_equal(apply(o, "array[0]=@ring.sq_off.head", &ring, &held), 0);
	assert_memory_equal(bytes_of(o, "array[0]", 8), &(uint64_t){11}, 8);
	assert_int_equal(apply(o, "a.low=@ring.cq_off.cqes", &ring, &held), 0);
	assert_memory_equal(bytes_of(o, "a.low", 4), &(uint32_t){64}, 4);
	assert_int_equal(apply(o, "name=@@ring", &ring, &held), 0);
	assert_string_equal(bytes_of(o, "name", 8), "@ring");
	assert_int_equal(held.nr, 0);

	assert_int_equal(apply(o, "pointer=@buf:64K", &ring, &held), 0);
	memcpy(&value, bytes_of(o, "pointer", 8), 8);
	assert_int_equal(value % 4096, 0);
	buffer = (char *)(uintptr_t)value;
	for (size_t i = 0; i < 65536; i++)
		assert_int_equal(buffer[i]++, 0);
	assert_int_equal(held.nr, 1);
	iou_held_release(&held);
	assert_int_equal(held.nr, 0);
}

static void wrong_values(void **state)
{
	static const struct {
		const char *set, *what;
	} cases[] = {
		{"u32", "VAR=VALUE"},
		{"=1", "VAR=VALUE"},
		{"u32=@ring.cq_of.head", "did you mean '@ring.cq_off.head'?"},
		{"u32=@ring.", "a ring has no field ''"},
		{"u32=@rong.fd", "none of @ring.FIELD"},
		{"u32=@", "none of @ring.FIELD"},
		{"u32=@@ring.fd", "not a whole number"},
		{"name=@ring.fd", "one that begins with @ is written @@"},
		{"a=@ring.fd", "a struct"},
		{"nowhere=@ring.fd", "no variable 'nowhere'"},
		{"u32=@open:", "names no file"},
		{"u32=@open::w", "names no file"},
		{"u32=@open:x:r:w", "do not go together"},
		{"u32=@open:x:w:w", "do not go together"},
		{"u32=@open:x:r:create", "do not go together"},
		{"pointer=@buf:0", "not a buffer's size"},
		{"pointer=@buf:", "not a buffer's size"},
		{"pointer=@buf:16777215T", "not a buffer's size"},
		{"u32=@buf:4096", "u32 goes from 0 to 4294967295"},
		{"real=@buf:4096", "floating-point"},
		{"flag=@buf:4096", "flag goes from 0 to 1"},
	};
	struct opened *o = *state;

	/* All of them before there is a ring. */
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_true(apply(o, cases[i].set, NULL, NULL) < 0);
		assert_int_equal(o->err.cause, IOU_CAUSE_USAGE);
		if (!strstr(o->err.message, cases[i].what) && !strstr(o->err.hint, cases[i].what))
			fail_msg("%s: no '%s' in '%s; %s'", cases[i].set, cases[i].what,
				 o->err.message, o->err.hint);
	}
	/* This one is not opened yet. */
	assert_int_equal(apply(o, "u32=@open:/nonexistent", NULL, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(integers, setup, teardown),
		cmocka_unit_test_setup_teardown(integer_ranges, setup, teardown),
		cmocka_unit_test_setup_teardown(letters_and_flags, setup, teardown),
		cmocka_unit_test_setup_teardown(strings, setup, teardown),
		cmocka_unit_test_setup_teardown(enumerators, setup, teardown),
		cmocka_unit_test_setup_teardown(parts, setup, teardown),
		cmocka_unit_test_setup_teardown(wrong_parts, setup, teardown),
		cmocka_unit_test_setup_teardown(not_settable, setup, teardown),
		cmocka_unit_test(own_variables),
		cmocka_unit_test(odd_types),
		cmocka_unit_test(endless_types),
		cmocka_unit_test_setup_teardown(made_values, setup, teardown),
		cmocka_unit_test_setup_teardown(wrong_values, setup, teardown),
	};

	return cmocka_run_group_tests_name("set", tests, NULL, NULL);
}
