// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * ring [FLAG...] [probe] [poll] [enter] [-- COMMAND...]
 *
 * A ring with single-issuer, defer-taskrun and these setup flags, or without after '-', of 8 SQ and
 * 16 CQ entries. Prints "PID FD", and goes on until it is killed. With `probe` that is one that it
 * tries, and closes again, before it makes one that can have a loop. With `poll` a request is in
 * flight that is over once there is something to read from standard input. With
 * `enter` it waits for a completion that never comes, again and again: SIGUSR1 interrupts it and
 * SIGTERM ends it, when it prints "ERRNO" for each call that returned, 0 for none. COMMAND is
 * started with the ring's descriptor, and "@FD" in it is its number; then it ends with the
 * command's exit code. SIGUSR1 has it close its own meanwhile.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ring/ring.h"

static volatile sig_atomic_t stopping;

static void stop(int signum)
{
	stopping |= signum == SIGTERM;
}

static int given;

static void let_go(int signum)
{
	(void)signum;
	close(given);
}

static int run(char **command, int fd)
{
	const struct sigaction action = {.sa_handler = let_go, .sa_flags = SA_RESETHAND};

	char number[16];
	int status;
	pid_t pid;

	snprintf(number, sizeof(number), "%d", fd);
	for (char **word = command; *word; word++)
		if (strcmp(*word, "@FD") == 0)
			*word = number;
	fcntl(fd, F_SETFD, 0);
	pid = fork();
	if (pid == 0) {
		execvp(command[0], command);
		_exit(127);
	}
	given = fd;
	sigaction(SIGUSR1, &action, NULL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void submit_poll(int fd, const struct io_uring_params *p)
{
	uint8_t *rings = mmap(NULL, p->sq_off.array + p->sq_entries * sizeof(uint32_t),
			      PROT_READ | PROT_WRITE, MAP_SHARED, fd, IORING_OFF_SQ_RING);
	struct io_uring_sqe *sqe = mmap(NULL, p->sq_entries * sizeof(*sqe), PROT_READ | PROT_WRITE,
					MAP_SHARED, fd, IORING_OFF_SQES);

	*sqe = (struct io_uring_sqe){.opcode = IORING_OP_POLL_ADD, .poll32_events = POLLIN};
	*(uint32_t *)(rings + p->sq_off.array) = 0;
	__atomic_store_n((uint32_t *)(rings + p->sq_off.tail), 1, __ATOMIC_RELEASE);
	if (syscall(SYS_io_uring_enter, fd, 1, 0, 0, NULL, 0) != 1)
		_exit(3);
}

static void enter(int fd)
{
	const struct sigaction action = {.sa_handler = stop};

	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGUSR1, &action, NULL);
	while (!stopping) {
		long ret = syscall(SYS_io_uring_enter, fd, 0, 1, IORING_ENTER_GETEVENTS, NULL, 0);

		printf("%s\n", ret < 0 ? iou_errno_name(errno) : "0");
		fflush(stdout);
	}
}

int main(int argc, char **argv)
{
	struct io_uring_params params = {.flags = IOU_RING_LOOP_FLAGS | IORING_SETUP_CQSIZE,
					 .cq_entries = 16};
	bool enters = false, probes = false, polls = false;
	int fd, i;

	for (i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		bool off = argv[i][0] == '-';
		int bit = iou_ring_flag_bit(argv[i] + off);

		if (strcmp(argv[i], "enter") == 0)
			enters = true;
		else if (strcmp(argv[i], "probe") == 0)
			probes = true;
		else if (strcmp(argv[i], "poll") == 0)
			polls = true;
		else if (bit < 0)
			return 2;
		else if (off)
			params.flags &= ~(1U << bit);
		else
			params.flags |= 1U << bit;
	}
	fd = iou_ring_setup_raw(8, &params);
	if (probes && fd >= 0) {
		/* Before a loop could be loaded for it, where it could have one. */
		usleep(params.flags & IORING_SETUP_DEFER_TASKRUN ? 2000 : 100000);
		close(fd);
		usleep(100000);
		params = (struct io_uring_params){.flags = IOU_RING_LOOP_FLAGS};
		fd = iou_ring_setup_raw(8, &params);
	}
	if (fd < 0) {
		fprintf(stderr, "ring: %s\n", strerror(-fd));
		return 1;
	}
	if (polls)
		submit_poll(fd, &params);
	if (i + 1 < argc)
		return run(&argv[i + 1], fd);
	printf("%d %d\n", getpid(), fd);
	fflush(stdout);
	if (enters)
		enter(fd);
	else
		pause();
	return 0;
}
