// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "bench/interrupt.h"

#include <errno.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/cleanup.h"

/* What is ignored would be seen all the same while it is held. */
static void add(sigset_t *set, int signum)
{
	struct sigaction action;

	if (sigaction(signum, NULL, &action) == 0 && action.sa_handler != SIG_IGN)
		sigaddset(set, signum);
}

int iou_bench_interrupt_take(struct iou_bench_interrupt *interrupt)
{
	struct iou_bench_interrupt taken;
	sigset_t held;

	sigemptyset(&held);
	add(&held, SIGINT);
	add(&held, SIGTERM);
	add(&held, SIGHUP);
	add(&held, SIGQUIT);
	taken.fd = signalfd(-1, &held, SFD_CLOEXEC | SFD_NONBLOCK);
	if (taken.fd < 0)
		return -errno;
	sigprocmask(SIG_BLOCK, &held, &taken.before);
	*interrupt = taken;
	return 0;
}

void iou_bench_interrupt_leave(const struct iou_bench_interrupt *interrupt)
{
	iou_close(interrupt->fd);
	sigprocmask(SIG_SETMASK, &interrupt->before, NULL);
}

int iou_bench_interrupt_next(const struct iou_bench_interrupt *interrupt)
{
	struct signalfd_siginfo info;

	if (read(interrupt->fd, &info, sizeof(info)) != (ssize_t)sizeof(info))
		return 0;
	return (int)info.ssi_signo;
}

void iou_bench_interrupt_release(struct iou_bench_interrupt *interrupt)
{
	if (interrupt->fd < 0)
		return;
	sigprocmask(SIG_SETMASK, &interrupt->before, NULL);
	iou_close(interrupt->fd);
	interrupt->fd = -1;
}
