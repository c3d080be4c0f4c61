// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * rw: reads and writes of random blocks of a file, --depth at a time. Each block that is read has
 * to be what was written there last; in the end the whole file is read by read(2) and compared. A
 * write that failed as it was expected to is done again, so that no failure can hide a wrong block.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app.h"
#include "files.h"
#include "jobs.h"

#define BLOCKS 512

enum { OP_READ, OP_WRITE };

struct rw {
	int fd;
	bool busy[BLOCKS];
	bool again[BLOCKS]; /* its write failed */
	uint32_t version[BLOCKS];
	uint8_t (*buffers)[BLOCK]; /* one for each block */
	uint64_t reads, writes;
};

static uint64_t seed_of(const struct worker *w, const struct rw *rw, uint64_t block)
{
	return mix(w->opt->seed + w->nr) + block * 1000003 + rw->version[block] * 7919ULL;
}

static void begin(struct worker *w, struct rw *rw, uint64_t block, int op)
{
	struct io_uring_sqe *sqe = next_sqe(w);
	uint8_t *buffer = rw->buffers[block];
	uint64_t offset = block * BLOCK;

	rw->busy[block] = true;
	if (op == OP_WRITE) {
		rw->version[block] += !rw->again[block];
		rw->again[block] = false;
		block_fill(buffer, seed_of(w, rw, block));
		io_uring_prep_write(sqe, rw->fd, buffer, BLOCK, offset);
	} else {
		memset(buffer, 0xee, BLOCK);
		io_uring_prep_read(sqe, rw->fd, buffer, BLOCK, offset);
	}
	track(w, sqe, op, block);
}

/* A block that nobody works at, from a random one on. */
static bool begin_any(struct worker *w, struct rw *rw)
{
	uint64_t from = next_random(w);
	bool write = next_random(w) % 2;

	for (uint64_t i = 0; i < BLOCKS; i++) {
		uint64_t block = (from + i) % BLOCKS;

		if (rw->busy[block])
			continue;
		begin(w, rw, block,
		      write || rw->again[block] || !rw->version[block] ? OP_WRITE : OP_READ);
		return true;
	}
	return false;
}

static void end(struct worker *w, struct rw *rw, const struct request *request, int res)
{
	uint64_t block = request->value;

	rw->busy[block] = false;
	w->result->operations++;
	if (!result_is(w, request, res, BLOCK)) {
		rw->again[block] |= request->op == OP_WRITE;
		return;
	}
	if (request->op == OP_READ)
		block_is(w, rw->buffers[block], seed_of(w, rw, block), block);
	rw->reads += request->op == OP_READ;
	rw->writes += request->op == OP_WRITE;
}

static void reap_all(struct worker *w, struct rw *rw)
{
	struct io_uring_cqe cqe;
	struct request *request;

	while (reap(w, &cqe, &request))
		end(w, rw, request, cqe.res);
}

static unsigned int to_write_again(const struct rw *rw)
{
	unsigned int nr = 0;

	for (unsigned int i = 0; i < BLOCKS; i++)
		nr += rw->again[i];
	return nr;
}

/* Writes that failed. A loop may make these fail, too. */
static void repair(struct worker *w, struct rw *rw)
{
	for (unsigned int round = 0; to_write_again(rw) && round < 100 && !stopping; round++) {
		for (uint64_t block = 0; block < BLOCKS; block++) {
			if (!rw->again[block])
				continue;
			begin(w, rw, block, OP_WRITE);
			submit(w, 1, 0);
			reap_all(w, rw);
		}
	}
}

static void compare_file(struct worker *w, struct rw *rw)
{
	static __thread uint8_t block[BLOCK];

	for (uint64_t i = 0; i < BLOCKS; i++) {
		if (!rw->version[i] || rw->again[i])
			continue;
		if (pread(rw->fd, block, BLOCK, (off_t)(i * BLOCK)) != BLOCK)
			wrong(w->result, "block %llu cannot be read", (unsigned long long)i);
		else
			block_is(w, block, seed_of(w, rw, i), i);
	}
}

void rw_run(struct worker *w)
{
	struct rw *rw = calloc(1, sizeof(*rw));
	unsigned int depth = w->opt->depth < BLOCKS ? w->opt->depth : BLOCKS;
	uint64_t begun = 0;

	rw->fd = file_new(w, BLOCKS * BLOCK);
	rw->buffers = calloc(BLOCKS, BLOCK);
	while (more(w, begun, 2000)) {
		while (w->in_flight < depth && more(w, begun, 2000) && begin_any(w, rw))
			begun++;
		/* As programs do: now one, now half of what is under way. */
		submit(w, begun % 3 ? 1 : (w->in_flight + 1) / 2, 0);
		reap_all(w, rw);
	}
	while (w->in_flight) {
		submit(w, 1, 0);
		reap_all(w, rw);
	}
	repair(w, rw);
	compare_file(w, rw);
	say(w->result, "reads", (int64_t)rw->reads);
	say(w->result, "writes", (int64_t)rw->writes);
	close(rw->fd);
	free(rw->buffers);
	free(rw);
}
