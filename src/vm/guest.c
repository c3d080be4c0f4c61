// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* PID 1 of the guest: sets it up, runs the command, carries its streams, and says how it ended. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/signalfd.h>
#include <sys/utsname.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "vm/guestcommand.h"
#include "vm/guestdisks.h"
#include "vm/guestmounts.h"
#include "vm/start.h"
#include "vm/stream.h"
#include "vm/vm.h"

/* How long what the command left running may still write to its streams. */
#define LINGER_IDLE_MS 250
#define LINGER_MOST_MS 2000
/* For a reader on the host that takes nothing, once a signal was sent to end the command. */
#define STUCK_MS 500
/* For the starter to end the VM, once it knows how the command ended. */
#define FAREWELL_MS 10000

struct guest {
	struct iou_vm_link link;
	struct iou_vm_start start;
	struct iou_vm_command command;
	struct iou_vm_sink in;
	struct iou_vm_source out[3]; /* stdout, stderr, the terminal */
	int children;                /* signalfd */
	bool exited;                 /* the command is gone, and this is how: */
	int status;
	int64_t exited_ms;
	bool signalled;
	bool killed; /* and so is all that it left behind */
	bool over;   /* all that was written is on its way */
};

static void power_off(void) __attribute__((noreturn));

static void power_off(void)
{
	sync();
	reboot(RB_POWER_OFF);
	for (;;)
		pause();
}

/* Only the console is there to say it. */
static void die_on_console(const struct iou_err *err) __attribute__((noreturn));

static void die_on_console(const struct iou_err *err)
{
	IOU_CLOSE int console = open("/dev/console", O_WRONLY | O_CLOEXEC | O_NOCTTY);

	dprintf(console, "iouctl: %s: %s\n", err->message, strerror(err->errnum));
	power_off();
}

static void say_hello(struct guest *guest)
{
	struct iou_vm_hello hello = {.protocol = IOU_VM_PROTOCOL};
	struct utsname name;

	uname(&name);
	snprintf(hello.release, sizeof(hello.release), "%s", name.release);
	iou_vm_link_send(&guest->link, IOU_VM_HELLO, 0, &hello, sizeof(hello));
}

static bool port_has_name(const char *port)
{
	char path[300], name[64];
	IOU_CLOSE int fd = -1;
	ssize_t n;

	snprintf(path, sizeof(path), "/sys/class/virtio-ports/%s/name", port);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, name, sizeof(name) - 1);
	if (n <= 0)
		return false;
	name[n] = '\0';
	name[strcspn(name, "\n")] = '\0';
	return strcmp(name, IOU_VM_PORT_NAME) == 0;
}

static int open_port(void)
{
	DIR *ports = opendir("/sys/class/virtio-ports");
	struct dirent *entry;
	int fd = -1;

	while (ports && fd < 0 && (entry = readdir(ports))) {
		char path[300];

		if (!port_has_name(entry->d_name))
			continue;
		snprintf(path, sizeof(path), "/dev/%s", entry->d_name);
		fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	}
	if (ports)
		closedir(ports);
	return fd;
}

/* QEMU tells of the other end in one more message; until then the port looks hung up. */
static bool is_connected(int port)
{
	struct pollfd state = {.fd = port, .events = POLLOUT};

	return port >= 0 && poll(&state, 1, 0) >= 0 && !(state.revents & POLLHUP);
}

/* The port's name comes in a message of its own, some time after its driver was started. */
static int wait_for_port(struct guest *guest, struct iou_err *err)
{
	int64_t until = iou_clock_ms() + FAREWELL_MS;

	do {
		if (guest->link.fd < 0)
			guest->link.fd = open_port();
		if (is_connected(guest->link.fd))
			return 0;
		usleep(2000);
	} while (iou_clock_ms() < until);
	return iou_err_set(err, IOU_CAUSE_VM, "vm", ENODEV,
			   "the guest's kernel shows no virtio-serial port " IOU_VM_PORT_NAME);
}

/* Send all there is to send. The starter reads always, so this is bound unless it is gone. */
static void flush_all(struct guest *guest)
{
	struct pollfd port = {.fd = guest->link.fd, .events = POLLOUT};
	int64_t until = iou_clock_ms() + FAREWELL_MS;

	while (iou_vm_link_pending(&guest->link) && iou_clock_ms() < until) {
		poll(&port, 1, 100);
		if (iou_vm_link_flush(&guest->link))
			break;
	}
}

static void say_last(struct guest *guest, enum iou_vm_frame_type type, const void *data,
		     size_t length) __attribute__((noreturn));

/* After this frame the starter ends the VM; if it does not, the VM ends by itself. */
static void say_last(struct guest *guest, enum iou_vm_frame_type type, const void *data,
		     size_t length)
{
	iou_vm_link_send(&guest->link, type, 0, data, length);
	flush_all(guest);
	usleep(FAREWELL_MS * 1000);
	power_off();
}

