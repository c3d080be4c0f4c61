/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the author of a policy loop includes: one for the ring of a program that knows nothing of
 * it ('iouctl attach'). It is called in place of io_uring_enter(2)'s own loop: it submits what the
 * program queued, waits as the program asked, and returns. What is in the calls' arguments is read
 * from the program's registers.
 *
 *	static __always_inline int step(struct iou_policy *policy)
 *	{
 *		if (policy->first && !iou_policy_submit(policy, policy->call->to_submit))
 *			return iou_policy_return(policy);
 *		return iou_policy_wait(policy);
 *	}
 *
 *	IOU_POLICY(mine, step, "does what io_uring_enter(2) does", "");
 *
 * The ring is the program's. A policy puts no SQE of its own on it, for the program counts on its
 * tail; it consumes no CQE, and leaves user_data as it is. Time is taken from a BPF timer. The call
 * returns 0, whatever was submitted: the kernel gives a loop no say in that.
 */
#pragma once

#define IOU_NO_TRACE
#include <iouctl/loop.bpf.h>
#include <iouctl/task.bpf.h>
#include <bpf/bpf_core_read.h>
#include <linux/errno.h>

/*
 * ---- The kernel's side --------------------------------------------------------------------
 */

/* io_uring/: the ring as the kernel has it, to read from. */
struct io_ring_ctx___iou {
	struct {
		int counter;
	} cq_timeouts;
	unsigned int cq_entries;
	int clockid; /* that of IORING_REGISTER_CLOCK */
} __attribute__((preserve_access_index));

/* How far the clocks of the caller's time namespace are ahead of the machine's. */
struct timespec64___iou {
	__s64 tv_sec;
	long tv_nsec;
} __attribute__((preserve_access_index));

struct timens_offsets___iou {
	struct timespec64___iou monotonic, boottime;
} __attribute__((preserve_access_index));

struct time_namespace___iou {
	struct timens_offsets___iou offsets;
} __attribute__((preserve_access_index));

struct nsproxy___iou {
	struct time_namespace___iou *time_ns;
} __attribute__((preserve_access_index));

struct task_struct___iou {
	struct nsproxy___iou *nsproxy;
} __attribute__((preserve_access_index));

/* include/uapi/linux/time.h: for bpf_timer_init(), and of rings. */
#define IOU_CLOCK_MONOTONIC 1
#define IOU_CLOCK_BOOTTIME 7

/* include/uapi/linux/io_uring.h; Linux 6.1's copy of it lacks them. */
#define IOU_ENTER_ABS_TIMER (1U << 5)
#define IOU_ENTER_EXT_ARG_REG (1U << 6)

/* struct io_uring_getevents_arg, with the fourth field's name of Linux 6.12. */
struct iou_getevents_arg {
	__u64 sigmask;
	__u32 sigmask_sz;
	__u32 min_wait_usec;
	__u64 ts;
};

/*
 * ---- What the tool and the loop know of the call ------------------------------------------
 */

/* The io_uring_enter(2) that the program is in, or was in last. */
struct iou_call {
	__u32 to_submit, min_complete, flags; /* as the program said */
	__u64 deadline;       /* when it gives up, CLOCK_MONOTONIC in nanoseconds; 0: never, or not
			       * known: it counts once it waits */
	__u64 min_wait_until; /* until when fewer than min_complete are too few; 0: always */
	__u32 waits;          /* its requests were submitted; it waits */
	__u32 timeouts;       /* requests of IORING_OP_TIMEOUT that were over when it began to */
	__u32 in_call;        /* it has not returned, as far as the loop can tell */
	__s32 tid;            /* of the task that calls, in the first pid namespace */
	/* Set by the tool: return from this call, and from each that comes until leave_until, at
	 * once. */
	__u32 leave;
	__u32 has_timer; /* it was set up */
	__u64 timer_at;  /* when it goes off; 0: it does not */
	/* Set by the tool, before leave: until when that counts, and the program may be kept from
	 * calling again: a loop that was not taken off by then goes on as before. And that it is
	 * off. */
	__u64 leave_until;
	__u32 gone;
	__u32 parked; /* it is kept so now: see iou_policy_park() */
	/* Requests that the program submitted, and the loop has not: as long as there are some, the
	 * tool waits with taking it off for a call in which they can go. */
	__u32 held;
};

struct iou_call iou_call = {};

