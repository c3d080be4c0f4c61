// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* How a loop is taken off its ring while the program goes on. */
#include <bpf/bpf.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "attach/attach.h"
#include "attach/clock.h"
#include "attach/leave.h"
#include "base/cleanup.h"

/* How long a loop may take to leave, and the kernel to detach it. */
#define LEAVE_NS 1000000000ULL
#define DETACH_MS 1000

/* A program that calls all the time is caught soon on its way out. */
#define PARK_NS 20000000ULL

/* Where the program is, when it was asked to leave the loop. */
enum where { UNKNOWN, OUTSIDE, PARKED };

/* Ask the loop to leave, until the program is out of it. */
static enum where ask(struct iou_loop *loop)
{
	uint32_t *leave = iou_loop_var_shared(loop, "iou_call.leave", sizeof(*leave));
	uint32_t *parked = iou_loop_var_shared(loop, "iou_call.parked", sizeof(*parked));
	uint64_t *until = iou_loop_var_shared(loop, "iou_call.leave_until", sizeof(*until));
	const uint32_t *held = iou_loop_var_shared(loop, "iou_call.held", sizeof(*held));
	const struct timespec pause = {.tv_nsec = 50000};
	uint64_t start = iou_clock_now(), now = start;
	bool inside = true, holds = false;

	if (!leave || !parked || !until)
		return UNKNOWN;
	__atomic_store_n(until, start + LEAVE_NS, __ATOMIC_RELAXED);
	__atomic_store_n(leave, 1, __ATOMIC_RELEASE);
	while (now < start + (inside || holds ? LEAVE_NS : PARK_NS)) {
		if (__atomic_load_n(parked, __ATOMIC_ACQUIRE))
			return PARKED;
		if (iou_loop_wake(loop, &inside))
			return UNKNOWN;
		/* A program that believes them submitted would wait for them for ever. */
		holds = held && __atomic_load_n(held, __ATOMIC_ACQUIRE);
		nanosleep(&pause, NULL);
		now = iou_clock_now();
	}
	return inside ? UNKNOWN : OUTSIDE;
}

/*
 * By a process of its own: detaching waits for the ring's lock, and cannot be interrupted, as long
 * as a loop holds it that does not sleep.
 */
bool iou_link_detach(int fd)
{
	pid_t pid = fork();
	struct pollfd ended;
	bool done = true;
	siginfo_t info;

	if (pid == 0) {
		bpf_link_detach(fd);
		_exit(0);
	}
	if (pid < 0)
		return !bpf_link_detach(fd);
	ended = (struct pollfd){.fd = (int)syscall(SYS_pidfd_open, pid, 0), .events = POLLIN};
	if (ended.fd >= 0)
		done = poll(&ended, 1, DETACH_MS) > 0;
	iou_close(ended.fd);
	if (done)
		waitid(P_PID, (id_t)pid, &info, WEXITED);
	return done;
}

enum iou_left iou_attach_leave(struct iou_loop *loop)
{
	enum where where = ask(loop);
	uint32_t *gone;

	if (where != PARKED) {
		if (!iou_link_detach(iou_loop_link_fd(loop)))
			return IOU_LEFT_STILL_ON;
		return where == OUTSIDE ? IOU_LEFT_IN_ORDER : IOU_LEFT_UNHEARD;
	}
	/* Nobody has the ring's lock. */
	iou_loop_detach(loop);
	gone = iou_loop_var_shared(loop, "iou_call.gone", sizeof(*gone));
	if (gone)
		__atomic_store_n(gone, 1, __ATOMIC_RELEASE);
	return IOU_LEFT_IN_ORDER;
}