static void say_error(struct guest *guest, const struct iou_err *err) __attribute__((noreturn));

static void say_error(struct guest *guest, const struct iou_err *err)
{
	struct iou_vm_failure failure;

	iou_vm_failure_from(&failure, err);
	say_last(guest, IOU_VM_ERROR, &failure, sizeof(failure));
}

/* A process that is not quite gone yet would keep its share from being unmounted. */
static void kill_all(void)
{
	kill(-1, SIGKILL);
	for (int i = 0; i < 200 && waitpid(-1, NULL, WNOHANG) >= 0; i++)
		usleep(1000);
}

static void say_exit(struct guest *guest) __attribute__((noreturn));

static void say_exit(struct guest *guest)
{
	struct iou_vm_exit end = {0};

	if (WIFSIGNALED(guest->status))
		end.signal = WTERMSIG(guest->status);
	else
		end.code = WEXITSTATUS(guest->status);
	kill_all();
	iou_vm_guest_unmount_disks();
	iou_vm_guest_unmount_shares(guest->start.shares);
	say_last(guest, IOU_VM_EXIT, &end, sizeof(end));
}

static void start_command(struct guest *guest, const char *data, size_t length)
{
	struct iou_vm_command *command = &guest->command;
	struct iou_err err = {0};
	char *copy = malloc(length + 1);
	int ret = copy ? 0 : -ENOMEM;

	if (!ret) {
		memcpy(copy, data, length);
		ret = iou_vm_start_decode(&guest->start, copy, length);
	}
	if (ret)
		iou_err_set(&err, IOU_CAUSE_VM, "vm", -ret, "the guest cannot read the command");
	else
		ret = iou_vm_guest_mount_shares(guest->start.shares, &err);
	if (!ret)
		ret = iou_vm_guest_link_disks(guest->start.disks, &err);
	if (!ret)
		ret = iou_vm_command_start(command, &guest->start, &err);
	if (ret)
		say_error(guest, &err);

	guest->in.fd = guest->start.terminal[STDIN_FILENO] ? command->tty : command->in;
	guest->out[0].fd = command->out[0];
	guest->out[1].fd = command->out[1];
	guest->out[2].fd = command->tty;
	/* What is written to a terminal that only stdin is has no way out. */
	guest->out[2].channel = guest->start.terminal[STDOUT_FILENO]   ? STDOUT_FILENO
				: guest->start.terminal[STDERR_FILENO] ? STDERR_FILENO
								       : -1;
}

static void end_input(struct guest *guest)
{
	guest->in.ended = true;
	/* The end of a terminal is that it hangs up; ^D comes as data. */
	if (guest->start.argv && guest->start.terminal[STDIN_FILENO])
		kill(-guest->command.pid, SIGHUP);
}

/* Nobody reads it on the host: without a reader here, the command gets SIGPIPE. */
static void close_output(struct guest *guest, int channel)
{
	struct iou_vm_source *out = &guest->out[channel == STDERR_FILENO];

	if (out->fd < 0)
		return;
	iou_close(TAKE_FD(out->fd));
	out->ended = true;
}

static void add_credit(struct guest *guest, int channel, uint32_t bytes)
{
	for (size_t i = 0; i < ARRAY_SIZE(guest->out); i++)
		if (guest->out[i].channel == channel)
			guest->out[i].credit += bytes;
}

static void handle_frame(struct guest *guest, const struct iou_vm_frame *frame, const char *data)
{
	bool started = guest->start.argv;
	struct winsize size;
	uint32_t credit;
	int32_t number;

	if (frame->type == IOU_VM_START && !started)
		start_command(guest, data, frame->length);
	if (!started)
		return;
	switch (frame->type) {
	case IOU_VM_DATA:
		if (iou_vm_sink_push(&guest->in, &guest->link, data, frame->length))
			power_off();
		break;
	case IOU_VM_END:
		end_input(guest);
		break;
	case IOU_VM_CLOSE:
		close_output(guest, frame->channel);
		break;
	case IOU_VM_CREDIT:
		memcpy(&credit, data, sizeof(credit));
		add_credit(guest, frame->channel, credit);
		break;
	case IOU_VM_SIGNAL:
		memcpy(&number, data, sizeof(number));
		if (!guest->exited)
			iou_vm_command_signal(&guest->command, number);
		guest->signalled = true;
		break;
	case IOU_VM_WINSIZE:
		memcpy(&size, data, sizeof(size));
		if (guest->command.tty >= 0)
			ioctl(guest->command.tty, TIOCSWINSZ, &size);
		break;
	}
}

