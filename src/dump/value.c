// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "dump/value.h"

#include <bpf/btf.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "loop/walk.h"

/* Real objects stay far below; these are for types that were made to be endless. */
#define VALUE_FIELDS 65536
#define VALUE_FIELDS_ALL (1U << 20)
#define DOCUMENT_FIELDS (1U << 20)
#define DOCUMENT_FIELDS_ALL (1U << 23)

struct walk {
	const struct btf *btf;
	bool all;
	size_t left; /* fields that may still be added */
};

/* A value's bytes, or what there is of them. */
struct bytes {
	const unsigned char *at;
	size_t size;
};

static struct iou_doc *add_value(struct walk *w, struct iou_doc *in, const char *key, __u32 id,
				 struct bytes bytes, int depth);

void iou_dump_init(struct iou_dump *dump, const struct btf *btf, bool all)
{
	*dump = (struct iou_dump){
		.btf = btf,
		.all = all,
		.value = all ? VALUE_FIELDS_ALL : VALUE_FIELDS,
		.left = all ? DOCUMENT_FIELDS_ALL : DOCUMENT_FIELDS,
	};
}

static void spend(struct walk *w, size_t fields)
{
	w->left -= fields < w->left ? fields : w->left;
}

static struct bytes part(struct bytes bytes, size_t offset)
{
	if (offset > bytes.size)
		offset = bytes.size;
	return (struct bytes){bytes.at + offset, bytes.size - offset};
}

/* Takes @text; NULL is want of memory. */
static struct iou_doc *add_text(struct iou_doc *in, const char *key, char *text)
{
	struct iou_doc *field = iou_doc_string(in, key, NULL, text);

	if (in && !text)
		in->root->failed = true;
	free(text);
	return field;
}

/* What stands for the fields of @in that are left out. */
static void add_more(struct iou_doc *in, size_t nr)
{
	char text[40];

	snprintf(text, sizeof(text), "... %zu more", nr);
	iou_doc_string(in, "...", NULL, text);
}

/* ---- Bytes and strings ---- */

static struct iou_doc *add_bytes(struct walk *w, struct iou_doc *in, const char *key,
				 struct bytes bytes)
{
	size_t shown = bytes.size, at;
	char *text = NULL;

	if (shown > IOU_DUMP_BYTES && (!w->all || shown > VALUE_FIELDS_ALL))
		shown = w->all ? VALUE_FIELDS_ALL : IOU_DUMP_BYTES;
	spend(w, 1 + shown / 32);
	text = malloc(2 * shown + 64);
	if (!text)
		return add_text(in, key, NULL);
	at = (size_t)sprintf(text, "hex:");
	for (size_t i = 0; i < shown; i++)
		at += (size_t)sprintf(text + at, "%02x", bytes.at[i]);
	if (shown < bytes.size)
		sprintf(text + at, "... %zu more", bytes.size - shown);
	return add_text(in, key, text);
}

static struct iou_doc *add_string(struct walk *w, struct iou_doc *in, const char *key,
				  struct bytes bytes)
{
	size_t length = strnlen((const char *)bytes.at, bytes.size), shown = length;
	struct iou_doc *field;
	char *text;

	if (shown > IOU_DUMP_STRING && (!w->all || shown > VALUE_FIELDS_ALL))
		shown = w->all ? VALUE_FIELDS_ALL : IOU_DUMP_STRING;
	spend(w, 1 + shown / 32);
	text = malloc(shown + 64);
	if (!text)
		return add_text(in, key, NULL);
	memcpy(text, bytes.at, shown);
	text[shown] = '\0';
	if (shown < length)
		sprintf(text + shown, "... %zu more", length - shown);
	field = iou_doc_string(in, key, NULL, text);
	/* For people, who could not tell it from a name or a number else. */
	iou_doc_text(field, "\"%s\"", text);
	free(text);
	return field;
}

/* ---- Numbers ---- */

static bool is_char(const struct btf *btf, const struct btf_type *t)
{
	const char *name;

	if (!t || !btf_is_int(t) || t->size != 1)
		return false;
	name = btf__name_by_offset(btf, t->name_off);
	return (btf_int_encoding(t) & BTF_INT_CHAR) || (name && strcmp(name, "char") == 0);
}

static bool is_signed(const struct btf_type *t)
{
	return btf_is_int(t) ? btf_int_encoding(t) & BTF_INT_SIGNED : btf_kflag(t);
}

static uint64_t read_int(struct bytes bytes)
{
	uint16_t u16;
	uint32_t u32;
	uint64_t u64;

	switch (bytes.size) {
	case 1:
		return *bytes.at;
	case 2:
		memcpy(&u16, bytes.at, sizeof(u16));
		return u16;
	case 4:
		memcpy(&u32, bytes.at, sizeof(u32));
		return u32;
	default:
		memcpy(&u64, bytes.at, sizeof(u64));
		return u64;
	}
}

