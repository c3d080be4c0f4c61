// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "exit.h"

#include <signal.h>

int iou_exit_of_cause(enum iou_cause cause)
{
	static const int codes[] = {
		[IOU_CAUSE_FAILED] = IOU_EXIT_FAILED,
		[IOU_CAUSE_USAGE] = IOU_EXIT_USAGE,
		[IOU_CAUSE_UNSUPPORTED] = IOU_EXIT_UNSUPPORTED,
		[IOU_CAUSE_PERMISSION] = IOU_EXIT_PERMISSION,
		[IOU_CAUSE_REJECTED] = IOU_EXIT_REJECTED,
		[IOU_CAUSE_TIMEOUT] = IOU_EXIT_TIMEOUT,
		[IOU_CAUSE_VM] = IOU_EXIT_VM,
	};

	return codes[cause];
}

int iou_exit_by_signal(int signum)
{
	sigset_t set;

	signal(signum, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, signum);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	raise(signum);
	/* One that is blocked comes now. */
	sigemptyset(&set);
	sigaddset(&set, signum);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	return IOU_EXIT_SIGNAL + signum;
}

int iou_exit_of_run(const struct iou_run *run)
{
	if (run->signal)
		return IOU_EXIT_SIGNAL + run->signal;
	switch (run->stop) {
	case IOU_STOP_DONE:
		return IOU_EXIT_OK;
	case IOU_STOP_TIMED_OUT:
		return IOU_EXIT_TIMEOUT;
	default:
		return IOU_EXIT_FAILED;
	}
}
