// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "vm/dialog.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"

/* One more than these ends the VM, whatever the command makes of them. */
#define SIGNALS_MAX 2
/* How long a reader that takes nothing is waited for where a signal ended the command. */
#define STUCK_MS 500
/* Between looks at whether we are in the foreground by now. */
#define FOREGROUND_MS 200

enum slot { SIGNALS, CONTROL, AGENT, CONSOLE, QEMU, VIRTIOFSD, IN, OUT, ERR, SLOTS };

void iou_vm_dialog_release(struct iou_vm_dialog *dialog)
{
	iou_vm_machine_stop(&dialog->machine);
	iou_vm_link_release(&dialog->link);
	iou_vm_host_terminal_take(dialog->streams);
}

static void send_winsize(struct iou_vm_dialog *dialog)
{
	struct winsize size;

	iou_vm_host_winsize(dialog->streams, &size);
	if (dialog->hello)
		iou_vm_link_send(&dialog->link, IOU_VM_WINSIZE, 0, &size, sizeof(size));
}

static int handle_hello(struct iou_vm_dialog *dialog, const char *data, size_t length,
			struct iou_err *err)
{
	struct iou_vm_hello hello;

	if (length != sizeof(hello))
		return iou_err_set(err, IOU_CAUSE_VM, "vm", EPROTO, "the guest does not greet");
	memcpy(&hello, data, sizeof(hello));
	if (hello.protocol != IOU_VM_PROTOCOL)
		return iou_err_set(err, IOU_CAUSE_VM, "vm", EPROTO,
				   "the guest speaks protocol %u, not %u", hello.protocol,
				   IOU_VM_PROTOCOL);
	dialog->hello = true;
	iou_vm_host_terminal_give(dialog->streams);
	if (iou_vm_link_send(&dialog->link, IOU_VM_START, 0, dialog->start, dialog->start_length))
		return iou_err_set(err, IOU_CAUSE_USAGE, "vm", E2BIG,
				   "the command and its environment are too long");
	/* It may have changed while the guest booted. */
	send_winsize(dialog);
	return 0;
}

static int handle_exit(struct iou_vm_dialog *dialog, const char *data, size_t length)
{
	struct iou_vm_exit end;

	if (length != sizeof(end))
		return -EPROTO;
	memcpy(&end, data, sizeof(end));
	dialog->ended = true;
	dialog->result = (struct iou_vm_result){.exit_code = end.code, .signal = end.signal};
	return 0;
}

static int handle_credit(struct iou_vm_dialog *dialog, const char *data, size_t length)
{
	uint32_t credit;

	if (length != sizeof(credit))
		return -EPROTO;
	memcpy(&credit, data, sizeof(credit));
	dialog->streams->in.credit += credit;
	return 0;
}

static int handle_error(const char *data, size_t length, struct iou_err *err)
{
	struct iou_vm_failure failure;

	if (length != sizeof(failure))
		return -EPROTO;
	memcpy(&failure, data, sizeof(failure));
	return iou_vm_failure_to(&failure, err);
}

static int handle_frame(struct iou_vm_dialog *dialog, const struct iou_vm_frame *frame,
			const char *data, struct iou_err *err)
{
	struct iou_vm_sink *out = &dialog->streams->out[frame->channel == STDERR_FILENO];
	int ret;

	switch (frame->type) {
	case IOU_VM_HELLO:
		return handle_hello(dialog, data, frame->length, err);
	case IOU_VM_DATA:
		ret = iou_vm_sink_push(out, &dialog->link, data, frame->length);
		break;
	case IOU_VM_CREDIT:
		ret = handle_credit(dialog, data, frame->length);
		break;
	case IOU_VM_CLOSE:
		dialog->streams->in.ended = true;
		return 0;
	case IOU_VM_EXIT:
		ret = handle_exit(dialog, data, frame->length);
		break;
	case IOU_VM_ERROR:
		ret = handle_error(data, frame->length, err);
		if (ret != -EPROTO || err->errnum)
			return ret;
		break;
	default:
		ret = -EPROTO;
	}
	if (ret)
		iou_err_set(err, IOU_CAUSE_VM, "vm", -ret, "the guest sent nonsense (frame %u)",
			    frame->type);
	return ret;
}

static int handle_agent(struct iou_vm_dialog *dialog, struct iou_err *err)
{
	struct iou_vm_frame frame;
	const char *data;
	int ret = 0;

	/* Its end is that of QEMU, which the supervisor reports. */
	if (iou_vm_link_fill(&dialog->link) == -EPIPE)
		dialog->link.fd = -1;
	while (!ret && !dialog->ended) {
		int got = iou_vm_link_next(&dialog->link, &frame, &data);

		if (got < 0)
			return iou_err_set(err, IOU_CAUSE_VM, "vm", EPROTO,
					   "the guest sent nonsense");
		if (!got)
			break;
		ret = handle_frame(dialog, &frame, data, err);
	}
	return ret;
}

