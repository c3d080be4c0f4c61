/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The jobs; each file says what they check. */
#pragma once

struct worker;

void rw_run(struct worker *w);
void chains_run(struct worker *w);
void timeouts_run(struct worker *w);
void nowait_run(struct worker *w);
void waits_run(struct worker *w);
void drain_run(struct worker *w);
void deep_run(struct worker *w);
void latency_run(struct worker *w);
void sockets_run(struct worker *w);
void mixed_run(struct worker *w);
void idle_run(struct worker *w);
void spin_run(struct worker *w);
void resize_run(struct worker *w);
void skip_run(struct worker *w);
void multishot_run(struct worker *w);
void cancel_run(struct worker *w);
void bufs_run(struct worker *w);
void overflow_run(struct worker *w);
