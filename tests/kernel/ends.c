// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Rings that are closed, forked, and passed to others, while a loop is bound to them. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "loop.h"

/* ---- Closed ---- */

/* With a request in flight, or without; the ring first, or the link. */
static void close_bound(void)
{
	int event = eventfd(0, 0);
	struct loop loop;

	loop_load_for(&loop, 64, FLAGS);
	for (unsigned int i = 0; i < rounds; i++) {
		struct binding binding, other;
		struct ring ring, next;

		ring_make(&ring, 64, FLAGS);
		bind_loop(&binding, &loop, &ring);
		work_sleep(&loop, event);
		loop.shared->leaves = 1;
		if (i % 2)
			check(ring_enter(&ring) == 0, "it did not leave");
		if (i % 4 < 2)
			ring_free(&ring);
		else
			binding_end(&binding);
		/* Whatever is left of the one, there is room for others. */
		ring_make(&next, 64, FLAGS);
		bind_loop(&other, &loop, &next);
		work_nops(&loop, 50, 5, 0);
		check(ring_enter(&next) == 0 && loop.shared->done == 50, "others are disturbed");
		binding_end(&other);
		ring_free(&next);
		if (i % 4 < 2)
			binding_end(&binding);
		else
			ring_free(&ring);
	}
	printf("%u rings\n", rounds);
	loop_free(&loop);
}

static pthread_t caller;

/* Once the other thread sleeps in its loop: the ring goes, as far as it can, and then the call. */
static void *close_under(void *ring)
{
	pause_ns(2000000 + random_below(3000000));
	close(*(int *)ring);
	pause_ns(random_below(2000000));
	for (int i = 0; i < 2000; i++) {
		if (pthread_kill(caller, SIGUSR1))
			break;
		pause_ns(5000000);
		if (*(volatile int *)ring < 0)
			break;
	}
	return NULL;
}

static void close_running(void)
{
	struct loop loop;

	hear_signals();
	caller = pthread_self();
	loop_load_for(&loop, 64, FLAGS);
	for (unsigned int i = 0; i < rounds; i++) {
		struct binding binding;
		struct ring ring;
		pthread_t thread;
		int event = eventfd(0, 0), ret;

		ring_make(&ring, 64, FLAGS);
		bind_loop(&binding, &loop, &ring);
		if (i % 2)
			work_sleep(&loop, event);
		else
			work_nops(&loop, 0, 8, IOSQE_ASYNC);
		check(!pthread_create(&thread, NULL, close_under, &ring.fd), "no thread");
		ret = ring_enter(&ring);
		check(ret == -EINTR || ret == -EBADF, "the call ended with %d", ret);
		ring.fd = -1;
		pthread_join(thread, NULL);
		binding_end(&binding);
		close(event);
	}
	printf("%u rings\n", rounds);
	loop_free(&loop);
}

/* ---- Forked ---- */

/* What a child can do with a ring that it inherited. */
static void be_child(const struct loop *loop, const struct ring *ring, bool outlives)
{
	struct binding binding;
	int ret = ring_enter(ring);

	check(ret == -EEXIST, "the child's call ended with %d", ret);
	ret = binding_map(&binding, loop, ring->fd) ?: binding_link(&binding);
	check(ret == -EBUSY || (outlives && ret == 0), "the child's link: %d", ret);
	if (outlives)
		pause_ns(20000000);
	_exit(0);
}

static void forked(void)
{
	struct loop loop;

	loop_load_for(&loop, 64, FLAGS);
	for (unsigned int i = 0; i < rounds; i++) {
		struct binding binding;
		struct ring ring;
		bool outlives = i % 2;
		int status;
		pid_t pid;

		ring_make(&ring, 64, FLAGS);
		bind_loop(&binding, &loop, &ring);
		work_nops(&loop, 1000, 8, i % 4 < 2 ? IOSQE_ASYNC : 0);
		fflush(stdout);
		pid = fork();
		if (pid == 0)
			be_child(&loop, &ring, outlives);
		check(ring_enter(&ring) == 0 && loop.shared->done == 1000,
		      "the parent's loop is disturbed");
		if (outlives) {
			binding_end(&binding);
			ring_free(&ring);
		}
		check(waitpid(pid, &status, 0) == pid && status == 0, "the child failed: %#x",
		      status);
		if (!outlives) {
			binding_end(&binding);
			ring_free(&ring);
		}
	}
	printf("%u children\n", rounds);
	loop_free(&loop);
}

