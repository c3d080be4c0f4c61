// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * skip: IOSQE_CQE_SKIP_SUCCESS. A request that succeeds leaves no CQE, but did what it had to; one
 * that fails leaves its CQE all the same. Of a chain, all but the last are skipped. Once it was
 * used, the kernel takes no drains on the ring: this job comes after those that have some.
 */
#include <errno.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "app.h"
#include "files.h"
#include "jobs.h"

#define LENGTH_MAX 16

enum { SKIPPED, FAILING, LAST };

struct skip {
	int pipe[2];
	struct request *skipped[LENGTH_MAX];
	unsigned int skipped_nr, writes, failed;
	uint64_t all_skipped;
};

static void queue_write(struct worker *w, struct skip *s, unsigned int flags, bool last)
{
	struct io_uring_sqe *sqe = next_sqe(w);
	struct request *request;

	io_uring_prep_write(sqe, s->pipe[1], "x", 1, 0);
	sqe->flags |= flags | (last ? 0 : IOSQE_CQE_SKIP_SUCCESS);
	request = track(w, sqe, last ? LAST : SKIPPED, 0);
	s->writes++;
	if (!last)
		s->skipped[s->skipped_nr++] = request;
}

static void queue_failing(struct worker *w)
{
	struct io_uring_sqe *sqe = next_sqe(w);

	io_uring_prep_read(sqe, -1, NULL, 0, 0);
	sqe->flags |= IOSQE_CQE_SKIP_SUCCESS;
	track(w, sqe, FAILING, 0);
}

static void end(struct worker *w, struct skip *s, struct request *request, int res)
{
	w->result->operations++;
	if (request->op == FAILING) {
		result_is(w, request, res, -EBADF);
		return;
	}
	if (request->op == LAST) {
		s->failed += !result_is(w, request, res, 1);
		return;
	}
	/* Only a loop can have made it fail. */
	s->failed++;
	if (res >= 0)
		wrong(w->result, "a request that succeeded has a CQE: %d", res);
	else
		result_is(w, request, res, 1);
	for (unsigned int i = 0; i < s->skipped_nr; i++)
		if (s->skipped[i] == request)
			s->skipped[i] = s->skipped[--s->skipped_nr];
}

static void skip_round(struct worker *w, struct skip *s)
{
	unsigned int entries = w->opt->ring.entries;
	unsigned int length = entries <= LENGTH_MAX ? entries - 1 : LENGTH_MAX;
	bool chain = next_random(w) % 2, seen = false;
	struct io_uring_cqe cqe;
	struct request *request;
	char bytes[LENGTH_MAX];
	int there = 0;

	*s = (struct skip){.pipe = {s->pipe[0], s->pipe[1]}, .all_skipped = s->all_skipped};
	make_room(w, length + 1);
	length = 1 + (unsigned int)(next_random(w) % length);
	if (!chain)
		queue_failing(w);
	for (unsigned int i = 1; i < length; i++)
		queue_write(w, s, chain ? IOSQE_IO_LINK : 0, false);
	/* What is queued last is done last, without a chain, too: such writes do not wait. */
	queue_write(w, s, 0, true);
	while (!seen && w->in_flight) {
		submit(w, 1, 0);
		while (reap(w, &cqe, &request)) {
			seen |= request->op == LAST;
			end(w, s, request, cqe.res);
		}
	}
	s->all_skipped += s->skipped_nr;
	for (unsigned int i = 0; i < s->skipped_nr; i++)
		forget(w, s->skipped[i]);
	ioctl(s->pipe[0], FIONREAD, &there);
	if ((unsigned int)there != s->writes - s->failed)
		wrong(w->result, "of %u writes that ought to be done %d were",
		      s->writes - s->failed, there);
	if (there && read(s->pipe[0], bytes, sizeof(bytes)) != there)
		wrong(w->result, "cannot read a pipe");
}

void skip_run(struct worker *w)
{
	struct skip s = {0};

	w->skipped = true;
	if (w->opt->ring.entries < 4) {
		wrong(w->result, "skip wants an SQ of 4 entries");
		return;
	}
	pipe_new(s.pipe);
	for (uint64_t round = 0; more(w, round, 40); round++)
		skip_round(w, &s);
	say(w->result, "skipped", (int64_t)s.all_skipped);
	close(s.pipe[0]);
	close(s.pipe[1]);
}
