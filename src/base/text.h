/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Text for people: near misses, units, and what others wrote made safe to print. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/*
 * The entry of @names (NULL-terminated) that @word most likely meant: the least edit distance,
 * at most a third of its length (but at least 1). NULL where nothing is near.
 */
const char *iou_text_nearest(const char *word, const char *const *names);

/*
 * Copy @text into @buf (at most @size bytes with the NUL) with control characters and bytes
 * that are not valid UTF-8 as \xNN, so that it can do nothing to a terminal and is a valid
 * JSON string. Returns @buf.
 */
char *iou_text_escape(char *buf, size_t size, const char *text);

/* 1234567 as "1,234,567". Returns @buf, which needs 27 bytes. */
char *iou_text_count(char *buf, size_t size, uint64_t value);

/* Nanoseconds as "532 ns", "1.24 us", "18.3 ms", "2.50 s". Returns @buf. */
char *iou_text_duration(char *buf, size_t size, double ns);

/* A rate per second as "950", "12.3 k", "4.56 M", without the unit. Returns @buf. */
char *iou_text_rate(char *buf, size_t size, double per_second);

/* Parts of a million as "0.05%", "100%". Returns @buf. */
char *iou_text_share(char *buf, size_t size, uint64_t parts);

/* Bytes as "512 B", "64 KiB", "1.5 GiB". Returns @buf. */
char *iou_text_size(char *buf, size_t size, uint64_t bytes);

/*
 * Add @word to the command line in @line, which has @size bytes of which @at are used: a space, and
 * the word as a shell reads it as one. Returns how many are used then, or @size or more where they
 * do not suffice.
 */
size_t iou_text_add_word(char *line, size_t at, size_t size, const char *word);
