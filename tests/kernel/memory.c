// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Many loops at once, and a kernel that has no memory. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "loop.h"

/* ---- Many ---- */

static struct {
	struct ring ring;
	struct binding binding;
} many[1000];

/* Each is bound, and runs, while all others are. */
static void thousand(void)
{
	struct rlimit files = {8192, 8192};
	struct loop loop;

	setrlimit(RLIMIT_NOFILE, &files);
	loop_load_for(&loop, 8, FLAGS);
	for (unsigned int i = 0; i < 1000; i++) {
		ring_make(&many[i].ring, 8, FLAGS);
		bind_loop(&many[i].binding, &loop, &many[i].ring);
	}
	for (unsigned int round = 0; round < rounds; round++)
		for (unsigned int i = 0; i < 1000; i++) {
			work_nops(&loop, 20, 4, i % 2 ? IOSQE_ASYNC : 0);
			check(ring_enter(&many[i].ring) == 0 && loop.shared->done == 20,
			      "number %u does not run", i);
		}
	for (unsigned int i = 0; i < 1000; i++)
		if (i % 3)
			binding_end(&many[i].binding);
		else
			ring_free(&many[i].ring);
	for (unsigned int i = 0; i < 1000; i++)
		if (i % 3)
			ring_free(&many[i].ring);
		else
			binding_end(&many[i].binding);
	printf("1000 rings, each %u times\n", rounds);
	loop_free(&loop);
}

/* As many processes as there are rounds asleep in their loops, that are killed at once. */
static void crowd(void)
{
	struct loop loop;
	struct ring ring;
	int status;

	setpgid(0, 0);
	ring_make(&ring, 8, FLAGS);
	loop_load(&loop, &ring);
	work_sleep(&loop, -1);
	fflush(stdout);
	for (unsigned int i = 0; i < rounds; i++)
		if (fork() == 0) {
			struct binding binding;
			struct ring own;

			ring_make(&own, 8, FLAGS);
			bind_loop(&binding, &loop, &own);
			ring_enter(&own);
			_exit(1);
		}
	while (*(volatile uint32_t *)&loop.shared->steps < rounds * 9 / 10)
		pause_ns(1000000);
	signal(SIGTERM, SIG_IGN);
	kill(0, SIGTERM);
	for (unsigned int i = 0; i < rounds; i++)
		check(wait(&status) > 0 && WIFSIGNALED(status), "a child's end: %#x", status);
	printf("%u processes, %u steps\n", rounds, loop.shared->steps);
	ring_free(&ring);
	loop_free(&loop);
}

/* ---- No memory ---- */

static void write_to(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	check(fd >= 0 && write(fd, text, strlen(text)) > 0,
	      "%s: %s; a kernel for debugging is needed", path, strerror(errno));
	close(fd);
}

/* Whoever asks for memory may fail, whatever it can do to get some; and says nothing of it. */
static void set_up_failures(void)
{
	static const char *const kinds[] = {"failslab", "fail_page_alloc"};
	char path[128];

	for (int i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "/sys/kernel/debug/%s/ignore-gfp-wait", kinds[i]);
		write_to(path, "N");
		snprintf(path, sizeof(path), "/sys/kernel/debug/%s/verbose", kinds[i]);
		write_to(path, "0");
	}
	write_to("/sys/kernel/debug/fail_page_alloc/min-order", "0");
	write_to("/sys/kernel/debug/fail_page_alloc/ignore-gfp-highmem", "N");
}

static int nth_fd;

/* The @nr'th allocation from now on fails. */
static void fail_nth(unsigned int nr)
{
	char text[16];
	int size = snprintf(text, sizeof(text), "%u", nr);

	check(pwrite(nth_fd, text, (size_t)size, 0) == size, "fail-nth: %s", strerror(errno));
}

/* Whether there was one. */
static bool has_failed(void)
{
	char text[16] = "";

	check(pread(nth_fd, text, sizeof(text) - 1, 0) > 0, "fail-nth: %s", strerror(errno));
	fail_nth(0);
	return atoi(text) == 0;
}

static struct loop loop;
static struct ring ring;
static struct binding binding;

/* What is done with each of its allocations failing in turn, and how what came of it ends. */
struct step {
	const char *name;
	int (*run)(void);
	void (*end)(void);
};

static int make_ring(void)
{
	return ring_try(&ring, 64, FLAGS);
}

static void end_ring(void)
{
	ring_free(&ring);
}

