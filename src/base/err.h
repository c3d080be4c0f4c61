/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a person needs to know of a failure beyond its errno. The caller owns the struct, the
 * function that fails fills it in, and cmd/ reports it, once.
 */
#pragma once

/* What kind of failure it is. cmd/ maps each to an exit code. */
enum iou_cause {
	IOU_CAUSE_FAILED = 0,  /* something went wrong that is none of the below */
	IOU_CAUSE_USAGE,       /* the command line asks for what does not exist or fit */
	IOU_CAUSE_UNSUPPORTED, /* the kernel lacks what is needed */
	IOU_CAUSE_PERMISSION,  /* the kernel has it, this user or container may not use it */
	IOU_CAUSE_REJECTED,    /* the object: not a loop, not readable, refused by the verifier */
	IOU_CAUSE_TIMEOUT,     /* the time that was given is over */
	IOU_CAUSE_VM,          /* the micro-VM could not run */
};

struct iou_err {
	enum iou_cause cause;
	const char *stage; /* static: "usage", "ring", "open", "load", "attach", "run", … */
	int errnum;        /* positive errno, or 0 where none applies */
	char message[1024];
	char hint[1024]; /* what to do next; empty where nothing helps */
	char *detail;    /* owned: long text such as the verifier's log, or NULL */
};

/*
 * Fill in @err and return -@errnum (-EINVAL where @errnum is 0), so that a function can end
 * with `return iou_err_set(…)`. The message has no full stop and does not repeat the errno's
 * text. An error that is set already is replaced. @err may be NULL.
 */
int iou_err_set(struct iou_err *err, enum iou_cause cause, const char *stage, int errnum,
		const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/* What to do next, replacing an earlier hint. */
void iou_err_hint(struct iou_err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Takes ownership of @detail (may be NULL). */
void iou_err_detail(struct iou_err *err, char *detail);

void iou_err_release(struct iou_err *err);

/* "ENOENT" for 2; "E<number>" is never returned: an unknown number gives "UNKNOWN". */
const char *iou_errno_name(int errnum);
