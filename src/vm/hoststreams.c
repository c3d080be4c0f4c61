// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "vm/hoststreams.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/cleanup.h"

/* Between looks at whether we are in the foreground (again). */
#define BACKGROUND_MS 200
#define EOF_CHAR "\x04"
#define ESCAPE_MS 1000
/* A line in canonical mode has 4095 bytes at most, and a ^D may be added. */
#define LINE 8192

/* A second description of the same file, which may be O_NONBLOCK. */
static int reopen(int fd)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

static void init_sink(struct iou_vm_sink *sink, int *reopened, int fd)
{
	struct stat st;

	*sink = (struct iou_vm_sink){.fd = fd, .channel = fd};
	*reopened = -1;
	if (fstat(fd, &st))
		return;
	if (S_ISSOCK(st.st_mode)) {
		sink->socket = true;
	} else if (S_ISFIFO(st.st_mode) || S_ISCHR(st.st_mode)) {
		*reopened = reopen(fd);
		if (*reopened >= 0)
			sink->fd = *reopened;
		else /* poll() promises a pipe as much room */
			sink->chunk = 4096;
	}
}

/* A pipeline's end may be a pager, which has the terminal for itself. */
static bool is_one_terminal(void)
{
	struct stat in, out;

	return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) && fstat(STDIN_FILENO, &in) == 0 &&
	       fstat(STDOUT_FILENO, &out) == 0 && in.st_rdev == out.st_rdev;
}

static bool in_background(void)
{
	pid_t foreground = tcgetpgrp(STDIN_FILENO);

	return foreground > 0 && foreground != getpgrp();
}

bool iou_vm_host_terminal_give(struct iou_vm_host_streams *streams)
{
	struct termios raw = streams->settings;

	if (!streams->interactive || streams->raw || in_background())
		return false;
	cfmakeraw(&raw);
	streams->raw = tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
	return streams->raw;
}

void iou_vm_host_terminal_take(struct iou_vm_host_streams *streams)
{
	/* In the background, whoever is in the foreground has it set as they want it. */
	if (streams->raw && !in_background())
		tcsetattr(STDIN_FILENO, TCSADRAIN, &streams->settings);
	streams->raw = false;
}

void iou_vm_host_streams_init(struct iou_vm_host_streams *streams, bool interactive)
{
	*streams = (struct iou_vm_host_streams){
		.in = {.fd = STDIN_FILENO, .channel = STDIN_FILENO, .credit = IOU_VM_WINDOW},
	};
	for (int fd = 0; fd < 3; fd++)
		streams->terminal[fd] = isatty(fd);
	streams->interactive = interactive && is_one_terminal() &&
			       tcgetattr(STDIN_FILENO, &streams->settings) == 0;
	for (int i = 0; i < 2; i++)
		init_sink(&streams->out[i], &streams->reopened[i], STDOUT_FILENO + i);
}

void iou_vm_host_streams_release(struct iou_vm_host_streams *streams)
{
	iou_vm_host_terminal_take(streams);
	for (int i = 0; i < 2; i++) {
		iou_vm_sink_release(&streams->out[i]);
		iou_close(TAKE_FD(streams->reopened[i]));
	}
}

void iou_vm_host_winsize(const struct iou_vm_host_streams *streams, struct winsize *size)
{
	*size = (struct winsize){0};
	for (int fd = 0; fd < 3; fd++)
		if (streams->terminal[fd] && ioctl(fd, TIOCGWINSZ, size) == 0)
			return;
}

static void look_for_escapes(struct iou_vm_host_streams *streams, const char *data, size_t length,
			     int64_t now_ms)
{
	for (size_t i = 0; i < length; i++) {
		if (data[i] != IOU_VM_ESCAPE)
			continue;
		if (streams->escapes_ms[0] && now_ms - streams->escapes_ms[0] < ESCAPE_MS)
			streams->escaped = true;
		streams->escapes_ms[0] = streams->escapes_ms[1];
		streams->escapes_ms[1] = now_ms;
	}
}

static bool has_room(const struct iou_vm_source *in, const struct iou_vm_link *link)
{
	return iou_vm_source_wants(in, link) && in->credit >= LINE;
}

bool iou_vm_host_wants(const struct iou_vm_host_streams *streams, const struct iou_vm_link *link)
{
	if (!streams->terminal[STDIN_FILENO])
		return iou_vm_source_wants(&streams->in, link);
	/* A guest that reads nothing must not keep the user from leaving. */
	return streams->raw ? !streams->in.ended : has_room(&streams->in, link);
}

/*
 * What a terminal in canonical mode gives is a line, or what was typed before ^D, or nothing for
 * ^D alone. The guest's pty is canonical too, and gets that ^D.
 */
static int read_terminal(struct iou_vm_host_streams *streams, struct iou_vm_link *link, bool hangup,
			 int64_t now_ms)
{
	struct iou_vm_source *in = &streams->in;
	struct termios t;
	char line[LINE];
	bool fits = has_room(in, link);
	ssize_t n;

	if (!fits && !streams->raw)
		return 0;
	n = read(in->fd, line, sizeof(line) - 1);
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return 0;
	if (n < 0 || (n == 0 && (hangup || streams->raw))) {
		in->ended = true;
		return iou_vm_link_send(link, IOU_VM_END, in->channel, NULL, 0);
	}
	if ((n == 0 || line[n - 1] != '\n') && tcgetattr(in->fd, &t) == 0 && (t.c_lflag & ICANON))
		line[n++] = EOF_CHAR[0];
	if (streams->raw)
		look_for_escapes(streams, line, (size_t)n, now_ms);
	/* As a terminal does with what nobody reads. */
	if (!fits)
		return 0;
	in->credit -= (uint32_t)n;
	return iou_vm_link_send(link, IOU_VM_DATA, in->channel, line, (size_t)n);
}

int iou_vm_host_read(struct iou_vm_host_streams *streams, struct iou_vm_link *link, bool hangup,
		     int64_t now_ms)
{
	struct iou_vm_source *in = &streams->in;
	ssize_t n;

	if (streams->terminal[STDIN_FILENO]) {
		/* A background job that reads its terminal is stopped: leave the line to others. */
		if (in_background()) {
			streams->in_retry_ms = now_ms + BACKGROUND_MS;
			return 0;
		}
		return read_terminal(streams, link, hangup, now_ms);
	}
	n = iou_vm_source_read(in, link);
	if (n == -ENOMEM)
		return -ENOMEM;
	return n ? 0 : iou_vm_link_send(link, IOU_VM_END, in->channel, NULL, 0);
}
