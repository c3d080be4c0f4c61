// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Signals to a task that is in its loop, in each state: one that it handles, and one that kills. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "loop.h"

enum state { BEFORE, STEP, ASLEEP, WORK };

/* Shared with the child: it is about to enter its ring, and came out of that after so many steps.
 */
static struct {
	uint32_t is_entering, steps;
} * child;

static void work_for(const struct loop *loop, enum state state)
{
	switch (state) {
	case BEFORE:
		work_spin(loop);
		break;
	case STEP:
		work_spin(loop);
		loop->shared->busy_ns = 3000000;
		break;
	case ASLEEP:
		work_sleep(loop, eventfd(0, 0));
		break;
	case WORK:
		/* Worker threads complete them, and the task's work says so. */
		work_nops(loop, 0, 8, IOSQE_ASYNC);
		break;
	}
}

/* In the child. The ring is its own: only who makes one may enter it. */
static void be_in_loop(const struct loop *loop, enum state state)
{
	struct binding binding;
	struct ring ring;
	int ret;

	hear_signals();
	run_on(1);
	ring_make(&ring, 64, FLAGS);
	work_for(loop, state);
	bind_loop(&binding, loop, &ring);
	__atomic_store_n(&child->is_entering, 1, __ATOMIC_RELEASE);
	ret = ring_enter(&ring);
	child->steps = loop->shared->steps;
	check(ret == -EINTR, "the call ended with %d", ret);
	/* And it goes on as it was. */
	work_nops(loop, 100, 10, 0);
	ret = ring_enter(&ring);
	check(ret == 0 || ret == -EINTR, "the next call ended with %d", ret);
	_exit(0);
}

static bool sleeps(pid_t pid)
{
	char path[64], line[512], state = '?';
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	file = fopen(path, "re");
	if (file && fgets(line, sizeof(line), file) && strrchr(line, ')'))
		state = strrchr(line, ')')[2];
	if (file)
		fclose(file);
	return state == 'S';
}

static void wait_for(const struct loop *loop, enum state state, pid_t pid)
{
	const volatile struct shared *shared = loop->shared;
	uint64_t end = now_ns() + 20000000000;

	while (!__atomic_load_n(&child->is_entering, __ATOMIC_ACQUIRE) ||
	       (state == STEP && !(shared->steps > 1 && shared->in_step)) ||
	       (state == ASLEEP && !(shared->submitted && sleeps(pid))) ||
	       (state == WORK && shared->done < 8)) {
		check(now_ns() < end, "the child does not come there");
		if (state == BEFORE)
			continue;
		pause_ns(20000);
	}
	if (state == WORK)
		pause_ns(random_below(2000000));
	if (state == BEFORE)
		spin_ns(random_below(60000));
}

/* In a loop that goes on and on: it had to be seen at the first look for signals. */
static bool was_before(const struct loop *loop, int number)
{
	return (number == SIGKILL ? loop->shared->steps : child->steps) == 1;
}

/* One child; whether the signal came in the state that was wanted. */
static bool signal_once(const struct loop *loop, enum state state, int number)
{
	pid_t pid;
	int status;

	child->is_entering = 0;
	work_spin(loop);
	fflush(stdout);
	pid = fork();
	if (pid == 0)
		be_in_loop(loop, state);
	wait_for(loop, state, pid);
	kill(pid, number);
	/* One that came before the call is over, and has to be given again. */
	while (number != SIGKILL && waitpid(pid, &status, WNOHANG) == 0) {
		pause_ns(5000000);
		kill(pid, number);
	}
	if (number == SIGKILL)
		check(waitpid(pid, &status, 0) == pid, "no child");
	if (number == SIGKILL)
		check(WIFSIGNALED(status), "it was not killed: %#x", status);
	else
		check(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the child failed: %#x",
		      status);
	return state != BEFORE || was_before(loop, number);
}

static void signal_in(enum state state, int number)
{
	unsigned int nr = 0, tries = 0;
	struct loop loop;
	struct ring ring;

	child = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	run_on(0);
	ring_make(&ring, 64, FLAGS);
	loop_load(&loop, &ring);
	while (nr < rounds && tries < rounds * 200) {
		nr += signal_once(&loop, state, number);
		tries++;
	}
	printf("%u signals, %u of them as wanted\n", tries, nr);
	check(nr >= rounds, "it was hardly ever in that state");
	loop_free(&loop);
	ring_free(&ring);
}

static void before(void)
{
	signal_in(BEFORE, SIGUSR1);
}

static void step(void)
{
	signal_in(STEP, SIGUSR1);
}

static void asleep(void)
{
	signal_in(ASLEEP, SIGUSR1);
}

static void work(void)
{
	signal_in(WORK, SIGUSR1);
}

static void kill_before(void)
{
	signal_in(BEFORE, SIGKILL);
}

static void kill_step(void)
{
	signal_in(STEP, SIGKILL);
}

static void kill_asleep(void)
{
	signal_in(ASLEEP, SIGKILL);
}

static void kill_work(void)
{
	signal_in(WORK, SIGKILL);
}

const struct test signal_tests[] = {
	{"signal-before", before},    {"signal-step", step},        {"signal-asleep", asleep},
	{"signal-work", work},        {"kill-before", kill_before}, {"kill-step", kill_step},
	{"kill-asleep", kill_asleep}, {"kill-work", kill_work},     {},
};
