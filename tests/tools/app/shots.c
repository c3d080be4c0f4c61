// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * multishot: a poll of an eventfd and an accept that have many CQEs, each with IORING_CQE_F_MORE
 * but the last, which is that of being cancelled. cancel: reads from an empty pipe are cancelled:
 * one by its user_data, all by their descriptor, one that is not there.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "app.h"
#include "files.h"
#include "jobs.h"

enum { SHOT, CANCEL, READ };

#define READS_MAX 16

static uint64_t user_data_of(const struct worker *w, const struct request *request)
{
	return (uint64_t)request->generation << 32 | (uint64_t)(request - w->requests);
}

/* The next CQE of a multishot request that goes on; -1: it did not. */
static int next_shot(struct worker *w)
{
	struct io_uring_cqe cqe;
	struct request *request;

	if (!reap_wait(w, &cqe, &request))
		return -1;
	w->result->operations++;
	if (cqe.res < 0)
		count_error(w->result, request->nr, -cqe.res, w->opt->expect_errors);
	if (cqe.res < 0 || !(cqe.flags & IORING_CQE_F_MORE)) {
		if (!w->opt->expect_errors)
			wrong(w->result, "a multishot request ended: %d, flags %#x", cqe.res,
			      cqe.flags);
		return -1;
	}
	return cqe.res;
}

/* Two CQEs, in whatever order. */
static void cancel(struct worker *w, const struct request *victim)
{
	struct io_uring_sqe *sqe = next_sqe(w);
	struct io_uring_cqe cqe;
	struct request *request;

	io_uring_prep_cancel64(sqe, user_data_of(w, victim), 0);
	track(w, sqe, CANCEL, 0);
	submit(w, 2, 0);
	for (int i = 0; i < 2 && reap_wait(w, &cqe, &request); i++) {
		if (cqe.flags & IORING_CQE_F_MORE)
			wrong(w->result, "there is more of a request that was cancelled");
		result_is(w, request, cqe.res, request == victim ? -ECANCELED : 0);
		w->result->operations++;
	}
}

static void polls(struct worker *w)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	struct io_uring_sqe *sqe = next_sqe(w);
	struct request *request;
	uint64_t value = 1;
	int got = 0;

	io_uring_prep_poll_multishot(sqe, fd, POLLIN);
	request = track(w, sqe, SHOT, 0);
	submit(w, 0, 0);
	for (int i = 0; i < 4 && got >= 0; i++) {
		if (write(fd, &value, 8) != 8)
			abort();
		got = next_shot(w);
		if (got >= 0 && !(got & POLLIN))
			wrong(w->result, "a poll saw %#x", got);
		if (read(fd, &value, 8) != 8 || value != 1)
			wrong(w->result, "an eventfd has %llu", (unsigned long long)value);
	}
	if (got >= 0)
		cancel(w, request);
	close(fd);
}

static int connect_to(const struct sockaddr_un *address, socklen_t size)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, (const struct sockaddr *)address, size))
		abort();
	return fd;
}

/* The socket is nowhere in the file system. */
static void accepts(struct worker *w)
{
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), got = 0;
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	socklen_t size = sizeof(address);
	struct io_uring_sqe *sqe;
	struct request *request;

	if (bind(listener, (struct sockaddr *)&address, sizeof(sa_family_t)) ||
	    listen(listener, 8) || getsockname(listener, (struct sockaddr *)&address, &size))
		abort();
	sqe = next_sqe(w);
	io_uring_prep_multishot_accept(sqe, listener, NULL, NULL, SOCK_CLOEXEC);
	request = track(w, sqe, SHOT, 0);
	submit(w, 0, 0);
	for (char i = 'a'; i < 'e' && got >= 0; i++) {
		int fd = connect_to(&address, size);
		char byte = 0;

		got = next_shot(w);
		if (got >= 0 && (write(fd, &i, 1) != 1 || read(got, &byte, 1) != 1 || byte != i))
			wrong(w->result, "what was accepted is another connection");
		if (got >= 0)
			close(got);
		close(fd);
	}
	if (got >= 0)
		cancel(w, request);
	close(listener);
}

void multishot_run(struct worker *w)
{
	for (uint64_t round = 0; more(w, round, 5); round++) {
		polls(w);
		accepts(w);
	}
}

/* ---- cancel ---- */

static void cancel_all(struct worker *w, int fd, unsigned int nr)
{
	struct io_uring_sqe *sqe = next_sqe(w);
	struct io_uring_cqe cqe;
	struct request *request;

	io_uring_prep_cancel_fd(sqe, fd, IORING_ASYNC_CANCEL_ALL);
	track(w, sqe, CANCEL, 0);
	submit(w, nr + 1, 0);
	for (unsigned int i = 0; i < nr + 1 && reap_wait(w, &cqe, &request); i++) {
		result_is(w, request, cqe.res, request->op == CANCEL ? (int)nr : -ECANCELED);
		w->result->operations++;
	}
}

static void cancel_nothing(struct worker *w)
{
	struct io_uring_sqe *sqe = next_sqe(w);
	struct io_uring_cqe cqe;
	struct request *request;

	io_uring_prep_cancel64(sqe, UINT64_MAX, 0);
	track(w, sqe, CANCEL, 0);
	submit(w, 1, 0);
	if (reap_wait(w, &cqe, &request))
		result_is(w, request, cqe.res, -ENOENT);
	w->result->operations++;
}

void cancel_run(struct worker *w)
{
	unsigned int most = w->opt->depth < READS_MAX ? w->opt->depth : READS_MAX;
	uint8_t bytes[READS_MAX];
	int ends[2];

	pipe_new(ends);
	for (uint64_t round = 0; more(w, round, 20); round++) {
		struct request *reads[READS_MAX];
		unsigned int nr = 1 + (unsigned int)(next_random(w) % most);

		for (unsigned int i = 0; i < nr; i++) {
			struct io_uring_sqe *sqe = next_sqe(w);

			io_uring_prep_read(sqe, ends[0], &bytes[i], 1, 0);
			reads[i] = track(w, sqe, READ, 0);
		}
		if (next_random(w) % 2)
			submit(w, 0, 0);
		cancel(w, reads[next_random(w) % nr]);
		cancel_nothing(w);
		if (nr > 1)
			cancel_all(w, ends[0], nr - 1);
	}
	close(ends[0]);
	close(ends[1]);
}