static void reap(struct guest *guest)
{
	struct signalfd_siginfo info;
	int status;
	pid_t pid;

	if (read(guest->children, &info, sizeof(info)) < 0)
		return;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid != guest->command.pid)
			continue;
		guest->exited = true;
		guest->status = status;
		guest->exited_ms = iou_clock_ms();
	}
}

static void handle_link(struct guest *guest)
{
	struct iou_vm_frame frame;
	const char *data;
	ssize_t n = iou_vm_link_fill(&guest->link);

	/* Without the starter there is nothing to live for. */
	if (n < 0 && n != -EAGAIN)
		power_off();
	while (iou_vm_link_next(&guest->link, &frame, &data) > 0)
		handle_frame(guest, &frame, data);
}

static void write_input(struct guest *guest)
{
	struct iou_vm_sink *in = &guest->in;

	if (in->fd < 0)
		return;
	iou_vm_sink_write(in, &guest->link);
	if (in->fd != guest->command.tty && (in->closed || (in->ended && !iou_vm_sink_pending(in))))
		iou_close(TAKE_FD(in->fd));
}

/*
 * Once the command is gone, its streams end when nobody else has them. What it left running in
 * the background may keep them open for ever; it gets a moment, then is killed.
 */
static void check_end(struct guest *guest, bool idle)
{
	int64_t since = iou_clock_ms() - guest->exited_ms;
	bool open = false, stuck = false;

	for (size_t i = 0; i < ARRAY_SIZE(guest->out); i++) {
		const struct iou_vm_source *out = &guest->out[i];

		if (out->fd < 0 || out->ended)
			continue;
		open = true;
		/* Not idle, but held up by the host. */
		if (!iou_vm_source_wants(out, &guest->link))
			stuck = true;
	}
	if (stuck && !(guest->signalled && since > STUCK_MS))
		return;
	if (stuck || !open || (guest->killed && idle)) {
		guest->over = true;
	} else if (!guest->killed && (idle || since > LINGER_MOST_MS)) {
		kill(-1, SIGKILL);
		guest->killed = true;
	}
}

static void poll_once(struct guest *guest)
{
	struct iou_vm_link *link = &guest->link;
	struct pollfd fds[6] = {
		{.fd = link->fd, .events = POLLIN},
		{.fd = guest->children, .events = POLLIN},
		{.fd = iou_vm_sink_pending(&guest->in) ? guest->in.fd : -1, .events = POLLOUT},
	};
	int ready;

	if (iou_vm_link_pending(link))
		fds[0].events |= POLLOUT;
	for (size_t i = 0; i < ARRAY_SIZE(guest->out); i++) {
		bool wanted = iou_vm_source_wants(&guest->out[i], link);

		fds[3 + i] = (struct pollfd){.fd = wanted ? guest->out[i].fd : -1,
					     .events = POLLIN};
	}
	ready = poll(fds, ARRAY_SIZE(fds), guest->exited ? LINGER_IDLE_MS : -1);
	if (fds[0].revents & POLLHUP)
		power_off();
	if (fds[1].revents)
		reap(guest);
	if (fds[0].revents & POLLIN)
		handle_link(guest);
	write_input(guest);
	for (size_t i = 0; i < ARRAY_SIZE(guest->out); i++)
		if (fds[3 + i].revents && guest->out[i].fd == fds[3 + i].fd)
			iou_vm_source_read(&guest->out[i], link);
	if (iou_vm_link_flush(link))
		power_off();
	if (guest->exited)
		check_end(guest, ready == 0);
}

static int set_up(struct guest *guest, struct iou_err *err)
{
	sigset_t all;
	int ret;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	signal(SIGPIPE, SIG_IGN);
	ret = iou_vm_guest_mount(err);
	/* Where the kernel found no console, 0 to 2 are free, and must not become streams. */
	for (int i = 0; !ret && i <= STDERR_FILENO; i++)
		if (fcntl(i, F_GETFD) < 0 && open("/dev/null", O_RDWR | O_CLOEXEC) < 0)
			break;
	if (!ret)
		ret = wait_for_port(guest, err);
	if (ret)
		return ret;
	sigemptyset(&all);
	sigaddset(&all, SIGCHLD);
	guest->children = signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
	return 0;
}

int iou_vm_guest_main(void)
{
	struct guest guest = {
		.link.fd = -1,
		.command = {.pid = -1, .tty = -1},
		.in = {.fd = -1, .channel = STDIN_FILENO},
		.out = {{.fd = -1, .channel = STDOUT_FILENO, .credit = IOU_VM_WINDOW},
			{.fd = -1, .channel = STDERR_FILENO, .credit = IOU_VM_WINDOW},
			{.fd = -1, .channel = -1, .credit = IOU_VM_WINDOW}},
	};
	struct iou_err err = {0};

	if (set_up(&guest, &err))
		die_on_console(&err);
	say_hello(&guest);
	while (!guest.over)
		poll_once(&guest);
	say_exit(&guest);
}
