// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * overflow: twice as many requests complete as the CQ holds, before one CQE is read. The kernel
 * keeps the rest, and all come, in the order in which they completed.
 */
#include <errno.h>

#include "app.h"
#include "jobs.h"

static unsigned int fill(struct worker *w, unsigned int nr)
{
	unsigned int queued = 0;

	while (queued < nr && !w->result->failures) {
		unsigned int batch = w->ring.sq_entries - ring_queued(&w->ring);

		for (unsigned int i = 0; i < batch && queued < nr; i++, queued++) {
			struct io_uring_sqe *sqe = ring_sqe(&w->ring);

			io_uring_prep_nop(sqe);
			track(w, sqe, 0, 0);
		}
		submit(w, 0, 0);
		/* A loop that admits no more than the CQ holds. */
		if (ring_queued(&w->ring))
			break;
	}
	return queued;
}

static void overflow_round(struct worker *w, uint64_t *most)
{
	unsigned int nr = 2 * w->ring.cq_entries, got = 0;
	uint64_t next = w->requests_nr;
	struct io_uring_cqe cqe;
	struct request *request;

	nr = fill(w, nr);
	while (w->in_flight) {
		if (!reap_wait(w, &cqe, &request))
			break;
		if (result_is(w, request, cqe.res, 0) && request->nr != next &&
		    !w->opt->expect_errors)
			wrong(w->result, "request %llu completed when it was the turn of %llu",
			      (unsigned long long)request->nr, (unsigned long long)next);
		next = request->nr + 1;
		w->result->operations++;
		got++;
	}
	if (got != nr)
		wrong(w->result, "of %u requests %u completed", nr, got);
	if (nr > *most)
		*most = nr;
}

void overflow_run(struct worker *w)
{
	uint64_t most = 0;

	for (uint64_t round = 0; more(w, round, 5); round++)
		overflow_round(w, &most);
	say(w->result, "most", (int64_t)most);
}