/* QEMU or what it needs is gone; but the command's end may be among the guest's last words. */
static int handle_report(struct iou_vm_dialog *dialog, struct iou_err *err)
{
	size_t before;
	int ret;

	do {
		before = dialog->link.in.end;
		ret = dialog->link.fd >= 0 ? handle_agent(dialog, err) : 0;
	} while (!ret && !dialog->ended && dialog->link.fd >= 0 && dialog->link.in.end != before);
	if (ret || dialog->ended)
		return ret;
	return iou_vm_machine_report(&dialog->machine, err);
}

static void interrupt(struct iou_vm_dialog *dialog, int signal)
{
	dialog->interrupted = true;
	dialog->ended = true;
	dialog->result = (struct iou_vm_result){.signal = signal};
}

/* SIGCONT comes when it goes on, perhaps with another window. */
static void stop_self(struct iou_vm_dialog *dialog)
{
	iou_vm_host_terminal_take(dialog->streams);
	raise(SIGSTOP);
}

static void handle_signals(struct iou_vm_dialog *dialog)
{
	int32_t signal;

	while ((signal = iou_vm_signals_next(dialog->signals))) {
		if (signal == SIGWINCH) {
			send_winsize(dialog);
		} else if (signal == SIGTSTP) {
			stop_self(dialog);
		} else if (signal == SIGCONT) {
			send_winsize(dialog);
		} else if (!dialog->hello || dialog->signals_nr >= SIGNALS_MAX) {
			interrupt(dialog, signal);
		} else {
			dialog->signals_nr++;
			iou_vm_link_send(&dialog->link, IOU_VM_SIGNAL, 0, &signal, sizeof(signal));
		}
	}
}

static int timed_out(struct iou_vm_dialog *dialog, struct iou_err *err)
{
	char duration[32];

	dialog->interrupted = true;
	return iou_err_set(
		err, IOU_CAUSE_TIMEOUT, "vm", ETIMEDOUT, "the command did not end in %s",
		iou_text_duration(duration, sizeof(duration), (double)dialog->timeout_ns));
}

static int check_time(struct iou_vm_dialog *dialog, int64_t boot_deadline_ms, struct iou_err *err)
{
	int64_t now = iou_clock_ms();
	char duration[32];

	if (dialog->deadline_ms && now >= dialog->deadline_ms)
		return timed_out(dialog, err);
	if (!dialog->hello && now >= boot_deadline_ms)
		return iou_err_set(err, IOU_CAUSE_VM, "vm", ETIMEDOUT,
				   "the guest did not come up in %s",
				   iou_text_duration(duration, sizeof(duration),
						     (double)dialog->boot_ms * 1e6));
	return 0;
}

/* QEMU stays there with a guest that is stopped for good. */
static int check_kvm(struct iou_vm_dialog *dialog, struct iou_err *err)
{
	const char *line = dialog->machine.qemu.watched;

	return line[0] ? iou_err_set(err, IOU_CAUSE_VM, "vm", EIO, "QEMU: %s", line) : 0;
}

static void fill_slots(struct iou_vm_dialog *dialog, struct pollfd *fds, int64_t now)
{
	struct iou_vm_host_streams *streams = dialog->streams;
	bool reads = dialog->hello && now >= streams->in_retry_ms &&
		     iou_vm_host_wants(streams, &dialog->link);

	fds[SIGNALS] = (struct pollfd){.fd = dialog->signals->fd, .events = POLLIN};
	fds[CONTROL] = (struct pollfd){.fd = dialog->machine.control, .events = POLLIN};
	fds[AGENT] = (struct pollfd){.fd = dialog->link.fd, .events = POLLIN};
	if (iou_vm_link_pending(&dialog->link))
		fds[AGENT].events |= POLLOUT;
	fds[CONSOLE] = (struct pollfd){.fd = dialog->machine.console.fd, .events = POLLIN};
	fds[QEMU] = (struct pollfd){.fd = dialog->machine.qemu.fd, .events = POLLIN};
	fds[VIRTIOFSD] = (struct pollfd){.fd = dialog->machine.virtiofsd.fd, .events = POLLIN};
	fds[IN] = (struct pollfd){.fd = reads ? streams->in.fd : -1, .events = POLLIN};
	for (int i = 0; i < 2; i++) {
		struct iou_vm_sink *out = &streams->out[i];
		bool writes = iou_vm_sink_pending(out) && !out->closed;

		fds[OUT + i] = (struct pollfd){.fd = writes ? out->fd : -1, .events = POLLOUT};
	}
}

/* A job that runs in the background is not told when it gets the terminal. */
static bool waits_for_terminal(const struct iou_vm_dialog *dialog)
{
	return dialog->hello && dialog->streams->interactive && !dialog->streams->raw;
}

static int poll_timeout(const struct iou_vm_dialog *dialog, int64_t now, int64_t boot_deadline_ms)
{
	int64_t until = dialog->deadline_ms ?: INT64_MAX;

	if (!dialog->hello && boot_deadline_ms < until)
		until = boot_deadline_ms;
	if (dialog->streams->in_retry_ms > now && dialog->streams->in_retry_ms < until)
		until = dialog->streams->in_retry_ms;
	if (waits_for_terminal(dialog) && now + FOREGROUND_MS < until)
		until = now + FOREGROUND_MS;
	if (until == INT64_MAX)
		return -1;
	if (until <= now)
		return 0;
	return until - now > 1000000 ? 1000000 : (int)(until - now);
}

