/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Rings, and the loop that is tortured, by the kernel's own calls. What cannot fail ends the
 * program. */
#pragma once

#include <linux/io_uring.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "torture.h"

/* include/uapi/linux/io_uring.h; Linux 6.1's copy of it lacks them. */
#ifndef IORING_SETUP_NO_MMAP
#define IORING_SETUP_NO_MMAP (1U << 14)
#endif
#ifndef IORING_SETUP_NO_SQARRAY
#define IORING_SETUP_NO_SQARRAY (1U << 16)
#endif
#ifndef IORING_SETUP_SQ_REWIND
#define IORING_SETUP_SQ_REWIND (1U << 20)
#endif

/* What a ring needs for a loop; and what those have whose kind makes no difference. */
#define RING_FLAGS (IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN)
#define FLAGS (RING_FLAGS | IORING_SETUP_NO_SQARRAY)

/* The test has failed, as printf() says. */
__attribute__((format(printf, 1, 2), noreturn)) void wrong(const char *format, ...);

#define check(condition, ...)               \
	do {                                \
		if (!(condition))           \
			wrong(__VA_ARGS__); \
	} while (0)

struct ring {
	int fd;
	struct io_uring_params params;
	void *memory[2]; /* of IORING_SETUP_NO_MMAP */
};

/* 0, or -errno. */
int ring_try(struct ring *ring, uint32_t entries, uint32_t flags);
void ring_make(struct ring *ring, uint32_t entries, uint32_t flags);
void ring_free(struct ring *ring);

/* io_uring_enter(2), for completions, none of which is waited for: 0, or -errno. */
int ring_enter(const struct ring *ring);

/* One of IORING_SETUP_R_DISABLED. 0, or -errno. */
int ring_enable(const struct ring *ring);

/* IORING_REGISTER_MEM_REGION. 0, or -errno. */
int ring_register_memory(const struct ring *ring, void *memory, uint64_t size);

/* The loop, loaded for rings like one. */
struct loop {
	struct bpf_object *object;
	int program;
	uint32_t type; /* of the map's values, in the kernel's BTF */
	struct shared *shared;
};

/* Its program is "torture_step"; or "region_step", for @size bytes of region @region. */
void loop_load(struct loop *loop, const struct ring *ring);
void loop_load_for(struct loop *loop, uint32_t entries, uint32_t flags);
void loop_load_region(struct loop *loop, const struct ring *ring, uint32_t region, uint32_t size);
void loop_free(struct loop *loop);

/* A binding of its own: a map with the program, and a link. Each 0, or -errno. */
struct binding {
	int map, link;
};

int binding_map(struct binding *binding, const struct loop *loop, int ring_fd);
int binding_link(struct binding *binding);
void binding_end(struct binding *binding);

/* Both, which cannot fail. */
void bind_loop(struct binding *binding, const struct loop *loop, const struct ring *ring);

/* ---- What it does ---- */

/* Step after step, and nothing done. */
void work_spin(const struct loop *loop);

/* NOPs, @flags their IOSQE_*: @wanted of them, @batch in a step. */
void work_nops(const struct loop *loop, uint32_t wanted, uint32_t batch, uint8_t flags);

/* Sleep, with a request in flight that waits for the eventfd @fd; -1: without one. */
void work_sleep(const struct loop *loop, int fd);

/* ---- What else tests need ---- */

uint64_t now_ns(void);
void pause_ns(uint64_t ns);
void spin_ns(uint64_t ns); /* not as long as to sleep takes */
uint32_t random_below(uint32_t bound);
void run_on(int cpu);
void hear_signals(void); /* SIGUSR1, and go on */

/* So many times, or as often as the program was told to. */
extern unsigned int rounds;

struct test {
	const char *name;
	void (*run)(void);
};

extern const struct test signal_tests[], end_tests[], race_tests[], kind_tests[], memory_tests[];
