/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Values as people write them: numbers, sizes, durations, flags. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/*
 * All return 0, -EINVAL for what is not of the form, -ERANGE for what does not fit; the
 * out-parameter is untouched on failure. White space is never skipped.
 */

/* Decimal or 0x-hexadecimal. */
int iou_parse_u64(const char *text, uint64_t *out);
int iou_parse_s64(const char *text, int64_t *out);

/* Bytes: a decimal number, then nothing or one of K, M, G, T (powers of 1024, also as KiB). */
int iou_parse_size(const char *text, uint64_t *out);

/* Nanoseconds: a decimal number, may have a fraction, then ns, us, ms, s, m or h; bare: seconds. */
int iou_parse_duration(const char *text, uint64_t *out);

/* Parts of a million: a percentage, may have a fraction, such as 1%, 0.05% or 100%. */
int iou_parse_share(const char *text, uint64_t *out);

/* 1/0, yes/no, on/off, true/false. */
int iou_parse_flag(const char *text, bool *out);

/* "NRxSIZE", such as 16x64K: a number and a size. */
int iou_parse_blocks(const char *text, uint64_t *nr, uint64_t *size);

/*
 * Where a socket is: "HOST:PORT" or "[IPV6]:PORT", which "tcp:" may precede, split into @host and
 * @port, or "unix:PATH", with the path as @host and @port NULL. Both are to be freed. -EINVAL,
 * -ENOMEM.
 */
int iou_parse_address(const char *text, char **host, char **port);