IOU_COUNTER(calls, "calls", "of io_uring_enter by the program");
IOU_COUNTER(submitted, "requests", "the kernel took");
IOU_COUNTER(blind, "steps", "on a ring that was resized: it was not looked into");
IOU_COUNTER(not_applied, "calls", "with a signal mask, which a loop cannot apply");
IOU_COUNTER(not_read, "calls", "whose timeout cannot be read: they returned without waiting");
IOU_COUNTER(not_timed, "calls", "that returned early, since no timer could be set");

/* Who wakes the program, but for the tool. A value may have one of each of these fields. */
enum { IOU_WAKE_TIMER, IOU_WAKE_PARK, IOU_WAKES_NR };

struct iou_wake {
	struct bpf_timer timer;
	struct bpf_task_work work;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, IOU_WAKES_NR);
	__type(key, __u32);
	__type(value, struct iou_wake);
} iou_wakes SEC(".maps");

/*
 * ---- The caller's registers ---------------------------------------------------------------
 */

struct iou_enter_args {
	__u32 to_submit, min_complete, flags;
	__u64 argp, argsz;
	bool is_compat; /* to the kernel, in_compat_syscall() */
};

/* __USER32_CS: the caller is 32-bit code. */
#define IOU_X86_CS32 0x23

/* PSR_MODE32_BIT */
#define IOU_ARM64_MODE32 0x10

static __always_inline void iou_read_args(struct iou_enter_args *args)
{
	struct task_struct *task = bpf_get_current_task_btf();
	void *regs = (void *)bpf_task_pt_regs(task);

	if (bpf_core_field_exists(struct pt_regs___iou_x86, r10)) {
		struct pt_regs___iou_x86 *x86 = regs;
		bool is32 = x86->cs == IOU_X86_CS32;

		args->to_submit = is32 ? x86->cx : x86->si;
		args->min_complete = x86->dx;
		args->flags = is32 ? x86->si : x86->r10;
		args->argp = is32 ? (__u32)x86->di : x86->r8;
		args->argsz = is32 ? (__u32)x86->bp : x86->r9;
		args->is_compat = is32 || x86->orig_ax & IOU_X86_X32;
	} else {
		struct pt_regs___iou_arm64 *arm64 = regs;

		args->to_submit = arm64->regs[1];
		args->min_complete = arm64->regs[2];
		args->flags = arm64->regs[3];
		args->argp = arm64->regs[4];
		args->argsz = arm64->regs[5];
		args->is_compat = arm64->pstate & IOU_ARM64_MODE32;
	}
}

/*
 * ---- Waking the program -------------------------------------------------------------------
 *
 * A task that sleeps in the loop takes another step when task work is given to it. One that is in
 * another system call would be disturbed by that, and is left alone.
 */

/* Wake the program, if it is in the loop. */
static __always_inline void iou_wake_task(struct iou_wake *wake)
{
	struct task_struct *task;

	if (!iou_load(&iou_call.in_call))
		return;
	task = bpf_task_from_pid(iou_load(&iou_call.tid));
	if (!task)
		return;
	if (iou_in_enter(task))
		iou_task_wake(task, &wake->work, &iou_wakes);
	bpf_task_release(task);
}

static int iou_timer_fired(void *map, __u32 *key, struct iou_wake *wake)
{
	iou_wake_task(wake);
	return 0;
}

/*
 * ---- The ring as a policy has it ----------------------------------------------------------
 */
struct iou_policy {
	struct iou_ctx *ctx;
	struct iou_loop_params *params;
	struct iou_call *call;
	void *rings; /* IOU_REGION_CQ, as far as the policy needs it */
	/* NULL for a policy that needs neither, and on a ring that has been resized. */
	struct io_uring_sqe *sqes;
	struct io_uring_cqe *cqes;
	bool first; /* the call's first step */
	bool leave; /* the tool asks for the ring to be left */
};

static __always_inline __u32 iou_policy_load(const struct iou_policy *policy, __u32 offset)
{
	return iou_load((__u32 *)(policy->rings + offset));
}

/*
 * ---- What the program queued, and what completed ----
 *
 * For a policy that says in IOU_POLICY() that it needs them. A ring can be resized while a loop is
 * on it; it then looks into it no more (`blind`), and iou_policy_pass() is what it can do.
 */

