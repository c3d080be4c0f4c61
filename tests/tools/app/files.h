/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Blocks whose content follows from what they are. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BLOCK 4096

struct worker;

/* A file without a name, of @size zero bytes. Ends the program when there can be none. */
int file_new(struct worker *w, uint64_t size);

void block_fill(uint8_t *block, uint64_t seed);

/* Whether it is what block_fill() made; where not, that is a failure. Counted as compared. */
bool block_is(struct worker *w, const uint8_t *block, uint64_t seed, uint64_t nr);

/* A timer whose read(2) ends at @ns of CLOCK_MONOTONIC, and gives 8 bytes. */
int timer_new(void);
void timer_set(int fd, uint64_t ns);

/* A pair of pipe ends: [0] reads. */
void pipe_new(int ends[2]);