/* At most 64 bits that may begin anywhere in a byte; the object is of this machine's byte order. */
static uint64_t read_bits(struct bytes bytes, size_t offset, unsigned int bits)
{
	uint64_t value = 0;

	for (unsigned int i = 0; i < bits; i++) {
		size_t at = offset + i;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
		value |= (uint64_t)(bytes.at[at / 8] >> at % 8 & 1) << i;
#else
		value = value << 1 | (bytes.at[at / 8] >> (7 - at % 8) & 1);
#endif
	}
	return value;
}

/* The name of @value, which is extended to 64 bits by the sign of the enum, or NULL. */
static const char *enum_name(struct walk *w, const struct btf_type *t, uint64_t value)
{
	/* Names are looked up one by one, and there may be 65,535. */
	spend(w, btf_vlen(t) / 256);
	for (int i = 0; i < btf_vlen(t); i++) {
		uint64_t named = btf_is_enum64(t) ? btf_enum64_value(&btf_enum64(t)[i])
				 : is_signed(t)   ? (uint64_t)btf_enum(t)[i].val
						  : (uint32_t)btf_enum(t)[i].val;

		if (named == value)
			return btf__name_by_offset(w->btf, btf_is_enum64(t)
								   ? btf_enum64(t)[i].name_off
								   : btf_enum(t)[i].name_off);
	}
	return NULL;
}

static struct iou_doc *add_enum(struct walk *w, struct iou_doc *in, const char *key,
				const struct btf_type *t, uint64_t value)
{
	const char *name = enum_name(w, t, value);
	struct iou_doc *field;

	if (name && name[0])
		return iou_doc_string(in, key, NULL, name);
	/* Having a text of its own, it is not taken for a number that can be added up. */
	if (is_signed(t)) {
		field = iou_doc_s64(in, key, NULL, (int64_t)value);
		iou_doc_text(field, "%lld", (long long)value);
	} else {
		field = iou_doc_u64(in, key, NULL, value);
		iou_doc_text(field, "%llu", (unsigned long long)value);
	}
	return field;
}

/* An integer, bool, char or enum of @bits bits. */
static struct iou_doc *add_number(struct walk *w, struct iou_doc *in, const char *key,
				  const struct btf_type *t, uint64_t value, unsigned int bits)
{
	unsigned char c = (unsigned char)value;

	spend(w, 1);
	if (is_signed(t) && bits && bits < 64)
		value = (uint64_t)((int64_t)(value << (64 - bits)) >> (64 - bits));
	if (btf_is_any_enum(t))
		return add_enum(w, in, key, t, value);
	if (btf_int_encoding(t) & BTF_INT_BOOL)
		return iou_doc_bool(in, key, NULL, value != 0);
	if (is_char(w->btf, t) && bits == 8)
		return add_string(w, in, key, (struct bytes){&c, 1});
	if (is_signed(t))
		return iou_doc_s64(in, key, NULL, (int64_t)value);
	return iou_doc_u64(in, key, NULL, value);
}

static bool is_number(const struct btf_type *t)
{
	return btf_is_int(t) || btf_is_any_enum(t);
}

static bool is_word(size_t size)
{
	return size == 1 || size == 2 || size == 4 || size == 8;
}

static struct iou_doc *add_hex(struct walk *w, struct iou_doc *in, const char *key, uint64_t high,
			       uint64_t low)
{
	char text[40];

	spend(w, 1);
	if (high)
		snprintf(text, sizeof(text), "0x%llx%016llx", (unsigned long long)high,
			 (unsigned long long)low);
	else
		snprintf(text, sizeof(text), "0x%llx", (unsigned long long)low);
	return iou_doc_string(in, key, NULL, text);
}

static struct iou_doc *add_int128(struct walk *w, struct iou_doc *in, const char *key,
				  struct bytes bytes)
{
	uint64_t word[2];

	memcpy(word, bytes.at, sizeof(word));
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return add_hex(w, in, key, word[1], word[0]);
#else
	return add_hex(w, in, key, word[0], word[1]);
#endif
}

/* With as many digits as it takes to read the same value back. */
static struct iou_doc *add_float(struct walk *w, struct iou_doc *in, const char *key,
				 struct bytes bytes)
{
	bool single = bytes.size == sizeof(float);
	char text[40];
	double value;
	float f = 0;

	spend(w, 1);
	if (single) {
		memcpy(&f, bytes.at, sizeof(f));
		value = (double)f;
	} else {
		memcpy(&value, bytes.at, sizeof(value));
	}
	for (int digits = single ? 6 : 15; digits <= 17; digits++) {
		snprintf(text, sizeof(text), "%.*g", digits, value);
		if (single ? strtof(text, NULL) == f : strtod(text, NULL) == value)
			break;
	}
	return iou_doc_string(in, key, NULL, text);
}

/* ---- Structs, unions and arrays ---- */

