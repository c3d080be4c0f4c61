// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "lie.h"

#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "app.h"

/* The first lie comes so late that work has begun, and so early that short jobs have it. */
#define LIE_AT 5

static const char *const names[LIES_NR] = {
	"none",  "lose", "twice", "res",  "data",  "offset", "unlink", "undrain", "noskip",
	"split", "swap", "early", "late", "block", "haste",  "buffer", "more",
};

static __thread uint64_t read_data;
static __thread uint8_t *read_buffer;

int lie_of(const char *name)
{
	for (int i = 0; i < LIES_NR; i++)
		if (strcmp(names[i], name) == 0)
			return i;
	return -ENOENT;
}

static struct io_uring_sqe *queued_sqe(const struct ring *ring, unsigned int nr)
{
	const struct io_uring_sq *sq = &ring->uring.sq;

	if (ring->config.kind == RING_SQ_REWIND)
		return &sq->sqes[nr];
	return &sq->sqes[(*sq->khead + nr) & sq->ring_mask];
}

static bool is_read(const struct io_uring_sqe *sqe)
{
	return sqe->addr && (sqe->opcode == IORING_OP_READ || sqe->opcode == IORING_OP_RECV);
}

static void halve(struct io_uring_sqe *sqe)
{
	struct __kernel_timespec *ts = (void *)(uintptr_t)sqe->addr;

	if (sqe->opcode != IORING_OP_TIMEOUT && sqe->opcode != IORING_OP_LINK_TIMEOUT)
		return;
	ts->tv_nsec = (ts->tv_nsec + ts->tv_sec % 2 * (int64_t)SEC) / 2;
	ts->tv_sec /= 2;
}

static void change(struct ring *ring, struct io_uring_sqe *sqe)
{
	switch (ring->config.lie) {
	case LIE_UNLINK:
		sqe->flags &= ~(IOSQE_IO_LINK | IOSQE_IO_HARDLINK);
		break;
	case LIE_UNDRAIN:
		sqe->flags &= ~IOSQE_IO_DRAIN;
		break;
	case LIE_NOSKIP:
		sqe->flags &= ~IOSQE_CQE_SKIP_SUCCESS;
		break;
	case LIE_HASTE:
		halve(sqe);
		break;
	case LIE_OFFSET:
		if (sqe->opcode == IORING_OP_WRITE && sqe->off != (uint64_t)-1 &&
		    ring->lied++ >= LIE_AT)
			sqe->off++;
		break;
	case LIE_DATA:
		if (is_read(sqe) && !read_buffer && ring->lied++ >= LIE_AT) {
			read_data = sqe->user_data;
			read_buffer = (void *)(uintptr_t)sqe->addr;
		}
		break;
	default:
		break;
	}
}

/* All but the last of the queue, each by itself. */
static void split(struct ring *ring, unsigned int nr)
{
	struct io_uring_sq *sq = &ring->uring.sq;

	for (; nr > 1; nr--) {
		if (ring->config.kind != RING_SQ_REWIND)
			*sq->ktail = *sq->khead + 1;
		syscall(__NR_io_uring_enter, ring->fd, 1, 0, 0, NULL, 8);
		if (ring->config.kind == RING_SQ_REWIND) {
			memmove(sq->sqes, sq->sqes + 1, (nr - 1) * sizeof(*sq->sqes));
			sq->sqe_tail--;
		}
	}
}

void lie_queue(struct ring *ring)
{
	unsigned int nr = ring_queued(ring);

	if (!ring->config.lie)
		return;
	for (unsigned int i = 0; i < nr; i++)
		change(ring, queued_sqe(ring, i));
	if (ring->config.lie == LIE_SWAP)
		for (unsigned int i = 0; i + 1 < nr; i += 2) {
			struct io_uring_sqe sqe = *queued_sqe(ring, i);

			*queued_sqe(ring, i) = *queued_sqe(ring, i + 1);
			*queued_sqe(ring, i + 1) = sqe;
		}
	if (ring->config.lie == LIE_SPLIT)
		split(ring, nr);
}

unsigned int lie_wait(const struct ring *ring, unsigned int wait)
{
	if (ring->config.lie == LIE_EARLY && wait)
		return wait - 1;
	if (ring->config.lie == LIE_BLOCK && !wait && ring_queued(ring))
		return ring_unread(ring) + ring_queued(ring) + 1;
	return wait;
}

void lie_after(const struct ring *ring, unsigned int wait)
{
	if (ring->config.lie == LIE_LATE && wait)
		sleep_until(now_ns() + 700 * MS);
}

unsigned int lie_cqe(struct ring *ring, struct io_uring_cqe *cqe)
{
	bool now = ring->reaped++ == LIE_AT;

	switch (ring->config.lie) {
	case LIE_LOSE:
		return now ? 0 : 1;
	case LIE_TWICE:
		return now ? 2 : 1;
	case LIE_RES:
		if (now)
			cqe->res = cqe->res > 0 ? cqe->res - 1 : cqe->res - 5;
		return 1;
	case LIE_DATA:
		if (read_buffer && cqe->user_data == read_data) {
			if (cqe->res > 0)
				read_buffer[cqe->res / 2] ^= 1;
			read_buffer = NULL;
		}
		return 1;
	case LIE_BUFFER:
		if (now)
			cqe->flags ^= 1U << IORING_CQE_BUFFER_SHIFT;
		return 1;
	case LIE_MORE:
		cqe->flags &= ~IORING_CQE_F_MORE;
		return 1;
	default:
		return 1;
	}
}
