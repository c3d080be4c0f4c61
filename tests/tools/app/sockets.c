// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * sockets: as many pairs of stream sockets as --depth admits at two requests each. One side of each
 * sends messages of random sizes, the other sends them back, and each byte that comes is compared.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "app.h"
#include "jobs.h"

#define PAIRS_MAX 64
#define MESSAGE_MAX 2000

enum { SEND, TAKE, BACK, GET }; /* in the order of a message */

struct pair {
	int fds[2];
	uint64_t seed;
	int size;
	bool broken;
	uint8_t sent[MESSAGE_MAX], taken[MESSAGE_MAX], got[MESSAGE_MAX];
};

struct sockets {
	struct pair pairs[PAIRS_MAX];
	uint64_t begun;
};

static void begin(struct worker *w, struct sockets *s, unsigned int nr, int op)
{
	struct pair *pair = &s->pairs[nr];
	struct io_uring_sqe *sqe = next_sqe(w);
	size_t size = (size_t)pair->size;

	switch (op) {
	case SEND:
		io_uring_prep_send(sqe, pair->fds[0], pair->sent, size, MSG_WAITALL);
		break;
	case TAKE:
		io_uring_prep_recv(sqe, pair->fds[1], pair->taken, size, MSG_WAITALL);
		break;
	case BACK:
		io_uring_prep_send(sqe, pair->fds[1], pair->taken, size, MSG_WAITALL);
		break;
	case GET:
		io_uring_prep_recv(sqe, pair->fds[0], pair->got, size, MSG_WAITALL);
		break;
	}
	track(w, sqe, op, nr);
}

/* The receiver is there before the sender, or after it. */
static void begin_message(struct worker *w, struct sockets *s, unsigned int nr)
{
	struct pair *pair = &s->pairs[nr];
	bool first = next_random(w) % 2;

	pair->seed = next_random(w);
	pair->size = 1 + (int)(next_random(w) % MESSAGE_MAX);
	for (int i = 0; i < pair->size; i++)
		pair->sent[i] = (uint8_t)mix(pair->seed + (uint64_t)i);
	memset(pair->got, 0, sizeof(pair->got));
	begin(w, s, nr, first ? TAKE : SEND);
	begin(w, s, nr, first ? SEND : TAKE);
	s->begun++;
}

static void compare(struct worker *w, struct pair *pair, unsigned int nr)
{
	for (int i = 0; i < pair->size; i++)
		if (pair->got[i] != (uint8_t)mix(pair->seed + (uint64_t)i)) {
			wrong(w->result, "pair %u: byte %d of %d is wrong", nr, i, pair->size);
			break;
		}
	w->result->bytes += (uint64_t)pair->size;
}

static void end(struct worker *w, struct sockets *s, const struct request *request, int res)
{
	unsigned int nr = (unsigned int)request->value;
	struct pair *pair = &s->pairs[nr];
	int op = request->op;

	w->result->operations++;
	if (!result_is(w, request, res, pair->size)) {
		/* A request that did nothing is done again. A part of a message is a failure. */
		if (res < 0 && w->opt->expect_errors)
			begin(w, s, nr, op);
		else
			pair->broken = true;
		return;
	}
	if (pair->broken)
		return;
	if (op == TAKE) {
		begin(w, s, nr, BACK);
		begin(w, s, nr, GET);
	} else if (op == GET) {
		compare(w, pair, nr);
		if (more(w, s->begun, 1000))
			begin_message(w, s, nr);
	}
}

void sockets_run(struct worker *w)
{
	struct sockets *s = calloc(1, sizeof(*s));
	unsigned int nr = w->opt->depth / 2;
	struct io_uring_cqe cqe;
	struct request *request;

	nr = nr > PAIRS_MAX ? PAIRS_MAX : nr ? nr : 1;
	for (unsigned int i = 0; i < nr; i++) {
		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, s->pairs[i].fds))
			abort();
		if (more(w, s->begun, 1000))
			begin_message(w, s, i);
	}
	while (w->in_flight) {
		submit(w, 1, 0);
		while (reap(w, &cqe, &request)) {
			struct request done = *request;

			end(w, s, &done, cqe.res);
		}
		for (unsigned int i = 0; i < nr; i++)
			if (s->pairs[i].broken)
				shutdown(s->pairs[i].fds[0], SHUT_RDWR);
	}
	for (unsigned int i = 0; i < nr; i++) {
		close(s->pairs[i].fds[0]);
		close(s->pairs[i].fds[1]);
	}
	free(s);
}
