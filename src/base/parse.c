// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "base/parse.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

/* Digits of @text in base 10, or 16 after 0x; *@end is where they end. */
static int parse_digits(const char *text, uint64_t *out, const char **end)
{
	int base = 10;
	const char *p = text;
	uint64_t value = 0;

	if (p[0] == '0' && (p[1] == 'x' || p[1] == 'X')) {
		base = 16;
		p += 2;
	}
	if (!(base == 16 ? isxdigit((unsigned char)*p) : isdigit((unsigned char)*p)))
		return -EINVAL;
	for (; base == 16 ? isxdigit((unsigned char)*p) : isdigit((unsigned char)*p); p++) {
		unsigned int digit =
			isdigit((unsigned char)*p)
				? (unsigned int)(*p - '0')
				: (unsigned int)(tolower((unsigned char)*p) - 'a' + 10);

		if (__builtin_mul_overflow(value, (uint64_t)base, &value) ||
		    __builtin_add_overflow(value, (uint64_t)digit, &value))
			return -ERANGE;
	}
	*out = value;
	*end = p;
	return 0;
}

int iou_parse_u64(const char *text, uint64_t *out)
{
	const char *end;
	uint64_t value;
	int ret = parse_digits(text, &value, &end);

	if (ret)
		return ret;
	if (*end)
		return -EINVAL;
	*out = value;
	return 0;
}

int iou_parse_s64(const char *text, int64_t *out)
{
	bool negative = *text == '-';
	uint64_t value;
	int ret = iou_parse_u64(text + negative, &value);

	if (ret)
		return ret;
	if (value > (uint64_t)INT64_MAX + negative)
		return -ERANGE;
	*out = negative ? (int64_t)(0 - value) : (int64_t)value;
	return 0;
}

int iou_parse_size(const char *text, uint64_t *out)
{
	static const char units[] = "KMGT";
	const char *end, *unit;
	unsigned int shift = 0;
	uint64_t value;
	int ret = parse_digits(text, &value, &end);

	if (ret)
		return ret;
	if (*end) {
		unit = strchr(units, toupper((unsigned char)*end));
		if (!unit)
			return -EINVAL;
		shift = 10 * (unsigned int)(unit - units + 1);
		end++;
		if (*end && strcmp(end, "iB") != 0)
			return -EINVAL;
	}
	if (value > UINT64_MAX >> shift)
		return -ERANGE;
	*out = value << shift;
	return 0;
}

int iou_parse_duration(const char *text, uint64_t *out)
{
	static const struct {
		const char *name;
		uint64_t ns;
	} units[] = {
		{"ns", 1},          {"us", 1000},         {"ms", 1000000},  {"s", 1000000000},
		{"m", 60000000000}, {"h", 3600000000000}, {"", 1000000000},
	};
	uint64_t value, unit = 0, fraction = 0, scale = 1;
	const char *end;
	int ret = parse_digits(text, &value, &end);

	if (ret)
		return ret;
	if (*end == '.') {
		if (!isdigit((unsigned char)end[1]))
			return -EINVAL;
		for (end++; isdigit((unsigned char)*end); end++) {
			/* Digits beyond the ninth are below a nanosecond of a second. */
			if (scale >= 1000000000)
				continue;
			fraction = fraction * 10 + (uint64_t)(*end - '0');
			scale *= 10;
		}
	}
	for (size_t i = 0; i < ARRAY_SIZE(units); i++)
		if (strcmp(end, units[i].name) == 0)
			unit = units[i].ns;
	if (!unit)
		return -EINVAL;
	if (__builtin_mul_overflow(value, unit, &value) ||
	    __builtin_add_overflow(value, (uint64_t)((unsigned __int128)fraction * unit / scale),
				   &value))
		return -ERANGE;
	*out = value;
	return 0;
}

int iou_parse_share(const char *text, uint64_t *out)
{
	uint64_t value, scale = 10000, part = 0;
	const char *end;
	int ret = parse_digits(text, &value, &end);

	if (ret)
		return ret;
	if (*end == '.') {
		if (!isdigit((unsigned char)end[1]))
			return -EINVAL;
		for (end++; isdigit((unsigned char)*end); end++) {
			scale /= 10;
			/* Less than one in a million. */
			if (!scale && *end != '0')
				return -ERANGE;
			part += scale * (uint64_t)(*end - '0');
		}
	}
	if (strcmp(end, "%") != 0)
		return -EINVAL;
	if (value > 100 || (value == 100 && part))
		return -ERANGE;
	*out = 10000 * value + part;
	return 0;
}

int iou_parse_flag(const char *text, bool *out)
{
	static const char *const words[][2] = {
		{"0", "1"},
		{"no", "yes"},
		{"off", "on"},
		{"false", "true"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		for (int on = 0; on < 2; on++)
			if (strcmp(text, words[i][on]) == 0) {
				*out = on;
				return 0;
			}
	return -EINVAL;
}

int iou_parse_blocks(const char *text, uint64_t *nr, uint64_t *size)
{
	const char *times = strchr(text, 'x');
	uint64_t count, bytes;
	char number[32];
	int ret;

	if (!times || times == text || (size_t)(times - text) >= sizeof(number))
		return -EINVAL;
	memcpy(number, text, (size_t)(times - text));
	number[times - text] = '\0';
	ret = iou_parse_u64(number, &count) ?: iou_parse_size(times + 1, &bytes);
	if (ret)
		return ret;
	*nr = count;
	*size = bytes;
	return 0;
}

int iou_parse_address(const char *text, char **host, char **port)
{
	bool is_unix = strncmp(text, "unix:", 5) == 0;
	IOU_FREE char *found = NULL, *service = NULL;
	const char *colon;
	size_t length;

	if (!is_unix && strncmp(text, "tcp:", 4) == 0)
		text += 4;
	colon = strrchr(text, ':');
	length = colon ? (size_t)(colon - text) : 0;
	if (is_unix) {
		found = strdup(text + 5);
		if (!text[5])
			return -EINVAL;
	} else {
		if (length > 1 && text[0] == '[' && text[length - 1] == ']') {
			text++;
			length -= 2;
		} else if (memchr(text, ':', length)) {
			return -EINVAL;
		}
		if (!length || !colon[1])
			return -EINVAL;
		found = strndup(text, length);
		service = strdup(colon + 1);
		if (!service)
			return -ENOMEM;
	}
	if (!found)
		return -ENOMEM;
	*host = TAKE_PTR(found);
	*port = TAKE_PTR(service);
	return 0;
}