/* ---- Passed ---- */

/* The kernel sends no ring through a socket (SCM_RIGHTS): it is taken. */
static int take_ring(int socket)
{
	int pidfd = (int)syscall(SYS_pidfd_open, getppid(), 0), fd;

	check(read(socket, &fd, sizeof(fd)) == sizeof(fd), "no parent");
	fd = (int)syscall(SYS_pidfd_getfd, pidfd, fd, 0);
	check(fd >= 0, "the ring cannot be taken: %s", strerror(errno));
	close(pidfd);
	return fd;
}

/* Binds its loop to a ring of its parent's, which is in no need of that; and goes, or is killed. */
static void be_receiver(const struct loop *loop, int socket)
{
	struct ring ring = {.fd = take_ring(socket)};
	struct binding binding;

	bind_loop(&binding, loop, &ring);
	check(ring_enter(&ring) == -EEXIST, "it can call");
	check(write(socket, "", 1) == 1, "no parent");
	check(read(socket, &(char){0}, 1) == 1, "no parent");
	/* Its end is that of the link. */
	_exit(0);
}

static void passed(void)
{
	struct loop loop;

	loop_load_for(&loop, 64, FLAGS);
	for (unsigned int i = 0; i < rounds; i++) {
		int pair[2], status, ret;
		struct ring ring;
		pid_t pid;

		check(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), "no sockets");
		fflush(stdout);
		pid = fork();
		if (pid == 0)
			be_receiver(&loop, pair[1]);
		ring_make(&ring, 64, FLAGS);
		check(write(pair[0], &ring.fd, sizeof(ring.fd)) > 0, "no child");
		check(read(pair[0], &(char){0}, 1) == 1, "no child");
		work_nops(&loop, 1000, 8, 0);
		check(ring_enter(&ring) == 0 && loop.shared->done == 1000, "the loop does not run");
		/* It goes on while the other one goes. */
		work_nops(&loop, 0, 8, IOSQE_ASYNC);
		if (i % 2)
			ring_free(&ring);
		else if (i % 4)
			kill(pid, SIGKILL);
		check(write(pair[0], "", 1) == 1 || i % 4, "no child");
		ret = i % 2 ? -EFAULT : ring_enter(&ring);
		/* 0: it was off before the call. */
		check(ret == -EFAULT || ret == 0, "the call ended with %d", ret);
		check(waitpid(pid, &status, 0) == pid, "no child");
		if (!(i % 2))
			ring_free(&ring);
		close(pair[0]);
		close(pair[1]);
	}
	printf("%u rings\n", rounds);
	loop_free(&loop);
}

/* Made by one, enabled and used by another: who enables it may enter it. */
static void passed_disabled(void)
{
	struct loop loop;

	loop_load_for(&loop, 64, FLAGS);
	for (unsigned int i = 0; i < rounds; i++) {
		struct binding binding;
		struct ring ring;
		int status;
		pid_t pid;

		ring_make(&ring, 64, FLAGS | IORING_SETUP_R_DISABLED);
		bind_loop(&binding, &loop, &ring);
		check(ring_enter(&ring) == -EBADFD, "a ring that is disabled can be entered");
		work_nops(&loop, 500, 8, 0);
		fflush(stdout);
		pid = fork();
		if (pid == 0) {
			check(ring_enable(&ring) == 0, "it is not enabled");
			_exit(ring_enter(&ring) == 0 && loop.shared->done == 500 ? 0 : 1);
		}
		check(waitpid(pid, &status, 0) == pid && status == 0, "the child failed: %#x",
		      status);
		check(ring_enter(&ring) == -EEXIST, "the one that made it can enter it");
		binding_end(&binding);
		ring_free(&ring);
	}
	printf("%u rings\n", rounds);
	loop_free(&loop);
}

const struct test end_tests[] = {
	{"close-bound", close_bound}, {"close-running", close_running},     {"forked", forked},
	{"passed", passed},           {"passed-disabled", passed_disabled}, {},
};
