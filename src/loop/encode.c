// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loop/encode.h"

#include <bpf/btf.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/parse.h"
#include "base/text.h"
#include "loop/walk.h"

/* Enumerators that a misspelt one is compared with. */
#define NEAREST_MAX 256

/* A value that is to be: of type @t, for the variable @name. */
struct target {
	const struct btf *btf;
	const struct btf_type *t;
	const char *name, *text;
	void *data;
	size_t size;
	struct iou_err *err;
};

struct number {
	bool negative;
	uint64_t magnitude;
};

/* From -@lowest to @highest. */
struct range {
	uint64_t lowest, highest;
};

static const char *string_at(const struct target *to, uint32_t offset)
{
	return btf__name_by_offset(to->btf, offset) ?: "";
}

/* ---- What is wrong ---- */

static int not_of_form(const struct target *to, const char *form)
{
	iou_err_set(to->err, IOU_CAUSE_USAGE, "usage", 0, "%s='%s' is not %s", to->name, to->text,
		    form);
	return -EINVAL;
}

static int out_of_range(const struct target *to, struct range range)
{
	iou_err_set(to->err, IOU_CAUSE_USAGE, "usage", 0, "%s=%s is out of range", to->name,
		    to->text);
	iou_err_hint(to->err, "%s goes from %" PRId64 " to %" PRIu64, to->name,
		     (int64_t)(0 - range.lowest), range.highest);
	return -ERANGE;
}

static int cannot_be_set(const struct target *to, const char *what, const char *more)
{
	iou_err_set(to->err, IOU_CAUSE_USAGE, "usage", 0, "'%s' is %s%s, which cannot be set",
		    to->name, what, more);
	return -EOPNOTSUPP;
}

static int refuse_type(const struct target *to)
{
	char more[96];
	int ret;

	switch (btf_kind(to->t)) {
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		snprintf(more, sizeof(more), " %.64s", string_at(to, to->t->name_off));
		ret = cannot_be_set(to, btf_is_union(to->t) ? "a union" : "a struct",
				    more[1] ? more : "");
		iou_err_hint(to->err, "set its fields: %s.FIELD=VALUE", to->name);
		return ret;
	case BTF_KIND_ARRAY:
		ret = cannot_be_set(to, "an array", "");
		iou_err_hint(to->err, "set its elements, of which there are %u: %s[0]=VALUE",
			     btf_array(to->t)->nelems, to->name);
		return ret;
	case BTF_KIND_FLOAT:
		return cannot_be_set(to, "a floating-point number", "");
	case BTF_KIND_INT:
		snprintf(more, sizeof(more), " of %u bits in %zu bytes", btf_int_bits(to->t),
			 to->size);
		return cannot_be_set(to, "an integer", more);
	default:
		return cannot_be_set(to, "of a type without values", "");
	}
}

/* ---- Numbers ---- */

static struct range range_of(size_t size, bool is_signed)
{
	uint64_t widest = UINT64_MAX >> (64 - 8 * size);

	return is_signed ? (struct range){widest / 2 + 1, widest / 2} : (struct range){0, widest};
}

static int parse_number(const char *text, bool takes_units, struct number *out)
{
	struct number number = {.negative = text[0] == '-'};
	int ret;

	text += number.negative;
	ret = takes_units ? iou_parse_size(text, &number.magnitude)
			  : iou_parse_u64(text, &number.magnitude);
	if (!ret)
		*out = number;
	return ret;
}

static int put_number(const struct target *to, struct number number, struct range range)
{
	uint64_t bits = number.negative ? 0 - number.magnitude : number.magnitude;

	if (number.magnitude > (number.negative ? range.lowest : range.highest))
		return out_of_range(to, range);
	switch (to->size) {
	case 1:
		memcpy(to->data, &(uint8_t){(uint8_t)bits}, 1);
		return 0;
	case 2:
		memcpy(to->data, &(uint16_t){(uint16_t)bits}, 2);
		return 0;
	case 4:
		memcpy(to->data, &(uint32_t){(uint32_t)bits}, 4);
		return 0;
	default:
		memcpy(to->data, &bits, 8);
		return 0;
	}
}

static int encode_number(const struct target *to, const char *form, struct range range)
{
	struct number number;
	int ret = parse_number(to->text, to->size >= 4, &number);

	if (ret == -EINVAL)
		return not_of_form(to, form);
	return ret ? out_of_range(to, range) : put_number(to, number, range);
}

static bool is_char(const struct target *to, const struct btf_type *t)
{
	return t && btf_is_int(t) && t->size == 1 &&
	       (btf_int_encoding(t) & BTF_INT_CHAR ||
		strcmp(string_at(to, t->name_off), "char") == 0);
}

static int encode_int(const struct target *to)
{
	struct range range = range_of(to->size, btf_int_encoding(to->t) & BTF_INT_SIGNED);
	const char *form = to->size < 4 ? "a whole number"
					: "a whole number, or a size such as 64K";
	const char *text = to->text;
	bool flag;

	if (btf_int_encoding(to->t) & BTF_INT_BOOL) {
		if (to->size != 1 || iou_parse_flag(text, &flag))
			return not_of_form(to, "yes or no");
		*(uint8_t *)to->data = flag;
		return 0;
	}
	if (is_char(to, to->t)) {
		if (text[0] == '\'' && text[1] && text[2] == '\'' && !text[3]) {
			*(char *)to->data = text[1];
			return 0;
		}
		form = "a number, or one character in quotes as in 'x'";
	}
	return encode_number(to, form, range);
}