static struct iou_doc *add_bitfield(struct walk *w, struct iou_doc *in, const char *key,
				    const struct btf_type *t, struct bytes bytes, size_t offset,
				    unsigned int bits)
{
	if (!is_number(t) || bits > 64 || offset + bits > 8 * bytes.size)
		return add_bytes(w, in, key, part(bytes, offset / 8));
	return add_number(w, in, key, t, read_bits(bytes, offset, bits), bits);
}

/* An integer that is only some bits of its size: before Linux 5.0 the type said so. */
static bool is_narrow(const struct btf_type *t)
{
	return btf_is_int(t) && (btf_int_offset(t) || btf_int_bits(t) != 8 * t->size);
}

static void add_members(struct walk *w, struct iou_doc *in, const struct btf_type *t,
			struct bytes bytes, int depth)
{
	const struct btf_member *m = btf_members(t);

	for (__u32 i = 0; i < btf_vlen(t); i++, m++) {
		const char *name = btf__name_by_offset(w->btf, m->name_off);
		const struct btf_type *type = iou_btf_skip(w->btf, m->type);
		unsigned int bits = btf_member_bitfield_size(t, i);
		size_t offset = btf_member_bit_offset(t, i);

		if (!w->left) {
			add_more(in, btf_vlen(t) - i);
			return;
		}
		if ((!name || !name[0]) && type && btf_is_composite(type) &&
		    depth < IOU_DUMP_DEPTH) {
			spend(w, 1);
			add_members(w, in, type, part(bytes, offset / 8), depth + 1);
		} else if (!name || !name[0]) {
			spend(w, 1);
		} else if (type && (bits || offset % 8 || is_narrow(type))) {
			offset += !bits && btf_is_int(type) ? btf_int_offset(type) : 0;
			bits = bits ?: btf_is_int(type) ? btf_int_bits(type) : 65;
			add_bitfield(w, in, name, type, bytes, offset, bits);
		} else {
			add_value(w, in, name, m->type, part(bytes, offset / 8), depth + 1);
		}
	}
}

static struct iou_doc *add_struct(struct walk *w, struct iou_doc *in, const char *key,
				  const struct btf_type *t, struct bytes bytes, int depth)
{
	struct iou_doc *doc = iou_doc_object(in, key);

	spend(w, 1);
	add_members(w, doc, t, bytes, depth);
	return doc;
}

static struct iou_doc *add_array(struct walk *w, struct iou_doc *in, const char *key,
				 const struct btf_type *t, struct bytes bytes, int depth)
{
	const struct btf_array *array = btf_array(t);
	size_t size = array->nelems ? bytes.size / array->nelems : 0;
	struct iou_doc *doc;

	if (is_char(w->btf, iou_btf_skip(w->btf, array->type)))
		return add_string(w, in, key, bytes);
	doc = iou_doc_array(in, key);
	spend(w, 1);
	for (__u32 i = 0; i < array->nelems; i++) {
		if (!w->left || (i == IOU_DUMP_ELEMENTS && !w->all)) {
			add_more(doc, array->nelems - i);
			break;
		}
		add_value(w, doc, NULL, array->type, (struct bytes){bytes.at + i * size, size},
			  depth + 1);
	}
	return doc;
}

static struct iou_doc *add_value(struct walk *w, struct iou_doc *in, const char *key, __u32 id,
				 struct bytes bytes, int depth)
{
	const struct btf_type *t = iou_btf_skip(w->btf, id);
	__s64 size = t ? btf__resolve_size(w->btf, id) : -1;

	if (size < 0 || (size_t)size > bytes.size || depth > IOU_DUMP_DEPTH)
		return add_bytes(w, in, key, bytes);
	bytes.size = (size_t)size;
	if (btf_is_composite(t))
		return add_struct(w, in, key, t, bytes, depth);
	if (btf_is_array(t))
		return add_array(w, in, key, t, bytes, depth);
	if (btf_is_int(t) && is_narrow(t))
		return add_bitfield(w, in, key, t, bytes, btf_int_offset(t), btf_int_bits(t));
	if (is_number(t) && is_word(bytes.size))
		return add_number(w, in, key, t, read_int(bytes), 8 * (unsigned int)bytes.size);
	if (btf_is_int(t) && bytes.size == 16)
		return add_int128(w, in, key, bytes);
	if (btf_is_ptr(t) && is_word(bytes.size))
		return add_hex(w, in, key, 0, read_int(bytes));
	if (btf_is_float(t) && (bytes.size == sizeof(float) || bytes.size == sizeof(double)))
		return add_float(w, in, key, bytes);
	return add_bytes(w, in, key, bytes);
}

struct iou_doc *iou_dump_value(struct iou_dump *dump, struct iou_doc *in, const char *key,
			       uint32_t type_id, const void *data, size_t size)
{
	size_t most = dump->value < dump->left ? dump->value : dump->left;
	struct walk w = {.btf = dump->btf, .all = dump->all, .left = most};
	struct iou_doc *field = add_value(&w, in, key, type_id, (struct bytes){data, size}, 0);

	dump->left -= most - w.left;
	return field;
}
