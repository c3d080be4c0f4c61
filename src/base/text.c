// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "base/text.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"

#define NAME_MAX_LEN 64

/* Edit distance with adjacent swaps counted as one (optimal string alignment). */
static size_t edit_distance(const char *a, const char *b)
{
	size_t la = strlen(a), lb = strlen(b);
	size_t row[3][NAME_MAX_LEN + 1];

	if (la > NAME_MAX_LEN || lb > NAME_MAX_LEN)
		return SIZE_MAX;
	for (size_t j = 0; j <= lb; j++)
		row[0][j] = j;
	for (size_t i = 1; i <= la; i++) {
		size_t *now = row[i % 3], *before = row[(i + 2) % 3], *earlier = row[(i + 1) % 3];

		now[0] = i;
		for (size_t j = 1; j <= lb; j++) {
			size_t best = before[j - 1] + (a[i - 1] != b[j - 1]);

			if (before[j] + 1 < best)
				best = before[j] + 1;
			if (now[j - 1] + 1 < best)
				best = now[j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    earlier[j - 2] + 1 < best)
				best = earlier[j - 2] + 1;
			now[j] = best;
		}
	}
	return row[la % 3][lb];
}

const char *iou_text_nearest(const char *word, const char *const *names)
{
	size_t limit = strlen(word) / 3, best = SIZE_MAX;
	const char *nearest = NULL;

	if (limit < 1)
		limit = 1;
	for (; *names; names++) {
		size_t distance = edit_distance(word, *names);

		if (distance < best) {
			best = distance;
			nearest = *names;
		}
	}
	return best <= limit ? nearest : NULL;
}

/* Length of the valid UTF-8 sequence at @s, 0 for none (RFC 3629: no overlongs, no surrogates). */
static size_t utf8_length(const unsigned char *s)
{
	size_t len;

	if (s[0] < 0x80)
		return 1;
	if (s[0] >= 0xc2 && s[0] <= 0xdf)
		len = 2;
	else if (s[0] >= 0xe0 && s[0] <= 0xef)
		len = 3;
	else if (s[0] >= 0xf0 && s[0] <= 0xf4)
		len = 4;
	else
		return 0;
	for (size_t i = 1; i < len; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
	    (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	return len;
}

char *iou_text_escape(char *buf, size_t size, const char *text)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t at = 0;

	while (*s) {
		size_t len = utf8_length(s);
		/* C0 and DEL, and the C1 controls, which are two bytes in UTF-8. */
		bool control = *s < 0x20 || *s == 0x7f || (len == 2 && s[0] == 0xc2 && s[1] < 0xa0);

		if (len && !control) {
			if (at + len >= size)
				break;
			memcpy(buf + at, s, len);
			at += len;
			s += len;
			continue;
		}
		if (at + 4 >= size)
			break;
		at += (size_t)snprintf(buf + at, size - at, "\\x%02x", *s);
		s++;
	}
	if (size)
		buf[at] = '\0';
	return buf;
}

char *iou_text_count(char *buf, size_t size, uint64_t value)
{
	char digits[21];
	int len = snprintf(digits, sizeof(digits), "%" PRIu64, value);
	size_t at = 0;

	for (int i = 0; i < len && at + 2 < size; i++) {
		if (i && (len - i) % 3 == 0)
			buf[at++] = ',';
		buf[at++] = digits[i];
	}
	if (size)
		buf[at] = '\0';
	return buf;
}

/* @value with three significant digits. */
static void three_digits(char *buf, size_t size, double value, const char *unit)
{
	int decimals = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;

	snprintf(buf, size, "%.*f %s", decimals, value, unit);
}

char *iou_text_duration(char *buf, size_t size, double ns)
{
	if (ns < 999.5)
		snprintf(buf, size, "%.*f ns", ns < 9.95 && ns > 0 ? 1 : 0, ns);
	else if (ns < 999.5e3)
		three_digits(buf, size, ns / 1e3, "us");
	else if (ns < 999.5e6)
		three_digits(buf, size, ns / 1e6, "ms");
	else
		three_digits(buf, size, ns / 1e9, "s");
	return buf;
}

char *iou_text_rate(char *buf, size_t size, double per_second)
{
	if (per_second < 999.5)
		snprintf(buf, size, "%.0f", per_second);
	else if (per_second < 999.5e3)
		three_digits(buf, size, per_second / 1e3, "k");
	else
		three_digits(buf, size, per_second / 1e6, "M");
	return buf;
}

char *iou_text_share(char *buf, size_t size, uint64_t parts)
{
	/* %g drops the zeros in the end. */
	snprintf(buf, size, "%.10g%%", (double)parts / 10000);
	return buf;
}

char *iou_text_size(char *buf, size_t size, uint64_t bytes)
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	double value = (double)bytes;
	size_t unit = 0;

	while (value >= 1023.95 && unit + 1 < ARRAY_SIZE(units)) {
		value /= 1024;
		unit++;
	}
	if (value == (double)(uint64_t)value)
		snprintf(buf, size, "%.0f %s", value, units[unit]);
	else
		snprintf(buf, size, "%.1f %s", value, units[unit]);
	return buf;
}

size_t iou_text_add_word(char *line, size_t at, size_t size, const char *word)
{
	bool plain = word[0] && !strpbrk(word, " \t\n'\"\\$&|;<>()*?[]#~`!{}");

	if (at >= size)
		return at;
	if (plain)
		return at + (size_t)snprintf(line + at, size - at, "%s%s", at ? " " : "", word);
	at += (size_t)snprintf(line + at, size - at, at ? " '" : "'");
	for (; *word && at < size; word++)
		at += (size_t)snprintf(line + at, size - at, *word == '\'' ? "'\\''" : "%c", *word);
	if (at < size)
		at += (size_t)snprintf(line + at, size - at, "'");
	return at;
}