/* It goes with its ring. */
static int make_region(void)
{
	static void *memory;
	int ret = ring_try(&ring, 64, FLAGS);

	if (!memory)
		memory = mmap(NULL, 64 * 4096, PROT_READ | PROT_WRITE,
			      MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (ret)
		return ret;
	ret = ring_register_memory(&ring, memory, 64 * 4096);
	if (ret)
		ring_free(&ring);
	return ret;
}

static int make_map(void)
{
	return binding_map(&binding, &loop, ring.fd);
}

static void end_map(void)
{
	binding_end(&binding);
}

static int make_link(void)
{
	return binding_link(&binding);
}

static void end_link(void)
{
	close(binding.link);
	binding.link = -1;
}

static int run_inline(void)
{
	work_nops(&loop, 300, 64, 0);
	return ring_enter(&ring);
}

static int run_workers(void)
{
	work_nops(&loop, 200, 16, IOSQE_ASYNC);
	return ring_enter(&ring);
}

/* A CQ that runs over has its own memory for what is too much. */
static int run_over(void)
{
	work_nops(&loop, 500, 64, 0);
	loop.shared->depth = 0;
	loop.shared->hold_steps = 6;
	loop.shared->wait = 0;
	return ring_enter(&ring);
}

static void end_none(void)
{
}

/* Closing does not fail, whatever fails meanwhile, and is made good again. Whether anything did. */
static bool close_link(void)
{
	bool failed;
	int ret;

	end_link();
	failed = has_failed();
	ret = binding_link(&binding);
	check(!ret, "the loop is not bound again: %d", ret);
	return failed;
}

static bool close_ring(void)
{
	bool failed;
	int ret;

	ring_free(&ring);
	failed = has_failed();
	ret = ring_try(&ring, 64, FLAGS);
	check(!ret, "no ring any more: %d", ret);
	return failed;
}

static bool close_bound_ring(void)
{
	bool failed;
	int ret;

	ring_free(&ring);
	binding_end(&binding);
	failed = has_failed();
	ret = ring_try(&ring, 64, FLAGS) ?: make_map() ?: make_link();
	check(!ret, "not bound any more: %d", ret);
	return failed;
}

static void fail_each(const struct step *step, unsigned int apart)
{
	unsigned int injected = 0, failed = 0, nr = 1 + random_below(apart);
	int ret;

	for (;; nr += apart) {
		bool was;

		fail_nth(nr);
		ret = step->run();
		was = has_failed();
		if (ret == 0)
			step->end();
		check(was || ret == 0, "%s: %s, though there was memory", step->name,
		      strerror(-ret));
		failed += ret != 0;
		if (!was)
			break;
		injected++;
		/* A loop that submitted nothing for want of memory comes to its end later. */
		check(nr < 100000, "%s does not end", step->name);
	}
	check(injected > 0, "%s: no allocation failed", step->name);
	printf("%s: %u of %u allocations failed, and %u times all of it; ", step->name, injected,
	       nr - 1, failed);
}

/* As the steps of @steps, where closing cannot be told from what made it good. */
static void close_each(const char *name, bool (*run)(void), unsigned int most)
{
	unsigned int injected = 0;

	for (unsigned int nr = 1; nr <= most; nr++) {
		fail_nth(nr);
		injected += run();
	}
	check(injected > 0, "%s: no allocation failed", name);
	printf("%s: %u times, %u of them with a failure; ", name, most, injected);
}

static void faults(void)
{
	const struct step steps[] = {
		{"ring", make_ring, end_ring},    {"ring and region", make_region, end_ring},
		{"map", make_map, end_map},       {"link", make_link, end_link},
		{"run", run_inline, end_none},    {"run with workers", run_workers, end_none},
		{"run over", run_over, end_none},
	};

	set_up_failures();
	nth_fd = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	check(nth_fd >= 0, "no fail-nth");
	for (unsigned int i = 0; i < rounds; i++) {
		fail_each(&steps[0], 1);
		fail_each(&steps[1], 1);
		check(!make_ring(), "no ring");
		if (!i)
			loop_load(&loop, &ring);
		fail_each(&steps[2], 1);
		check(!make_map(), "no map");
		fail_each(&steps[3], 1);
		check(!make_link(), "no link");
		fail_each(&steps[4], 1);
		fail_each(&steps[5], 1);
		fail_each(&steps[6], 3);
		close_each("close the link", close_link, 10);
		close_each("close both", close_bound_ring, 20);
		end_map();
		close_each("close the ring", close_ring, 20);
		end_ring();
	}
	putchar('\n');
	loop_free(&loop);
	close(nth_fd);
}

const struct test memory_tests[] = {
	{"thousand", thousand},
	{"crowd", crowd},
	{"faults", faults},
	{},
};
