// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* When a guard takes loops off, and when not. */
#include "test.h"

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "attach/guard.h"

static int told[2]; /* which loops were taken off */

/* In place of that of leave.c, which needs a kernel with loops. */
enum iou_left iou_attach_leave(struct iou_loop *loop)
{
	char nr = (char)(uintptr_t)loop;

	if (write(told[1], &nr, 1) != 1)
		_exit(1);
	return IOU_LEFT_IN_ORDER;
}

/* Three loops are held and one is not, by a process that ends as @end says. */
static pid_t hold(void (*end)(struct iou_guard *guard), int out)
{
	struct iou_bound bounds[4] = {};
	struct iou_guard guard = IOU_GUARD_INIT;
	pid_t pid = fork();

	if (pid)
		return pid;
	if (out >= 0) {
		dup2(out, STDOUT_FILENO);
		close(out);
	}
	for (uintptr_t i = 0; i < 4; i++)
		bounds[i].loop = (void *)(i + 1);
	bounds[1].end = IOU_BOUND_EXIT;
	if (iou_guard_start(&guard, bounds, 4))
		_exit(1);
	close(told[1]);
	/* What ends its process group must not end the guard. */
	usleep(100000);
	end(&guard);
	_exit(0);
}

static void by_signal(struct iou_guard *guard)
{
	kill(guard->pid, SIGTERM);
	kill(guard->pid, SIGHUP);
	kill(guard->pid, SIGQUIT);
	raise(SIGKILL);
}

static void in_order(struct iou_guard *guard)
{
	iou_guard_end(guard);
	iou_guard_end(guard);
}

static void without_guard(struct iou_guard *guard)
{
	kill(guard->pid, SIGKILL);
	usleep(50000);
	iou_guard_end(guard);
}

static bool is_over(int fd)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};

	return poll(&poll_fd, 1, 20000) == 1;
}

/* What was taken off, in its order, once all that have the pipe have ended. */
static void expect(void (*end)(struct iou_guard *guard), const char *loops, int status)
{
	char got[8] = "";
	size_t nr = 0;
	int ended;
	pid_t pid;

	assert_int_equal(pipe(told), 0);
	pid = hold(end, -1);
	assert_true(pid > 0);
	close(told[1]);
	assert_int_equal(waitpid(pid, &ended, 0), pid);
	assert_int_equal(ended, status);
	while (is_over(told[0]) && read(told[0], &got[nr], 1) == 1)
		nr++;
	close(told[0]);
	assert_int_equal(nr, strlen(loops));
	assert_memory_equal(got, loops, nr);
}

static void killed(void **state)
{
	(void)state;
	expect(by_signal, "\1\3\4", SIGKILL);
}

static void ended(void **state)
{
	(void)state;
	expect(in_order, "", 0);
	expect(without_guard, "", 0);
}

static void waits(struct iou_guard *guard)
{
	close(STDOUT_FILENO);
	pause();
	iou_guard_end(guard);
}

/* Whoever reads the output sees its end when it was closed. */
static void streams(void **state)
{
	int out[2];
	pid_t pid;
	char byte;

	(void)state;
	assert_int_equal(pipe(told), 0);
	assert_int_equal(pipe(out), 0);
	pid = hold(waits, out[1]);
	close(told[1]);
	close(out[1]);
	assert_true(is_over(out[0]));
	assert_int_equal(read(out[0], &byte, 1), 0);
	kill(pid, SIGTERM);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	close(told[0]);
	close(out[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(killed),
		cmocka_unit_test(ended),
		cmocka_unit_test(streams),
	};

	return cmocka_run_group_tests_name("guard", tests, NULL, NULL);
}