static int handle_streams(struct iou_vm_dialog *dialog, const struct pollfd *fds, int64_t now)
{
	int ret = 0;

	for (int i = 0; !ret && i < 2; i++)
		if (fds[OUT + i].revents)
			ret = iou_vm_sink_write(&dialog->streams->out[i], &dialog->link);
	if (!ret && fds[IN].revents)
		ret = iou_vm_host_read(dialog->streams, &dialog->link, fds[IN].revents & POLLHUP,
				       now);
	if (dialog->streams->escaped)
		interrupt(dialog, SIGINT);
	return ret;
}

static int step(struct iou_vm_dialog *dialog, int64_t boot_deadline_ms, struct iou_err *err)
{
	struct pollfd fds[SLOTS];
	int64_t now = iou_clock_ms();
	int ret;

	fill_slots(dialog, fds, now);
	if (poll(fds, SLOTS, poll_timeout(dialog, now, boot_deadline_ms)) < 0 && errno != EINTR)
		return iou_err_set(err, IOU_CAUSE_VM, "vm", errno, "cannot wait for the guest");
	if (fds[SIGNALS].revents)
		handle_signals(dialog);
	if (waits_for_terminal(dialog) && iou_vm_host_terminal_give(dialog->streams))
		send_winsize(dialog);
	dialog->machine.console.cr = dialog->streams->raw;
	iou_vm_tail_read(&dialog->machine.console);
	iou_vm_tail_read(&dialog->machine.qemu);
	iou_vm_tail_read(&dialog->machine.virtiofsd);
	ret = check_time(dialog, boot_deadline_ms, err);
	if (!ret)
		ret = check_kvm(dialog, err);
	if (!ret && !dialog->ended && fds[AGENT].revents)
		ret = handle_agent(dialog, err);
	if (ret || dialog->ended)
		return ret;
	if (fds[CONTROL].revents)
		return handle_report(dialog, err);
	if (handle_streams(dialog, fds, now))
		return iou_err_set(err, IOU_CAUSE_VM, "vm", ENOMEM, "cannot pass on the streams");
	/* Where this fails, QEMU's end is about to be reported. */
	if (dialog->link.fd >= 0)
		iou_vm_link_flush(&dialog->link);
	return 0;
}

static size_t undelivered(const struct iou_vm_dialog *dialog)
{
	return iou_vm_sink_pending(&dialog->streams->out[0]) +
	       iou_vm_sink_pending(&dialog->streams->out[1]);
}

/* Wait once for a reader, at most @most_ms (-1: no limit), and write what it takes. */
static void drain_once(struct iou_vm_dialog *dialog, int most_ms)
{
	struct pollfd fds[SLOTS];
	int64_t now = iou_clock_ms();
	int timeout;

	/* Nothing but the outputs and signals is left; all other descriptors are -1. */
	fill_slots(dialog, fds, now);
	fds[IN].fd = -1;
	dialog->streams->in_retry_ms = 0;
	timeout = poll_timeout(dialog, now, 0);
	if (timeout < 0 || (most_ms >= 0 && most_ms < timeout))
		timeout = most_ms;
	poll(fds, SLOTS, timeout);
	for (int i = 0; i < 2; i++)
		if (fds[OUT + i].revents)
			iou_vm_sink_write(&dialog->streams->out[i], &dialog->link);
}

/*
 * The command has ended, its last output has not: whoever reads it may take their time, unless
 * the user has asked for an end already.
 */
static int drain(struct iou_vm_dialog *dialog, struct iou_err *err)
{
	int64_t moved_ms = iou_clock_ms();
	size_t left;

	while ((left = undelivered(dialog))) {
		int signal;

		drain_once(dialog, dialog->signals_nr ? STUCK_MS : -1);
		if (undelivered(dialog) != left)
			moved_ms = iou_clock_ms();
		else if (dialog->signals_nr && iou_clock_ms() - moved_ms >= STUCK_MS)
			return 0;
		while ((signal = iou_vm_signals_next(dialog->signals)))
			if (signal == SIGTSTP) {
				stop_self(dialog);
			} else if (signal != SIGWINCH && signal != SIGCONT) {
				interrupt(dialog, signal);
				return 0;
			}
		if (dialog->deadline_ms && iou_clock_ms() >= dialog->deadline_ms)
			return timed_out(dialog, err);
	}
	return 0;
}

int iou_vm_dialog_run(struct iou_vm_dialog *dialog, struct iou_err *err)
{
	int64_t boot_deadline_ms = iou_clock_ms() + dialog->boot_ms;
	int ret = 0;

	dialog->link = (struct iou_vm_link){.fd = dialog->machine.agent};
	while (!ret && !dialog->ended)
		ret = step(dialog, boot_deadline_ms, err);
	iou_vm_machine_stop(&dialog->machine);
	dialog->link.fd = -1;
	if (!ret && !dialog->interrupted)
		ret = drain(dialog, err);
	return ret;
}
