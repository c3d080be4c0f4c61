// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * mixed: by the seed, requests of many kinds that succeed or fail, with links and drains or
 * without, submitted and waited for in all ways. Each has the result that it has to have.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app.h"
#include "files.h"
#include "jobs.h"

enum { NOP, READ, BADF, TIMER, TIMEOUT, POLL, ABSENT, KINDS };

#define SLOTS 64
#define BLOCKS 16

struct mixed {
	int file, readable;
	struct slot {
		int timer, want;
		bool busy;
		bool linked; /* what is before it may have broken its chain */
		uint64_t ended;
		struct __kernel_timespec ts;
		uint8_t block[BLOCK];
		uint64_t place;
	} slots[SLOTS];
	uint64_t cancelled;
	bool draining; /* there was a drain since nothing was under way */
};

static void prep(struct worker *w, struct mixed *m, struct slot *slot, struct io_uring_sqe *sqe,
		 int kind)
{
	uint64_t ns = (1 + next_random(w) % 3) * MS;

	switch (kind) {
	case READ:
		slot->place = next_random(w) % BLOCKS;
		memset(slot->block, 0xee, BLOCK);
		io_uring_prep_read(sqe, m->file, slot->block, BLOCK, slot->place * BLOCK);
		slot->want = BLOCK;
		break;
	case BADF:
		io_uring_prep_read(sqe, -1, slot->block, BLOCK, 0);
		slot->want = -EBADF;
		break;
	case TIMER:
		timer_set(slot->timer, now_ns() + ns);
		io_uring_prep_read(sqe, slot->timer, &slot->ended, 8, 0);
		slot->want = 8;
		break;
	case TIMEOUT:
		slot->ts = (struct __kernel_timespec){.tv_nsec = (int64_t)ns};
		io_uring_prep_timeout(sqe, &slot->ts, 0, 0);
		slot->want = -ETIME;
		break;
	case POLL:
		io_uring_prep_poll_add(sqe, m->readable, POLLIN);
		slot->want = POLLIN;
		break;
	case ABSENT:
		io_uring_prep_cancel64(sqe, UINT64_MAX, 0);
		slot->want = -ENOENT;
		break;
	default:
		io_uring_prep_nop(sqe);
		slot->want = 0;
		break;
	}
}

static struct slot *free_slot(struct mixed *m)
{
	for (unsigned int i = 0; i < SLOTS; i++)
		if (!m->slots[i].busy)
			return &m->slots[i];
	abort();
}

static void queue(struct worker *w, struct mixed *m, bool linked, unsigned int flags)
{
	struct slot *slot = free_slot(m);
	struct io_uring_sqe *sqe = next_sqe(w);
	int kind = (int)(next_random(w) % KINDS);

	slot->busy = true;
	slot->linked = linked;
	prep(w, m, slot, sqe, kind);
	sqe->flags |= flags;
	m->draining |= flags & IOSQE_IO_DRAIN;
	track(w, sqe, kind, (uint64_t)(slot - m->slots));
}

/* One request, or a chain of up to four. */
static unsigned int queue_some(struct worker *w, struct mixed *m, unsigned int room)
{
	unsigned int nr = 1, hard = next_random(w) % 2 ? IOSQE_IO_HARDLINK : IOSQE_IO_LINK;
	unsigned int first = next_random(w) % 8 || w->skipped ? 0 : IOSQE_IO_DRAIN;

	if (room >= 4 && next_random(w) % 4 == 0)
		nr = 2 + (unsigned int)(next_random(w) % 3);
	if (next_random(w) % 16 == 0)
		first |= IOSQE_ASYNC;
	make_room(w, nr);
	for (unsigned int i = 0; i < nr; i++)
		queue(w, m, i > 0, (i ? 0 : first) | (i + 1 < nr ? hard : 0));
	return nr;
}

static void end(struct worker *w, struct mixed *m, const struct request *request, int res)
{
	struct slot *slot = &m->slots[request->value];

	slot->busy = false;
	w->result->operations++;
	if (slot->linked && res == -ECANCELED) {
		m->cancelled++;
		return;
	}
	if (result_is(w, request, res, slot->want) && request->op == READ)
		block_is(w, slot->block, slot->place, slot->place);
}

static void call(struct worker *w, const struct mixed *m)
{
	/* With drains, no more than one: see drain.c. */
	unsigned int all = m->draining || !w->in_flight ? 1 : w->in_flight;

	switch (next_random(w) % 4) {
	case 0:
		submit(w, 0, 0);
		break;
	case 1:
		submit(w, 1, 0);
		break;
	case 2:
		submit(w, 1 + (unsigned int)(next_random(w) % all), 0);
		break;
	default:
		submit(w, 1 + (unsigned int)(next_random(w) % all),
		       (1 + next_random(w) % 4000) * 1000);
		break;
	}
}

static struct mixed *mixed_new(struct worker *w)
{
	struct mixed *m = calloc(1, sizeof(*m));
	int ends[2];

	m->file = file_new(w, BLOCKS * BLOCK);
	for (uint64_t i = 0; i < BLOCKS; i++) {
		block_fill(m->slots[0].block, i);
		if (pwrite(m->file, m->slots[0].block, BLOCK, (off_t)(i * BLOCK)) != BLOCK)
			abort();
	}
	for (int i = 0; i < SLOTS; i++)
		m->slots[i].timer = timer_new();
	/* Its other end is closed after a byte was written: it is readable, and stays so. */
	pipe_new(ends);
	if (write(ends[1], "x", 1) != 1)
		abort();
	m->readable = ends[0];
	m->slots[0].ended = (uint64_t)ends[1];
	return m;
}

void mixed_run(struct worker *w)
{
	unsigned int depth = w->opt->depth < SLOTS ? w->opt->depth : SLOTS;
	struct mixed *m = mixed_new(w);
	int writer = (int)m->slots[0].ended;
	uint64_t begun = 0;
	bool resting = false;
	struct io_uring_cqe cqe;
	struct request *request;

	while (w->in_flight || more(w, begun, 1000)) {
		/* Now and then all that is under way ends before anything else begins. */
		bool rest = w->in_flight && (resting || next_random(w) % 16 == 0);

		while (!rest && w->in_flight < depth && more(w, begun, 1000))
			begun += queue_some(w, m, depth - w->in_flight);
		call(w, m);
		while (reap(w, &cqe, &request))
			end(w, m, request, cqe.res);
		resting = rest && w->in_flight;
		if (m->draining && !w->in_flight) {
			settle(w);
			m->draining = false;
		}
	}
	settle(w);
	say(w->result, "cancelled", (int64_t)m->cancelled);
	for (int i = 0; i < SLOTS; i++)
		close(m->slots[i].timer);
	close(m->file);
	close(m->readable);
	close(writer);
	free(m);
}
