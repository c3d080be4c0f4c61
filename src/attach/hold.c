// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* While loops are bound. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>

#include "attach/attach.h"
#include "base/clock.h"
#include "attach/guard.h"
#include "base/cleanup.h"

/* How often it is looked whether the programs still have their rings: nothing tells when one is
 * closed. */
#define LOOK_NS 100000000ULL

struct hold {
	struct iou_bound *bounds;
	size_t nr;
	const struct iou_hold_config *config;
	uint64_t start_ns, tick_at, end_at; /* end_at: 0 for never */
	struct pollfd *fds;                 /* a signalfd; then a process and a link each */
};

/* Signals that end a program, but for those that it was started without. SIGPIPE is for statistics
 * that nobody reads any more. */
static void stop_signals(sigset_t *set)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE};
	struct sigaction now;

	sigemptyset(set);
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		if (!sigaction(signals[i], NULL, &now) && now.sa_handler != SIG_IGN)
			sigaddset(set, signals[i]);
}

void iou_hold_block(void)
{
	sigset_t set;

	stop_signals(&set);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

static void end(struct iou_bound *bound, enum iou_bound_end how)
{
	if (bound->end != IOU_BOUND_HELD)
		return;
	bound->elapsed_ns = iou_clock_now() - bound->since_ns;
	bound->left = iou_attach_leave(bound->loop);
	bound->end = how;
}

static void end_all(struct hold *hold, enum iou_bound_end how)
{
	for (size_t i = 0; i < hold->nr; i++)
		end(&hold->bounds[i], how);
}

/* Until when to wait for what tells by itself. */
static struct timespec next_look(const struct hold *hold)
{
	uint64_t now = iou_clock_now(), at = now + LOOK_NS;

	if (hold->config->tick_ns && hold->tick_at < at)
		at = hold->tick_at;
	if (hold->end_at && hold->end_at < at)
		at = hold->end_at;
	at = at > now ? at - now : 0;
	return (struct timespec){(time_t)(at / 1000000000), (long)(at % 1000000000)};
}

static void tick(struct hold *hold, uint64_t now)
{
	if (!hold->config->tick_ns || now < hold->tick_at)
		return;
	hold->config->tick(hold->config->tick_data, now - hold->start_ns);
	hold->tick_at += hold->config->tick_ns;
	if (hold->tick_at <= now)
		hold->tick_at = now + hold->config->tick_ns;
}

/* How many are still bound. */
static size_t look(struct hold *hold)
{
	size_t held = 0;

	for (size_t i = 0; i < hold->nr; i++) {
		struct iou_bound *bound = &hold->bounds[i];
		struct pollfd *process = &hold->fds[1 + 2 * i], *link = &hold->fds[2 + 2 * i];

		if (process->revents)
			end(bound, IOU_BOUND_EXIT);
		else if (link->revents & POLLHUP)
			end(bound, IOU_BOUND_DETACHED);
		else if (!iou_target_is_there(&bound->target))
			end(bound, IOU_BOUND_CLOSED);
		if (bound->end == IOU_BOUND_HELD) {
			held++;
			continue;
		}
		process->fd = -1;
		link->fd = -1;
	}
	return held;
}

/* 0, or the signal that ended it. */
static int wait_for_end(struct hold *hold)
{
	struct signalfd_siginfo info;

	for (;;) {
		struct timespec left = next_look(hold);
		uint64_t now;

		ppoll(hold->fds, 1 + 2 * hold->nr, &left, NULL);
		now = iou_clock_now();
		tick(hold, now);
		if (hold->fds[0].revents &&
		    read(hold->fds[0].fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
			end_all(hold, IOU_BOUND_SIGNAL);
			return (int)info.ssi_signo;
		}
		if (!look(hold))
			return 0;
		if (hold->end_at && now >= hold->end_at) {
			end_all(hold, IOU_BOUND_DURATION);
			return 0;
		}
	}
}

int iou_hold(struct iou_bound *bounds, size_t nr, const struct iou_hold_config *config, int *signum,
	     struct iou_err *err)
{
	IOU_FREE struct pollfd *fds = calloc(1 + 2 * nr, sizeof(*fds));
	struct hold hold = {.bounds = bounds, .nr = nr, .config = config, .fds = fds};
	struct iou_guard guard = IOU_GUARD_INIT;
	IOU_CLOSE int signals = -1;
	sigset_t set;

	stop_signals(&set);
	signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (signals < 0 || !fds) {
		int ret = iou_err_set(err, IOU_CAUSE_FAILED, "attach", errno, "cannot hold a loop");

		end_all(&hold, IOU_BOUND_SIGNAL);
		return ret;
	}
	fds[0] = (struct pollfd){.fd = signals, .events = POLLIN};
	for (size_t i = 0; i < nr; i++) {
		fds[1 + 2 * i] = (struct pollfd){.fd = bounds[i].target.pidfd, .events = POLLIN};
		fds[2 + 2 * i] = (struct pollfd){.fd = iou_loop_link_fd(bounds[i].loop)};
	}
	hold.start_ns = iou_clock_now();
	hold.tick_at = hold.start_ns + config->tick_ns;
	if (config->duration_ns &&
	    __builtin_add_overflow(hold.start_ns, config->duration_ns, &hold.end_at))
		hold.end_at = 0;
	/* Where there can be no guard, the loops are held without. */
	iou_guard_start(&guard, bounds, nr);
	*signum = wait_for_end(&hold);
	iou_guard_end(&guard);
	return 0;
}