static __always_inline void iou_policy_look(struct iou_policy *policy)
{
	__u32 sq_entries = iou_geometry.sq_entries, cq_entries = iou_geometry.cq_entries;
	void *rings = bpf_io_uring_get_region(policy->ctx, IOU_REGION_CQ, iou_geometry.rings_size);
	void *sqes = bpf_io_uring_get_region(policy->ctx, IOU_REGION_SQ,
					     (__u64)sq_entries * sizeof(struct io_uring_sqe));

	if (!rings || !sqes ||
	    iou_load((__u32 *)(rings + iou_geometry.sq_mask_off)) != sq_entries - 1 ||
	    iou_load((__u32 *)(rings + iou_geometry.cq_mask_off)) != cq_entries - 1) {
		blind++;
		return;
	}
	policy->rings = rings;
	policy->sqes = sqes;
	policy->cqes = rings + iou_geometry.cqes_off;
}

static __always_inline bool iou_policy_rewinds(void)
{
	return iou_geometry.setup_flags & IORING_SETUP_SQ_REWIND;
}

/* How many of at most @nr requests that a call is to submit the program has queued. */
static __always_inline __u32 iou_policy_queued(const struct iou_policy *policy, __u32 nr)
{
	__u32 there = iou_geometry.sq_entries;

	/* With SQ_REWIND there is no tail: they are what the call says. */
	if (!iou_policy_rewinds())
		there = iou_policy_load(policy, iou_geometry.sq_tail_off) -
			iou_policy_load(policy, iou_geometry.sq_head_off);
	if (there > iou_geometry.sq_entries)
		there = iou_geometry.sq_entries;
	return nr < there ? nr : there;
}

/* Where among the SQEs the one is that is number @nr of those that are not submitted, from 0 on.
 * IOU_NO_SLOT for one that the kernel drops, since the SQ array leads nowhere. */
#define IOU_NO_SLOT ((__u32)-1)

static __always_inline __u32 iou_policy_slot(const struct iou_policy *policy, __u32 nr)
{
	__u32 mask = iou_geometry.sq_entries - 1, at = nr;

	if (!iou_policy_rewinds())
		at += iou_policy_load(policy, iou_geometry.sq_head_off);
	at &= mask;
	if (iou_geometry.sq_array_off) {
		at = iou_load((__u32 *)(policy->rings + iou_geometry.sq_array_off) + at);
		iou_opaque(at);
		if (at > mask)
			return IOU_NO_SLOT;
	}
	return at;
}

static __always_inline struct io_uring_sqe *iou_policy_sqe_at(const struct iou_policy *policy,
							      __u32 slot)
{
	return &policy->sqes[slot & (iou_geometry.sq_entries - 1)];
}

/* The same; NULL for one that the kernel drops. */
static __always_inline struct io_uring_sqe *iou_policy_sqe(const struct iou_policy *policy,
							   __u32 nr)
{
	__u32 slot = iou_policy_slot(policy, nr);

	return slot == IOU_NO_SLOT ? NULL : iou_policy_sqe_at(policy, slot);
}

/* The CQE with index @idx, which is before the CQ's tail, and not so long ago that it is written
 * over. */
static __always_inline struct io_uring_cqe *iou_policy_cqe(const struct iou_policy *policy,
							   __u32 idx)
{
	return &policy->cqes[idx & (iou_geometry.cq_entries - 1)];
}

/* CQEs that the program has not consumed. */
static __always_inline __u32 iou_policy_unread(const struct iou_policy *policy)
{
	return iou_policy_load(policy, iou_geometry.cq_tail_off) -
	       iou_policy_load(policy, iou_geometry.cq_head_off);
}

static __always_inline bool iou_timer_start(struct iou_wake *wake, __u64 at)
{
	if (!iou_call.has_timer) {
		int ret = bpf_timer_init(&wake->timer, &iou_wakes, IOU_CLOCK_MONOTONIC);

		if (ret && ret != -EBUSY)
			return false;
		iou_call.has_timer = 1;
	}
	/* Cancelled, it has lost its callback. */
	return !bpf_timer_set_callback(&wake->timer, iou_timer_fired) &&
	       !bpf_timer_start(&wake->timer, at, BPF_F_TIMER_ABS);
}

/*
 * Have a step at @at (CLOCK_MONOTONIC, nanoseconds), if none comes before. False if there would be
 * none: the kernel has no memory for a timer, or takes timers away, since nobody has the loop's
 * maps open any more. Then the call must not sleep for that.
 */
static __always_inline bool iou_policy_wake_at(struct iou_policy *policy, __u64 at)
{
	struct iou_wake *wake = bpf_map_lookup_elem(&iou_wakes, &(__u32){IOU_WAKE_TIMER});

	/* Set anew though it is set: it may have been taken away. */
	if (!wake || !iou_timer_start(wake, at)) {
		iou_call.timer_at = 0;
		iou_call.has_timer = 0;
		not_timed++;
		return false;
	}
	iou_call.timer_at = at;
	return true;
}

