// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "files.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "app.h"

static __attribute__((noreturn)) void die(const char *what)
{
	perror(what);
	exit(3);
}

int file_new(struct worker *w, uint64_t size)
{
	const char *dir = getenv("TMPDIR");
	char name[4096];
	int fd;

	if (w->opt->file)
		snprintf(name, sizeof(name), "%s.XXXXXX", w->opt->file);
	else
		snprintf(name, sizeof(name), "%s/app.XXXXXX", dir ? dir : "/tmp");
	fd = mkostemp(name, O_CLOEXEC);
	if (fd < 0 || unlink(name) || ftruncate(fd, (off_t)size))
		die(name);
	return fd;
}

static uint64_t word_of(uint64_t seed, size_t i)
{
	return (seed + i) * 0x9e3779b97f4a7c15 ^ seed >> 7;
}

void block_fill(uint8_t *block, uint64_t seed)
{
	for (size_t i = 0; i < BLOCK / 8; i++) {
		uint64_t word = word_of(seed, i);

		memcpy(block + 8 * i, &word, 8);
	}
}

bool block_is(struct worker *w, const uint8_t *block, uint64_t seed, uint64_t nr)
{
	w->result->bytes += BLOCK;
	for (size_t i = 0; i < BLOCK / 8; i++) {
		uint64_t word = word_of(seed, i);

		if (memcmp(block + 8 * i, &word, 8) == 0)
			continue;
		wrong(w->result, "block %llu: bytes %zu to %zu are wrong", (unsigned long long)nr,
		      8 * i, 8 * i + 7);
		return false;
	}
	return true;
}

void pipe_new(int ends[2])
{
	if (pipe2(ends, O_CLOEXEC))
		die("pipe");
}

int timer_new(void)
{
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);

	if (fd < 0)
		die("timerfd_create");
	return fd;
}

void timer_set(int fd, uint64_t ns)
{
	struct itimerspec at = {.it_value = {(time_t)(ns / SEC), (long)(ns % SEC)}};

	timerfd_settime(fd, TFD_TIMER_ABSTIME, &at, NULL);
}
