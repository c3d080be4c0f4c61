/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The program by which a task is woken that sleeps in a loop (bpf/wake.bpf.c). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/*
 * Load it, once: it stays, for children too. Whoever wants to wake in a hurry calls it before. 0 or
 * -errno: it needs CAP_BPF, and a kernel with loops.
 */
int iou_waker_load(void);

/*
 * Have the task @tid, numbered as in the first pid namespace, take another step in the loop that it
 * sleeps in. *@inside: it is in io_uring_enter(2). 0 or -errno, with *@inside left as it is.
 */
int iou_waker_wake(int32_t tid, bool *inside);
