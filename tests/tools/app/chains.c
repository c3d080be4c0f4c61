// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * chains: requests by IOSQE_IO_LINK and IOSQE_IO_HARDLINK, as many chains in one submit as --depth
 * admits. A timeout at a random place makes what comes before its turn seen:
 *
 *	order     writes to a pipe, which has their numbers in order then
 *	depend    a write to a file, a timeout, a read of the same, which has what was written
 *	break     the one in the middle fails, and all after it have ECANCELED and did nothing
 *	hard      the same by hard links: those after it are done
 *
 * CQEs of a chain come in the chain's order. A chain that a loop broke is as one that broke by
 *itself.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "app.h"
#include "files.h"
#include "jobs.h"

#define CHAINS_MAX 64
#define LENGTH_MAX 8

enum kind { ORDER, DEPEND, BREAK, HARD, KINDS };
enum { WRITE, WAIT, FAIL, STORE, LOAD };

struct chain {
	enum kind kind;
	unsigned int length, done, written; /* requests; writes to the pipe */
	bool broken;                        /* by a failure, so that what follows is cancelled */
	int ops[LENGTH_MAX], pipe[2];
	uint8_t numbers[LENGTH_MAX];
	struct __kernel_timespec ts;
	uint8_t *out, *in;
	uint64_t seed, place;
};

struct chains {
	struct chain list[CHAINS_MAX];
	int fd;
	uint8_t (*buffers)[BLOCK];
	uint64_t broken, kinds[KINDS];
};

static void choose_ops(struct worker *w, struct chain *chain)
{
	unsigned int at;

	for (unsigned int i = 0; i < chain->length; i++)
		chain->ops[i] = WRITE;
	if (chain->kind == DEPEND) {
		chain->length = 3;
		chain->ops[0] = STORE;
		chain->ops[1] = WAIT;
		chain->ops[2] = LOAD;
		return;
	}
	at = (unsigned int)(next_random(w) % (chain->length - 1));
	chain->ops[at] = WAIT;
	if (chain->kind == BREAK || chain->kind == HARD)
		chain->ops[at + 1 + next_random(w) % (chain->length - at - 1)] = FAIL;
}

static void prep(struct chains *c, struct chain *chain, struct io_uring_sqe *sqe, unsigned int i)
{
	switch (chain->ops[i]) {
	case WRITE:
		chain->numbers[i] = (uint8_t)i;
		io_uring_prep_write(sqe, chain->pipe[1], &chain->numbers[i], 1, 0);
		break;
	case WAIT:
		io_uring_prep_timeout(sqe, &chain->ts, 0, IORING_TIMEOUT_ETIME_SUCCESS);
		break;
	case FAIL:
		io_uring_prep_read(sqe, -1, chain->in, 1, 0);
		break;
	case STORE:
		block_fill(chain->out, chain->seed);
		io_uring_prep_write(sqe, c->fd, chain->out, BLOCK, chain->place * BLOCK);
		break;
	case LOAD:
		memset(chain->in, 0xee, BLOCK);
		io_uring_prep_read(sqe, c->fd, chain->in, BLOCK, chain->place * BLOCK);
		break;
	}
}

static void queue_chain(struct worker *w, struct chains *c, unsigned int nr)
{
	struct chain *chain = &c->list[nr];
	unsigned int link = chain->kind == HARD ? IOSQE_IO_HARDLINK : IOSQE_IO_LINK;

	for (unsigned int i = 0; i < chain->length; i++) {
		struct io_uring_sqe *sqe = next_sqe(w);

		prep(c, chain, sqe, i);
		if (i + 1 < chain->length)
			sqe->flags |= link;
		track(w, sqe, chain->ops[i], nr << 8 | i);
	}
	c->kinds[chain->kind]++;
}

static void begin_chain(struct worker *w, struct chains *c, unsigned int nr, unsigned int length)
{
	struct chain *chain = &c->list[nr];
	int ends[2] = {chain->pipe[0], chain->pipe[1]};

	*chain = (struct chain){
		.kind = (enum kind)(next_random(w) % KINDS),
		.length = length,
		.pipe = {ends[0], ends[1]},
		.ts = {.tv_nsec = (int64_t)((1 + next_random(w) % 4) * MS)},
		.out = c->buffers[2 * nr],
		.in = c->buffers[2 * nr + 1],
		.seed = next_random(w),
		.place = nr,
	};
	choose_ops(w, chain);
	queue_chain(w, c, nr);
}