static __always_inline void iou_policy_untimed(void)
{
	struct iou_wake *wake = bpf_map_lookup_elem(&iou_wakes, &(__u32){IOU_WAKE_TIMER});

	if (!wake || !iou_call.timer_at)
		return;
	iou_call.timer_at = 0;
	bpf_timer_cancel(&wake->timer);
}

/* ---- A call begins ---- */

/* How far the clock of the ring is ahead of CLOCK_MONOTONIC, as the caller sees it. */
static __always_inline __s64 iou_policy_clock_ahead(const struct iou_policy *policy, __u64 now)
{
	struct io_ring_ctx___iou *ring = bpf_core_cast(policy->ctx, struct io_ring_ctx___iou);
	bool is_boot = bpf_core_field_exists(ring->clockid) && ring->clockid == IOU_CLOCK_BOOTTIME;
	__s64 ahead = is_boot ? bpf_ktime_get_boot_ns() - now : 0;
	struct timens_offsets___iou *offsets;
	struct task_struct___iou *task;
	__s64 mono, boot;

	/* A kernel with that kfunc is too old to know of time namespaces here. */
	if (!bpf_core_field_exists(struct time_namespace___iou, offsets) ||
	    bpf_ksym_exists(bpf_io_uring_wake))
		return ahead;
	task = bpf_core_cast(bpf_get_current_task_btf(), struct task_struct___iou);
	offsets = &task->nsproxy->time_ns->offsets;
	mono = offsets->monotonic.tv_sec * 1000000000 + offsets->monotonic.tv_nsec;
	boot = offsets->boottime.tv_sec * 1000000000 + offsets->boottime.tv_nsec;
	return ahead + (is_boot ? boot : mono);
}

/* io_get_ext_arg() and io_cqring_wait() of the kernel. False where it cannot be read. */
static __always_inline bool iou_read_timeout(const struct iou_policy *policy,
					     const struct iou_enter_args *args, __u64 now)
{
	struct iou_getevents_arg arg;
	struct {
		__s64 tv_sec, tv_nsec;
	} ts;
	__s64 ns;

	if (!(args->flags & IORING_ENTER_EXT_ARG)) {
		if (args->argp)
			not_applied++;
		return true;
	}
	if (args->flags & IOU_ENTER_EXT_ARG_REG || args->argsz != sizeof(arg) ||
	    bpf_copy_from_user(&arg, sizeof(arg), (void *)args->argp))
		return false;
	if (arg.sigmask)
		not_applied++;
	if (arg.min_wait_usec)
		iou_call.min_wait_until = now + (__u64)arg.min_wait_usec * 1000;
	if (arg.ts) {
		if (bpf_copy_from_user(&ts, sizeof(ts), (void *)arg.ts))
			return false;
		/* get_timespec64(): what is above is padding. */
		ns = iou_time_ns(ts.tv_sec, args->is_compat ? (__u32)ts.tv_nsec : ts.tv_nsec);
		iou_call.deadline = args->flags & IOU_ENTER_ABS_TIMER
					    ? iou_time_at(ns, iou_policy_clock_ahead(policy, now))
					    : iou_time_after(now, ns);
	}
	iou_call.deadline = iou_time_over(iou_call.deadline, iou_call.min_wait_until);
	return true;
}

static __always_inline void iou_call_begin(struct iou_policy *policy)
{
	/* Not as it was when the loop was bound: rings are resized. */
	__u32 cq_entries = bpf_core_cast(policy->ctx, struct io_ring_ctx___iou)->cq_entries;
	struct iou_enter_args args;

	iou_read_args(&args);
	calls++;
	iou_call.tid = bpf_get_current_pid_tgid();
	iou_call.in_call = 1;
	iou_store(&iou_call.parked, 0);
	iou_call.to_submit = args.to_submit;
	iou_call.flags = args.flags;
	iou_call.min_complete = args.min_complete < cq_entries ? args.min_complete : cq_entries;
	iou_call.deadline = 0;
	iou_call.min_wait_until = 0;
	iou_call.waits = 0;
}

/* Its requests were submitted, and it waits: from now on its time runs. False where it cannot be
 * told for how long. */
