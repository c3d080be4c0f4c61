// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "vm/signals.h"

#include <errno.h>
#include <sys/signalfd.h>

#include "base/cleanup.h"

/* signalfd() reports blocked signals also where they are ignored, as nohup and '&' have it. */
static bool ignored(int signal)
{
	struct sigaction action;

	return sigaction(signal, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

int iou_vm_signals_take(struct iou_vm_signals *signals, bool stops)
{
	static const int forwarded[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
	/* A closed pipe is an error of write(), which the guest is told of. */
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGWINCH);
	for (size_t i = 0; i < ARRAY_SIZE(forwarded); i++)
		if (!ignored(forwarded[i]))
			sigaddset(&set, forwarded[i]);
	if (stops) {
		sigaddset(&set, SIGCONT);
		if (!ignored(SIGTSTP))
			sigaddset(&set, SIGTSTP);
	}
	signals->fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (signals->fd < 0)
		return -errno;
	sigprocmask(SIG_BLOCK, &set, &signals->mask);
	sigaction(SIGPIPE, &ignore, &signals->pipe);
	return 0;
}

void iou_vm_signals_restore(struct iou_vm_signals *signals)
{
	if (signals->fd < 0)
		return;
	iou_close(TAKE_FD(signals->fd));
	sigaction(SIGPIPE, &signals->pipe, NULL);
	sigprocmask(SIG_SETMASK, &signals->mask, NULL);
}

int iou_vm_signals_next(struct iou_vm_signals *signals)
{
	struct signalfd_siginfo info;

	return read(signals->fd, &info, sizeof(info)) == (ssize_t)sizeof(info) ? (int)info.ssi_signo
									       : 0;
}