static int wanted(const struct chain *chain, int op)
{
	if (chain->broken)
		return -ECANCELED;
	switch (op) {
	case WAIT:
		return -ETIME;
	case FAIL:
		return -EBADF;
	case WRITE:
		return 1;
	default:
		return BLOCK;
	}
}

static void end_request(struct worker *w, struct chains *c, const struct request *request, int res)
{
	struct chain *chain = &c->list[request->value >> 8];
	unsigned int i = request->value & 0xff;
	bool right = result_is(w, request, res, wanted(chain, request->op));

	w->result->operations++;
	if (i != chain->done)
		wrong(w->result, "chain %llu of %u: number %u was done as number %u",
		      (unsigned long long)request->value >> 8, chain->length, i, chain->done);
	chain->done++;
	chain->written += request->op == WRITE && res == 1;
	/* A timeout with ETIME_SUCCESS is no failure. */
	if ((request->op == FAIL || !right) && chain->kind != HARD)
		chain->broken = true;
	if (request->op == LOAD && res == BLOCK)
		block_is(w, chain->in, chain->seed, chain->place);
}

/* What is in the pipe: the numbers of those writes that were done, rising. */
static void end_chain(struct worker *w, struct chain *chain)
{
	uint8_t numbers[LENGTH_MAX];
	int there = 0;
	ssize_t got = 0;

	ioctl(chain->pipe[0], FIONREAD, &there);
	if (there > 0)
		got = read(chain->pipe[0], numbers, sizeof(numbers));
	if (got != (ssize_t)chain->written)
		wrong(w->result, "a chain wrote %zd bytes, not %u", got, chain->written);
	for (ssize_t i = 1; i < got; i++)
		if (numbers[i] <= numbers[i - 1])
			wrong(w->result, "number %u of a chain was written after number %u",
			      numbers[i], numbers[i - 1]);
}

static void round_of_chains(struct worker *w, struct chains *c)
{
	unsigned int room = w->opt->depth < 3 ? 3 : w->opt->depth, nr = 0, reaped = 0;
	struct io_uring_cqe cqe;
	struct request *request;

	make_room(w, room);
	while (room >= 3 && nr < CHAINS_MAX) {
		unsigned int most = room < LENGTH_MAX ? room : LENGTH_MAX;

		begin_chain(w, c, nr, 3 + (unsigned int)(next_random(w) % (most - 2)));
		room -= c->list[nr++].length;
	}
	while (w->in_flight) {
		submit(w, reaped % 2 ? 1 : (w->in_flight + 1) / 2, 0);
		for (; reap(w, &cqe, &request); reaped++)
			end_request(w, c, request, cqe.res);
	}
	for (unsigned int i = 0; i < nr; i++) {
		end_chain(w, &c->list[i]);
		c->broken += c->list[i].broken;
	}
}

void chains_run(struct worker *w)
{
	struct chains *c = calloc(1, sizeof(*c));

	if (w->opt->ring.entries < 4) {
		wrong(w->result, "chains want an SQ of 4 entries");
		free(c);
		return;
	}
	c->fd = file_new(w, CHAINS_MAX * BLOCK);
	c->buffers = calloc(2UL * CHAINS_MAX, BLOCK);
	for (unsigned int i = 0; i < CHAINS_MAX; i++)
		pipe_new(c->list[i].pipe);
	for (uint64_t round = 0; more(w, round, 20); round++)
		round_of_chains(w, c);
	say(w->result, "order", (int64_t)c->kinds[ORDER]);
	say(w->result, "depend", (int64_t)c->kinds[DEPEND]);
	say(w->result, "break", (int64_t)c->kinds[BREAK]);
	say(w->result, "hard", (int64_t)c->kinds[HARD]);
	say(w->result, "broken", (int64_t)c->broken);
	for (unsigned int i = 0; i < CHAINS_MAX; i++) {
		close(c->list[i].pipe[0]);
		close(c->list[i].pipe[1]);
	}
	close(c->fd);
	free(c->buffers);
	free(c);
}