static __always_inline bool iou_wait_begin(struct iou_policy *policy)
{
	struct iou_enter_args args;

	iou_call.waits = 1;
	iou_read_args(&args);
	if (iou_read_timeout(policy, &args, bpf_ktime_get_ns()))
		return true;
	not_read++;
	iou_call.flags &= ~IORING_ENTER_GETEVENTS;
	return false;
}

/* ---- What a step does ---- */

/*
 * A call that has seen that there is a loop, and waits for the ring's lock while the loop is taken
 * off, fails (EFAULT). So the program is kept from making one: on its way out of the last one,
 * without the lock, until the tool says that the loop is off. That takes it microseconds. On a
 * kernel that cannot run something there such a call goes on as without a loop (kernel-patches/):
 * to be out of the last one is enough.
 */
#define IOU_PARK_NS 1000000000

static int iou_parked(struct bpf_map *map, void *key, void *value)
{
	__u64 now = bpf_ktime_get_ns(), until = now + IOU_PARK_NS;

	if (until > iou_load(&iou_call.leave_until))
		until = iou_load(&iou_call.leave_until);
	/* Nobody may take it for kept when nobody keeps it. */
	if (now >= until)
		return 0;
	iou_store(&iou_call.parked, 1);
	iou_forever {
		if (iou_load(&iou_call.gone) || bpf_ktime_get_ns() >= until)
			break;
	}
	iou_store(&iou_call.parked, 0);
	return 0;
}

static __always_inline void iou_policy_park(void)
{
	struct iou_wake *wake = bpf_map_lookup_elem(&iou_wakes, &(__u32){IOU_WAKE_PARK});

	if (!bpf_ksym_exists(bpf_task_work_schedule_resume))
		iou_store(&iou_call.parked, 1);
	else if (wake)
		bpf_task_work_schedule_resume(bpf_get_current_task_btf(), &wake->work, &iou_wakes,
					      iou_parked);
}

/* The call returns. */
static __always_inline int iou_policy_return(struct iou_policy *policy)
{
	iou_policy_untimed();
	iou_store(&iou_call.in_call, 0);
	if (policy->leave)
		iou_policy_park();
	return IOU_LOOP_STOP;
}

/* A step more, when the CQ's tail has come to @idx. */
static __always_inline int iou_policy_sleep(struct iou_policy *policy, __u32 idx)
{
	/* 0 is what a new call has. One too early does no harm. */
	policy->params->cq_wait_idx = idx ?: -1;
	return IOU_LOOP_CONTINUE;
}

/* Submit @nr of what was queued: whether the kernel took them, or had none of them to take. What
 * is not valid ends a submission early, and the call with it, as without a loop. */
static __always_inline bool iou_policy_submit_nr(struct iou_policy *policy, __u32 nr, __u32 *taken)
{
	int ret = nr ? bpf_io_uring_submit_sqes(policy->ctx, nr) : 0;

	*taken = ret > 0 ? ret : 0;
	submitted += *taken;
	return ret == 0 || ret == (int)nr;
}

static __always_inline bool iou_policy_submit(struct iou_policy *policy, __u32 nr)
{
	__u32 taken;

	return iou_policy_submit_nr(policy, nr, &taken);
}

/* How a wait may differ from what the program asked for. */
struct iou_wait {
	__u32 enough; /* so many CQEs will do, if these are fewer than it wants */
	__u64 again; /* a step more is taken then (CLOCK_MONOTONIC, nanoseconds); 0: not for that */
	bool each;   /* a step more is taken at each CQE */
	bool spin;   /* the next step does not wait for anything */
};

#define IOU_WAIT ((struct iou_wait){.enough = -1})

/* How many requests of IORING_OP_TIMEOUT were over, ever. */
static __always_inline __u32 iou_policy_timeouts(const struct iou_policy *policy)
{
	return bpf_core_cast(policy->ctx, struct io_ring_ctx___iou)->cq_timeouts.counter;
}

/*
 * Whether what the call waits for is there, or its time over. One that ends a wait is also a
 * request of IORING_OP_TIMEOUT, however many CQEs are wanted.
 */
static __always_inline bool iou_policy_is_over(struct iou_policy *policy, __u32 want, __u64 now)
{
	__u32 unread = iou_policy_unread(policy);
	struct iou_call *call = policy->call;

	if (unread >= want || iou_policy_timeouts(policy) != call->timeouts)
		return true;
	if (unread && call->min_wait_until && now >= call->min_wait_until)
		return true;
	return call->deadline && now >= call->deadline;
}

