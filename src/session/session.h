/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A ring and the loop that is bound to it: made in the order ring, load, attach; taken apart in
 * the reverse.
 */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "loop/loop.h"
#include "ring/ring.h"
#include "session/resources.h"
#include "session/set.h"

/* The SQ and CQ sizes of a loop that wishes for none. */
#define IOU_SESSION_SQ_ENTRIES 64
#define IOU_SESSION_CQ_ENTRIES 512

struct iou_session_config {
	uint32_t sq_entries;          /* 0: what the loop declares, or the default */
	uint32_t cq_entries;          /* 0: likewise, but never smaller than the SQ */
	uint32_t flags_on, flags_off; /* IORING_SETUP_* beyond, and without, the usual ones */
	bool trace;                   /* the loop's SQEs and CQEs: see iou_trace_open() */
	const char *const *sets;      /* VAR=VALUE each: see session/set.h */
	size_t sets_nr;
	struct iou_session_times *times; /* or NULL */
};

/* When each part of iou_session_open() was over: CLOCK_MONOTONIC. */
struct iou_session_times {
	uint64_t ring_ns, load_ns, attach_ns;
};

struct iou_session {
	struct iou_ring ring;
	struct iou_resources resources;
	struct iou_loop *loop; /* the caller's */
	struct iou_held held;
	/* Signals that ask the loop to stop wait for iou_session_run() from the attach on. */
	bool holds_signals;
	sigset_t old_mask;
};

#define IOU_SESSION_INIT              \
	(struct iou_session)          \
	{                             \
		.ring = IOU_RING_INIT \
	}

/*
 * Make the ring, tell @loop its geometry, set its variables, load it and attach it. The calling
 * thread is the one that must run it. @loop stays the caller's, and must be freed before the
 * session is released so that the link goes first. Errors are those of iou_sets_apply(), which
 * come first where they need no ring, iou_ring_init(), iou_loop_load(), iou_loop_attach(), and
 * iou_loop_run_check(), before which no file is emptied.
 */
int iou_session_open(struct iou_session *session, struct iou_loop *loop,
		     const struct iou_session_config *config, struct iou_err *err);

/*
 * The same without attaching: only to have @loop verified. Its resources are told by their sizes
 * alone: nothing is opened, connected or registered, and none needs to be named.
 */
int iou_session_verify(struct iou_session *session, struct iou_loop *loop,
		       const struct iou_session_config *config, struct iou_err *err);

void iou_session_release(struct iou_session *session);

/* Signals come as they did before. iou_session_run() does it, and the one above. */
void iou_session_let_go(struct iou_session *session);

enum iou_stop {
	IOU_STOP_DONE,        /* the loop stopped, and did what it was asked to */
	IOU_STOP_FAILED,      /* the loop stopped, and said what failed */
	IOU_STOP_INTERRUPTED, /* by a signal */
	IOU_STOP_TIMED_OUT,
	IOU_STOP_EJECTED,    /* the loop was taken off while it ran (EFAULT) */
	IOU_STOP_BAD_RETURN, /* a step returned neither CONTINUE nor STOP (EINVAL) */
};

/* "done", "failed", "interrupted", "timed-out", "ejected", "bad-return". */
const char *iou_stop_name(enum iou_stop stop);

struct iou_run_config {
	uint64_t timeout_ns;                           /* 0: none */
	uint64_t tick_ns;                              /* how often @tick is called; 0: never */
	void (*tick)(void *data, uint64_t elapsed_ns); /* on a thread of its own */
	void *tick_data;
};

struct iou_run {
	enum iou_stop stop;
	int stop_errno;     /* positive, or 0 */
	char stop_text[96]; /* what the loop said; empty for none. Not trusted: escape it */
	int signal; /* the first one that asked to stop, also where the loop was done first */
	uint64_t start_ns; /* CLOCK_MONOTONIC */
	uint64_t cpu_ns;   /* of all of the process */
	uint64_t elapsed_ns, enter_calls;
	bool has_steps; /* the loop counts them (iouctl/loop.bpf.h) */
	uint64_t steps;
	/*
	 * The ring as the run left it; as it was when the time was over, where the loop slept then.
	 * In flight is what the kernel took from the SQ and posted no CQE for; it cannot be told
	 * (has_in_flight) where neither the loop nor an SQ head counts requests.
	 */
	struct iou_ring_snapshot ring;
	bool has_in_flight;
	int64_t in_flight;
};

/*
 * Enter the ring until the loop stops. SIGINT, SIGTERM and SIGHUP ask the loop to stop in its own
 * way; a second one, or a loop that cannot be asked, ends it at once. What the loop writes into a
 * pipe that nobody reads fails with EPIPE; a loop that writes to standard output is ended by
 * SIGPIPE there, as pipelines expect. The signals' dispositions and mask are restored on return;
 * the signal is not raised again here. A timeout asks likewise and waits for a second at most. May
 * be called once. Stage "run": EEXIST and what else io_uring_enter(2) may say.
 */
int iou_session_run(struct iou_session *session, const struct iou_run_config *config,
		    struct iou_run *run, struct iou_err *err);
