/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What matters in the verifier's log (kernel/bpf/verifier.c). */
#pragma once

#include <stddef.h>
#include <stdint.h>

/*
 * Why it rejects a program, in one line: its last message, and the line of the source that it came
 * to: "R6 invalid mem access 'scalar' (hello.bpf.c:17: sum += *p;)".
 */
void iou_verifier_reason(const char *log, char *reason, size_t size);

/* Bytes of stack, the frames of a chain of calls together; 0 where the log does not say. */
uint64_t iou_verifier_stack(const char *log);

/* Nanoseconds that it took, in steps of a thousand; 0 where the log does not say. */
uint64_t iou_verifier_time(const char *log);