/* The earlier one of two times, 0 being none. */
static __always_inline __u64 iou_earlier(__u64 a, __u64 b)
{
	return !a || (b && b < a) ? b : a;
}

/* Wait as the program asked, or as @how differs: return when there are as many CQEs as it said, or
 * its time is over. */
static __always_inline int iou_policy_wait_for(struct iou_policy *policy, struct iou_wait how)
{
	struct iou_call *call = policy->call;
	__u32 head = iou_policy_load(policy, iou_geometry.cq_head_off);
	__u32 want = call->min_complete < how.enough ? call->min_complete : how.enough;
	__u64 now = 0, at = iou_earlier(call->deadline, how.again);

	if (!(call->flags & IORING_ENTER_GETEVENTS) || policy->leave)
		return iou_policy_return(policy);
	/* What is done is posted between this step and the next, before it is looked at. */
	if (!call->waits)
		return iou_wait_begin(policy) ? iou_policy_sleep(policy, head)
					      : iou_policy_return(policy);
	if (call->waits == 1) {
		call->waits = 2;
		call->timeouts = iou_policy_timeouts(policy);
	}
	if (call->deadline || call->min_wait_until)
		now = bpf_ktime_get_ns();
	if (iou_policy_is_over(policy, want, now))
		return iou_policy_return(policy);
	if (how.spin)
		return iou_policy_sleep(policy, head);
	if (call->min_wait_until && now >= call->min_wait_until)
		want = 1;
	else if (call->min_wait_until)
		at = iou_earlier(at, call->min_wait_until);
	if (at && !iou_policy_wake_at(policy, at))
		return iou_policy_return(policy);
	if (how.each)
		want = iou_policy_unread(policy) + 1;
	return iou_policy_sleep(policy, head + want);
}

/* Whether the task sleeps now that this verdict was made, until something comes. */
static __always_inline bool iou_policy_sleeps(const struct iou_policy *policy, int verdict)
{
	return verdict == IOU_LOOP_CONTINUE &&
	       iou_index_sleeps(policy->params->cq_wait_idx,
				iou_policy_load(policy, iou_geometry.cq_tail_off));
}

/* As the program asked. */
static __always_inline int iou_policy_wait(struct iou_policy *policy)
{
	return iou_policy_wait_for(policy, IOU_WAIT);
}

/* What io_uring_enter(2) does. */
static __always_inline int iou_policy_pass(struct iou_policy *policy)
{
	if (policy->first && !iou_policy_submit(policy, policy->call->to_submit))
		return iou_policy_return(policy);
	return iou_policy_wait(policy);
}

/* The tool asks for it, and is not given up: one that is killed takes nothing off. */
static __always_inline bool iou_policy_leaves(void)
{
	return iou_load(&iou_call.leave) && bpf_ktime_get_ns() < iou_load(&iou_call.leave_until);
}

static __always_inline int iou_policy_step(struct iou_ctx *ctx, struct iou_loop_params *params,
					   int (*step)(struct iou_policy *policy), bool looks)
{
	struct iou_policy policy = {
		.ctx = ctx,
		.params = params,
		.call = &iou_call,
		.rings = bpf_io_uring_get_region(ctx, IOU_REGION_CQ, iou_geometry.cqes_off),
		/* Each call begins with it. */
		.first = !params->cq_wait_idx,
		.leave = iou_policy_leaves(),
	};

	iou_control.steps++;
	if (!policy.rings)
		return IOU_LOOP_STOP;
	if (looks)
		iou_policy_look(&policy);
	if (policy.first)
		iou_call_begin(&policy);
	return step(&policy);
}

/*
 * The policy @name (dashes for its underscores), whose step is @fn, described by @text. @needs is
 * what it looks into, by spaces: "sqes", "cqes"; the tool refuses rings on which these have
 * another size than struct io_uring_sqe and struct io_uring_cqe.
 */
#define IOU_POLICY(name, fn, text, needs)                                                        \
	SEC("struct_ops.s/loop_step")                                                            \
	int BPF_PROG(name##_loop, struct iou_ctx *ctx_, struct iou_loop_params *params)          \
	{                                                                                        \
		return iou_policy_step(ctx_, params, fn, sizeof(needs) > 1);                     \
	}                                                                                        \
	SEC(".struct_ops.link")                                                                  \
	struct io_uring_bpf_ops name IOU_TAG("iou:loop;policy=1;needs=" needs ";help=" text) = { \
		.loop_step = (void *)name##_loop,                                                \
	}
