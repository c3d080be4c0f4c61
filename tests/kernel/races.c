// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Loops that are bound and taken off on one processor while another one runs them, or binds, too.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "loop.h"

/* ---- Taken off while it runs ---- */

static struct loop loop;
static struct ring ring;
static volatile bool is_over;

static void *bind_and_end(void *how)
{
	bool links = how;

	run_on(1);
	for (unsigned int i = 0; i < rounds; i++) {
		struct binding binding;

		bind_loop(&binding, &loop, &ring);
		/* From before the first step to some way into it. */
		pause_ns(random_below(i % 2 ? 3000000 : 50000));
		/* The map may be gone before its link, too. */
		if (links)
			close(binding.map);
		else
			close(binding.link);
		close(links ? binding.link : binding.map);
	}
	is_over = true;
	return NULL;
}

static void destroy_while(void (*work)(void))
{
	uint64_t efaults = 0, others = 0;
	pthread_t thread;
	int ret;

	run_on(0);
	ring_make(&ring, 64, FLAGS);
	loop_load(&loop, &ring);
	for (int links = 0; links < 2; links++) {
		is_over = false;
		work();
		check(!pthread_create(&thread, NULL, bind_and_end, links ? &ring : NULL),
		      "no thread");
		while (!is_over) {
			ret = ring_enter(&ring);
			check(ret == 0 || ret == -EFAULT, "a call ended with %d", ret);
			if (ret)
				efaults++;
			else
				others++;
		}
		pthread_join(thread, NULL);
	}
	printf("%u loops, %lu calls that had begun, %lu that had not\n", 2 * rounds, efaults,
	       others);
	check(efaults > rounds / 10, "hardly one was running");
	ring_free(&ring);
	loop_free(&loop);
}

static void work_of_nops(void)
{
	work_nops(&loop, 0, 8, 0);
}

static void work_of_workers(void)
{
	work_nops(&loop, 0, 8, IOSQE_ASYNC);
}

static void work_of_none(void)
{
	work_spin(&loop);
}

static void destroy_nops(void)
{
	destroy_while(work_of_nops);
}

static void destroy_workers(void)
{
	destroy_while(work_of_workers);
}

/* A loop that neither sleeps nor stops. */
static void destroy_spin(void)
{
	destroy_while(work_of_none);
}

/* ---- Two at a time ---- */

static pthread_barrier_t barrier;

static void *link_it(void *binding)
{
	run_on(1);
	pthread_barrier_wait(&barrier);
	spin_ns(random_below(20000));
	return (void *)(intptr_t)binding_link(binding);
}

/* The same map twice, or two maps with the same ring: one wins. */
static void attach_race(void)
{
	unsigned int first = 0;

	run_on(0);
	ring_make(&ring, 64, FLAGS);
	loop_load(&loop, &ring);
	pthread_barrier_init(&barrier, NULL, 2);
	for (unsigned int i = 0; i < rounds; i++) {
		struct binding one, other;
		pthread_t thread;
		void *its;
		int mine;

		check(!binding_map(&one, &loop, ring.fd), "no map");
		other = one;
		if (i % 2)
			check(!binding_map(&other, &loop, ring.fd), "no map");
		check(!pthread_create(&thread, NULL, link_it, &other), "no thread");
		pthread_barrier_wait(&barrier);
		spin_ns(random_below(60000));
		mine = binding_link(&one);
		pthread_join(thread, &its);
		check((mine == 0) != ((intptr_t)its == 0), "%d and %d", mine, (int)(intptr_t)its);
		check(mine == -EBUSY || (intptr_t)its == -EBUSY, "%d and %d", mine,
		      (int)(intptr_t)its);
		first += mine == 0;
		work_nops(&loop, 20, 4, 0);
		check(ring_enter(&ring) == 0 && loop.shared->done == 20,
		      "the one that won does not run");
		/* The other's end is not that of the one that won. */
		if (mine == 0) {
			if (i % 2)
				binding_end(&other);
			work_nops(&loop, 20, 4, 0);
			check(ring_enter(&ring) == 0 && loop.shared->done == 20, "it is off");
		}
		if (i % 2 == 0)
			other.map = -1;
		binding_end(&one);
		binding_end(&other);
	}
	check(first > 0 && first < rounds, "%u of %u races were won by the first", first, rounds);
	printf("%u races, %u won by the first\n", rounds, first);
	ring_free(&ring);
	loop_free(&loop);
}

static void *close_ring(void *unused)
{
	(void)unused;
	run_on(1);
	pthread_barrier_wait(&barrier);
	spin_ns(random_below(400000));
	close(ring.fd);
	return NULL;
}

/* Bound while the ring goes. */
static void attach_close(void)
{
	unsigned int bound = 0;

	run_on(0);
	loop_load_for(&loop, 64, FLAGS);
	pthread_barrier_init(&barrier, NULL, 2);
	for (unsigned int i = 0; i < rounds; i++) {
		struct binding binding;
		pthread_t thread;
		int ret;

		ring_make(&ring, 64, FLAGS);
		check(!binding_map(&binding, &loop, ring.fd), "no map");
		check(!pthread_create(&thread, NULL, close_ring, NULL), "no thread");
		pthread_barrier_wait(&barrier);
		spin_ns(random_below(60000));
		ret = binding_link(&binding);
		check(ret == 0 || ret == -EBADF, "the link: %d", ret);
		bound += ret == 0;
		pthread_join(thread, NULL);
		binding_end(&binding);
	}
	check(bound > 0 && bound < rounds, "%u of %u were bound", bound, rounds);
	printf("%u rings, %u bound\n", rounds, bound);
	loop_free(&loop);
}

/* ---- Never to stop ---- */

/* A loop that never sleeps and never stops ends with a signal. */
static void never_stops(void)
{
	hear_signals();
	loop_load_for(&loop, 64, FLAGS);
	for (unsigned int i = 0; i < rounds; i++) {
		struct binding binding;
		int status, ret;
		pid_t pid;

		fflush(stdout);
		work_spin(&loop);
		if (i % 2)
			work_nops(&loop, 0, 64, 0);
		pid = fork();
		if (pid == 0) {
			ring_make(&ring, 64, FLAGS);
			bind_loop(&binding, &loop, &ring);
			ret = ring_enter(&ring);
			_exit(ret == -EINTR ? 0 : 1);
		}
		while (loop.shared->steps < 200)
			pause_ns(100000);
		kill(pid, i % 4 < 2 ? SIGUSR1 : SIGKILL);
		check(waitpid(pid, &status, 0) == pid, "no child");
		check(i % 4 < 2 ? status == 0 : WIFSIGNALED(status), "the child's end: %#x",
		      status);
	}
	printf("%u loops\n", rounds);
	loop_free(&loop);
}

const struct test race_tests[] = {
	{"destroy-nops", destroy_nops},
	{"destroy-workers", destroy_workers},
	{"destroy-spin", destroy_spin},
	{"attach-race", attach_race},
	{"attach-close", attach_close},
	{"never-stops", never_stops},
	{},
};
