/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The variant that is a loop. */
#pragma once

#include "bench/bench.h"

/*
 * Run @spec, or the one of @work, with these parameters, NAME=VALUE, NULL-terminated; of which that
 * of @work gets the ones that it has, before its own. Requests are what the loop says it has done,
 * where it says how far it is, else @count.
 */
int iou_bench_loop_open(void **state, const struct iou_bench_work *work, const char *spec,
			const char *const *params, uint64_t count, struct iou_err *err);
int iou_bench_loop_run(void *state, struct iou_bench_done *done, struct iou_err *err);
/* The address at which it waits for clients, as numbers; NULL where it does not. */
const char *iou_bench_loop_listens(void *state);
void iou_bench_loop_close(void *state);

/* Its registered buffers, all of them; NULL where it has none. */
const void *iou_bench_loop_buffers(const void *state, size_t *size);
