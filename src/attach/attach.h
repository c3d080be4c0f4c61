/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A loop on the ring of another program: bound, held while the program goes on, and taken off
 * again so that the program does not notice.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "attach/target.h"
#include "loop/loop.h"

/*
 * What of the ring, as far as its flags are known, keeps @loop from being bound to it. Stage
 * "attach", cause USAGE for what the loop cannot do and FAILED for what the kernel does not, with
 * the flag named.
 */
int iou_attach_check(const struct iou_loop *loop, const struct iou_target *target,
		     struct iou_err *err);

/*
 * Whether @loop is one for rings of its own, which would put SQEs on the program's. Stage "usage",
 * cause USAGE. One that was not written with our header may be.
 */
int iou_attach_check_kind(const struct iou_loop *loop, struct iou_err *err);

struct iou_attach_config {
	const char *const *sets; /* VAR=VALUE each, without what is made in this process */
	size_t sets_nr;
	const struct iou_image *image; /* the loop's */
	const char *pin;               /* where to pin it, or NULL: it goes with this process */
};

/*
 * Bind @loop to the ring, and let the ring go. Its parameters must be set. Errors are those of
 * iou_attach_check(), iou_sets_apply(), iou_loop_load(), iou_loop_attach_bounded() and iou_pin();
 * -ESTALE, stage "target", cause USAGE: the program closed the ring meanwhile.
 */
int iou_attach(struct iou_loop *loop, struct iou_target *target,
	       const struct iou_attach_config *config, struct iou_err *err);

enum iou_left {
	IOU_LEFT_IN_ORDER, /* the program was not in the loop any more */
	IOU_LEFT_UNHEARD,  /* it was, or may have been: a call of its may have failed (EFAULT) */
	IOU_LEFT_STILL_ON, /* the loop neither stops nor sleeps, and cannot be taken off */
	IOU_LEFT_HELD,     /* requests that the program believes submitted are still in its SQ */
	IOU_LEFT_FAILED,   /* the kernel does not detach it, and errno says why: it is still on */
};

/*
 * Take the loop off: it is asked to leave, the program is woken where it sleeps in it, and when it
 * has left, or after a second, its link is detached, by another process, which is given a second,
 * too.
 */
enum iou_left iou_attach_leave(struct iou_loop *loop);

/* ---- Holding ---- */

enum iou_bound_end {
	IOU_BOUND_HELD,     /* not yet */
	IOU_BOUND_SIGNAL,   /* a signal to us said so */
	IOU_BOUND_DURATION, /* the time is over */
	IOU_BOUND_EXIT,     /* the program ended */
	IOU_BOUND_CLOSED,   /* it closed the ring */
	IOU_BOUND_DETACHED, /* somebody else took the loop off */
};

/* A loop and the ring that it is on. */
struct iou_bound {
	struct iou_loop *loop;
	struct iou_target target;
	uint64_t since_ns; /* CLOCK_MONOTONIC */
	enum iou_bound_end end;
	enum iou_left left;
	uint64_t elapsed_ns;
};

struct iou_hold_config {
	uint64_t duration_ns; /* 0: for ever */
	uint64_t tick_ns;     /* how often @tick is called; 0: never */
	void (*tick)(void *data, uint64_t elapsed_ns);
	void *tick_data;
};

/*
 * Wait until there is a reason to end, and take the loops off: one by one as their programs end,
 * all when it is ours. SIGINT, SIGTERM, SIGHUP, SIGQUIT and SIGPIPE are such a reason, and are
 * returned by *@signum (0: none came); they must be blocked when the first loop is bound, by
 * iou_hold_block(). If this process is killed, another one takes the loops off. Stage "attach",
 * cause FAILED.
 */
int iou_hold(struct iou_bound *bounds, size_t nr, const struct iou_hold_config *config, int *signum,
	     struct iou_err *err);

/* Block the signals that end a program, but for those that it was started without. */
void iou_hold_block(void);