/* ---- Enumerators ---- */

static const char *enumerator(const struct target *to, uint32_t nr, uint64_t *value)
{
	if (btf_is_enum64(to->t)) {
		*value = btf_enum64_value(&btf_enum64(to->t)[nr]);
		return string_at(to, btf_enum64(to->t)[nr].name_off);
	}
	*value = (uint64_t)(int64_t)btf_enum(to->t)[nr].val;
	return string_at(to, btf_enum(to->t)[nr].name_off);
}

static int not_an_enumerator(const struct target *to)
{
	const char *names[NEAREST_MAX + 1] = {}, *nearest;
	char form[128];
	uint64_t value;

	snprintf(form, sizeof(form), "a number, or an enumerator of enum %.64s",
		 string_at(to, to->t->name_off));
	for (uint32_t i = 0; i < btf_vlen(to->t) && i < NEAREST_MAX; i++)
		names[i] = enumerator(to, i, &value);
	nearest = iou_text_nearest(to->text, names);
	not_of_form(to, form);
	if (nearest)
		iou_err_hint(to->err, "did you mean '%s'?", nearest);
	return -EINVAL;
}

static int encode_enum(const struct target *to)
{
	/* Whether it is signed is not in the BTF of clang before 16: what fits as either does. */
	struct range range = {range_of(to->size, true).lowest, range_of(to->size, false).highest};
	struct number number = {};
	int ret;

	for (uint32_t i = 0; i < btf_vlen(to->t); i++) {
		uint64_t value;

		if (strcmp(enumerator(to, i, &value), to->text) != 0)
			continue;
		if (btf_is_enum(to->t) && to->size > 4) {
			not_of_form(to, "known: the object has only 32 bits of this enumerator");
			iou_err_hint(to->err, "give its value as a number");
			return -EINVAL;
		}
		number.magnitude = value & range.highest;
		return put_number(to, number, range);
	}
	ret = parse_number(to->text, false, &number);
	if (ret == -EINVAL)
		return not_an_enumerator(to);
	return ret ? out_of_range(to, range) : put_number(to, number, range);
}

/* ---- Types ---- */

static int encode_string(const struct target *to)
{
	size_t length = strlen(to->text);

	if (length >= to->size) {
		iou_err_set(to->err, IOU_CAUSE_USAGE, "usage", 0, "%s='%s' is too long", to->name,
			    to->text);
		iou_err_hint(to->err, "there is room for %zu characters",
			     to->size ? to->size - 1 : 0);
		return -ERANGE;
	}
	memset(to->data, 0, to->size);
	memcpy(to->data, to->text, length);
	return 0;
}

static bool is_string(const struct target *to)
{
	return btf_is_array(to->t) && is_char(to, iou_btf_skip(to->btf, btf_array(to->t)->type)) &&
	       btf_array(to->t)->nelems == to->size;
}

static bool is_word(const struct target *to)
{
	bool is_whole = !btf_is_int(to->t) ||
			(btf_int_bits(to->t) == 8 * to->size && btf_int_offset(to->t) == 0);

	return is_whole && (to->size == 1 || to->size == 2 || to->size == 4 || to->size == 8);
}

/* -EOPNOTSUPP where the BTF does not go together: it is the object's own word. */
static int aim(struct target *to, uint32_t type_id)
{
	int64_t size = btf__resolve_size(to->btf, type_id);

	to->t = iou_btf_skip(to->btf, type_id);
	if (to->t && size >= 0 && (size_t)size == to->size)
		return 0;
	iou_err_set(to->err, IOU_CAUSE_USAGE, "usage", 0,
		    "'%s' cannot be set: the object says of it what cannot be", to->name);
	return -EOPNOTSUPP;
}

int iou_encode(const struct btf *btf, uint32_t type_id, const char *name, const char *text,
	       void *data, size_t size, struct iou_err *err)
{
	struct target to = {
		.btf = btf, .name = name, .text = text, .data = data, .size = size, .err = err};
	int ret = aim(&to, type_id);

	if (ret)
		return ret;
	if (is_string(&to))
		return encode_string(&to);
	if (!is_word(&to))
		return refuse_type(&to);
	if (btf_is_int(to.t))
		return encode_int(&to);
	if (btf_is_any_enum(to.t))
		return encode_enum(&to);
	if (btf_is_ptr(to.t))
		return encode_number(&to, "an address, or @buf:SIZE", range_of(size, false));
	return refuse_type(&to);
}

int iou_encode_number(const struct btf *btf, uint32_t type_id, const char *name, const char *text,
		      uint64_t value, void *data, size_t size, struct iou_err *err)
{
	struct target to = {
		.btf = btf, .name = name, .text = text, .data = data, .size = size, .err = err};
	struct number number = {.magnitude = value};
	int ret = aim(&to, type_id);

	if (ret)
		return ret;
	if (is_string(&to)) {
		not_of_form(&to, "text");
		iou_err_hint(err, "'%s' is a string: one that begins with @ is written @@", name);
		return -EINVAL;
	}
	if (!is_word(&to))
		return refuse_type(&to);
	if (btf_is_int(to.t) && btf_int_encoding(to.t) & BTF_INT_BOOL)
		return put_number(&to, number, (struct range){0, 1});
	if (btf_is_int(to.t))
		return put_number(&to, number,
				  range_of(size, btf_int_encoding(to.t) & BTF_INT_SIGNED));
	if (btf_is_any_enum(to.t) || btf_is_ptr(to.t))
		return put_number(&to, number, range_of(size, false));
	return refuse_type(&to);
}
