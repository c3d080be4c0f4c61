// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* How a loop is taken off its ring while the program goes on. */
#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "attach/attach.h"
#include "base/clock.h"
#include "attach/leave.h"
#include "attach/wake.h"
#include "base/cleanup.h"

/* How long a loop may take to leave, and the kernel to detach it. */
#define LEAVE_NS 1000000000ULL
#define DETACH_NS 2000000000ULL

/* A program that calls all the time is caught soon on its way out. */
#define PARK_NS 100000000ULL

/* ---- Detaching ----
 *
 * By a process of its own: detaching waits for the ring's lock, and cannot be interrupted, as long
 * as a loop holds it that does not sleep.
 */

struct detacher {
	pid_t pid; /* -1: there is none, and no bound */
	int order; /* it is told to begin, and tells how it ended */
	int link;
};

/* In the child, which may outlive us: it keeps nothing open but what it needs. */
static void detach_on_order(int link_fd, int order_fd)
{
	int link = fcntl(link_fd, F_DUPFD, 2), order = fcntl(order_fd, F_DUPFD, 2), failed;
	char go;

	if (link < 0 || order < 0 || dup2(link, 0) < 0 || dup2(order, 1) < 0 ||
	    close_range(2, ~0U, 0) || read(1, &go, 1) != 1)
		_exit(1);
	failed = bpf_link_detach(0) ? errno : 0;
	send(1, &failed, sizeof(failed), MSG_NOSIGNAL);
	_exit(0);
}

/* Before the program is asked: it may be kept waiting from then on. */
static struct detacher detacher_start(int link)
{
	struct detacher detacher = {.pid = -1, .order = -1, .link = link};
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return detacher;
	detacher.pid = fork();
	if (detacher.pid == 0)
		detach_on_order(link, pair[1]);
	close(pair[1]);
	if (detacher.pid > 0)
		detacher.order = pair[0];
	else
		close(pair[0]);
	return detacher;
}

/* Whether it has ended: *@failed is what it says, as far as it does. */
static bool has_ended(const struct detacher *detacher, int *failed)
{
	struct pollfd ended = {.fd = detacher->order, .events = POLLIN};
	uint64_t now = iou_clock_now(), end = now + DETACH_NS;
	int ret = 0;

	for (; ret <= 0 && now < end; now = iou_clock_now())
		ret = poll(&ended, 1, (int)((end - now) / 1000000) + 1);
	if (ret > 0 && recv(detacher->order, failed, sizeof(*failed), MSG_DONTWAIT) <= 0)
		*failed = EINTR; /* somebody killed it */
	return ret > 0;
}

/* As iou_link_detach(). */
static int detacher_finish(struct detacher *detacher)
{
	bool ended = true;
	int failed = 0;

	if (detacher->pid < 0) {
		failed = bpf_link_detach(detacher->link) ? errno : 0;
	} else {
		send(detacher->order, "", 1, MSG_NOSIGNAL);
		ended = has_ended(detacher, &failed);
		iou_close(detacher->order);
		if (ended)
			waitpid(detacher->pid, NULL, 0);
	}
	if (iou_link_is_off(detacher->link))
		return 0;
	return ended ? -(failed ?: EIO) : -EINPROGRESS;
}

bool iou_link_is_off(int fd)
{
	struct pollfd link = {.fd = fd};

	return poll(&link, 1, 0) > 0 && link.revents & POLLHUP;
}

int iou_link_detach(int fd)
{
	struct detacher detacher = detacher_start(fd);

	return detacher_finish(&detacher);
}

/* ---- Asking ---- */

/* Where the program is, when it was asked to leave the loop. */
enum where { UNKNOWN, OUTSIDE, PARKED };

/* What the loop's data has of it, each NULL where it has none. */
struct call {
	uint32_t *leave, *parked, *gone;
	uint64_t *until;
	const uint32_t *in_call, *tid, *held;
};

static struct call call_of(const struct iou_loop *loop)
{
	return (struct call){
		.leave = iou_loop_var_shared(loop, "iou_call.leave", sizeof(uint32_t)),
		.parked = iou_loop_var_shared(loop, "iou_call.parked", sizeof(uint32_t)),
		.gone = iou_loop_var_shared(loop, "iou_call.gone", sizeof(uint32_t)),
		.until = iou_loop_var_shared(loop, "iou_call.leave_until", sizeof(uint64_t)),
		.in_call = iou_loop_var_shared(loop, "iou_call.in_call", sizeof(uint32_t)),
		.tid = iou_loop_var_shared(loop, "iou_call.tid", sizeof(uint32_t)),
		.held = iou_loop_var_shared(loop, "iou_call.held", sizeof(uint32_t)),
	};
}

static uint32_t load(const uint32_t *word)
{
	return word ? __atomic_load_n(word, __ATOMIC_ACQUIRE) : 0;
}

/* Whether the program is in the loop, as far as can be told. It is woken if it is. */
static bool wake(const struct call *call)
{
	bool inside = load(call->in_call);

	if (inside)
		iou_waker_wake((int32_t)load(call->tid), &inside);
	return inside;
}

/* Ask the loop to leave, until the program is out of it. */
static enum where ask(const struct call *call)
{
	const struct timespec pause = {.tv_nsec = 50000};
	uint64_t start = iou_clock_now(), now = start;
	bool inside = true, holds = false;

	if (!call->leave || !call->parked || !call->until || !call->in_call || !call->tid)
		return UNKNOWN;
	__atomic_store_n(call->until, start + LEAVE_NS + DETACH_NS, __ATOMIC_RELAXED);
	__atomic_store_n(call->leave, 1, __ATOMIC_RELEASE);
	while (now < start + (inside || holds ? LEAVE_NS : PARK_NS)) {
		if (load(call->parked))
			return PARKED;
		inside = wake(call);
		/* A program that believes them submitted would wait for them for ever. */
		holds = load(call->held);
		nanosleep(&pause, NULL);
		now = iou_clock_now();
	}
	return inside ? UNKNOWN : OUTSIDE;
}

enum iou_left iou_attach_leave(struct iou_loop *loop)
{
	struct detacher detacher = detacher_start(iou_loop_link_fd(loop));
	struct call call = call_of(loop);
	enum where where;
	bool parked;
	int ret;

	iou_waker_load();
	where = ask(&call);
	ret = detacher_finish(&detacher);
	if (ret == -EINPROGRESS)
		return IOU_LEFT_STILL_ON;
	if (ret) {
		errno = -ret;
		return IOU_LEFT_FAILED;
	}
	/* One that went on in between may have called again. */
	parked = where == PARKED && load(call.parked);
	if (call.gone)
		__atomic_store_n(call.gone, 1, __ATOMIC_RELEASE);
	if (!parked && where != OUTSIDE)
		return IOU_LEFT_UNHEARD;
	return load(call.held) ? IOU_LEFT_HELD : IOU_LEFT_IN_ORDER;
}
