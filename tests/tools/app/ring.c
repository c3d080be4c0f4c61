// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ring.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "app.h"
#include "lie.h"

/* What liburing 2.3 lacks; values from include/uapi/linux/io_uring.h of Linux 7.2. */
#ifndef IORING_SETUP_NO_SQARRAY
#define IORING_SETUP_NO_SQARRAY (1U << 16)
#endif
#ifndef IORING_SETUP_SQ_REWIND
#define IORING_SETUP_SQ_REWIND (1U << 20)
#endif
#define REGISTER_RESIZE_RINGS 33

static bool rewinds(const struct ring *ring)
{
	return ring->config.kind == RING_SQ_REWIND;
}

static unsigned int load(const unsigned int *word)
{
	return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

/* ---- Memory of raw rings ---- */

static size_t sqes_size(const struct ring *ring)
{
	return ring->sq_entries * sizeof(struct io_uring_sqe);
}

static void unmap(struct ring *ring)
{
	munmap(ring->uring.sq.ring_ptr, ring->uring.sq.ring_sz);
	munmap(ring->uring.sq.sqes, sqes_size(ring));
}

/* Where the SQ array is. IORING_REGISTER_RESIZE_RINGS leaves it out (seen on Linux 6.18): then it
 * is where rings_size() of the kernel puts it. */
static size_t array_offset(const struct io_uring_params *p)
{
	size_t cqes_end = p->cq_off.cqes + p->cq_entries * sizeof(struct io_uring_cqe);

	return p->sq_off.array ? p->sq_off.array : (cqes_end + 63) / 64 * 64;
}

static int map(struct ring *ring, const struct io_uring_params *p)
{
	struct io_uring_sq *sq = &ring->uring.sq;
	struct io_uring_cq *cq = &ring->uring.cq;
	size_t size = p->cq_off.cqes + p->cq_entries * sizeof(struct io_uring_cqe);
	char *base;

	if (!(p->flags & IORING_SETUP_NO_SQARRAY) &&
	    size < array_offset(p) + p->sq_entries * sizeof(unsigned int))
		size = array_offset(p) + p->sq_entries * sizeof(unsigned int);
	base = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring->fd,
		    IORING_OFF_SQ_RING);
	if (base == MAP_FAILED)
		return -errno;
	ring->sq_entries = p->sq_entries;
	ring->cq_entries = p->cq_entries;
	*sq = (struct io_uring_sq){
		.khead = (void *)(base + p->sq_off.head),
		.ktail = (void *)(base + p->sq_off.tail),
		.kflags = (void *)(base + p->sq_off.flags),
		.ring_mask = p->sq_entries - 1,
		.ring_entries = p->sq_entries,
		.ring_ptr = base,
		.ring_sz = size,
	};
	sq->sqe_tail = rewinds(ring) ? 0 : load(sq->ktail);
	*cq = (struct io_uring_cq){
		.khead = (void *)(base + p->cq_off.head),
		.ktail = (void *)(base + p->cq_off.tail),
		.cqes = (void *)(base + p->cq_off.cqes),
		.ring_mask = p->cq_entries - 1,
		.ring_entries = p->cq_entries,
	};
	sq->sqes = mmap(NULL, sqes_size(ring), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE,
			ring->fd, IORING_OFF_SQES);
	if (sq->sqes == MAP_FAILED)
		return -errno;
	if (!(p->flags & IORING_SETUP_NO_SQARRAY))
		for (unsigned int i = 0; i < p->sq_entries; i++)
			((unsigned int *)(void *)(base + array_offset(p)))[i] = i;
	return 0;
}

/* ---- Opening ---- */

int ring_open(struct ring *ring, const struct ring_config *config)
{
	struct io_uring_params params = {
		.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |
			 IORING_SETUP_CQSIZE,
		.cq_entries = config->cq_entries ? config->cq_entries : 2 * config->entries,
	};
	int ret;

	*ring = (struct ring){.config = *config, .fd = -1};
	if (config->kind != RING_PLAIN)
		ring->config.raw = true;
	if (config->taskrun_flag)
		params.flags |= IORING_SETUP_TASKRUN_FLAG;
	if (config->kind != RING_PLAIN)
		params.flags |= IORING_SETUP_NO_SQARRAY;
	if (config->kind == RING_SQ_REWIND)
		params.flags |= IORING_SETUP_SQ_REWIND;
	if (!ring->config.raw) {
		ret = io_uring_queue_init_params(config->entries, &ring->uring, &params);
		if (ret < 0)
			return ret;
		ring->fd = ring->uring.ring_fd;
		ring->sq_entries = params.sq_entries;
		ring->cq_entries = params.cq_entries;
	} else {
		ret = (int)syscall(__NR_io_uring_setup, config->entries, &params);
		if (ret < 0)
			return -errno;
		ring->fd = ret;
		ret = map(ring, &params);
		if (ret)
			return ret;
	}
	ring->open = true;
	return 0;
}

void ring_close(struct ring *ring)
{
	if (!ring->open)
		return;
	ring->open = false;
	if (!ring->config.raw) {
		io_uring_queue_exit(&ring->uring);
		return;
	}
	unmap(ring);
	close(ring->fd);
}

int ring_resize(struct ring *ring, unsigned int entries, unsigned int cq_entries)
{
	struct io_uring_params params = {
		.flags = IORING_SETUP_CQSIZE,
		.sq_entries = entries,
		.cq_entries = cq_entries,
	};
	unsigned int queued = ring_queued(ring);

	/* What is queued goes along only where the kernel sees it. */
	if (queued && rewinds(ring))
		return -EBUSY;
	if (!rewinds(ring))
		__atomic_store_n(ring->uring.sq.ktail, ring->uring.sq.sqe_tail, __ATOMIC_RELEASE);
	if (syscall(__NR_io_uring_register, ring->fd, REGISTER_RESIZE_RINGS, &params, 1) < 0)
		return -errno;
	unmap(ring);
	if (ring->config.kind != RING_PLAIN)
		params.flags |= IORING_SETUP_NO_SQARRAY;
	return map(ring, &params);
}

/* ---- The queues ---- */

unsigned int ring_queued(const struct ring *ring)
{
	const struct io_uring_sq *sq = &ring->uring.sq;

	return rewinds(ring) ? sq->sqe_tail : sq->sqe_tail - load(sq->khead);
}

unsigned int ring_unread(const struct ring *ring)
{
	return load(ring->uring.cq.ktail) - *ring->uring.cq.khead;
}

struct io_uring_sqe *ring_sqe(struct ring *ring)
{
	struct io_uring_sq *sq = &ring->uring.sq;

	if (!ring->config.raw)
		return io_uring_get_sqe(&ring->uring);
	if (ring_queued(ring) == sq->ring_entries)
		return NULL;
	return &sq->sqes[sq->sqe_tail++ & sq->ring_mask];
}

/* ---- Entering ---- */

static int enter(const struct ring *ring, unsigned int to_submit, unsigned int wait,
		 unsigned int flags, uint64_t timeout_ns)
{
	struct __kernel_timespec ts = {(int64_t)(timeout_ns / SEC), (int64_t)(timeout_ns % SEC)};
	struct io_uring_getevents_arg arg = {.ts = (uintptr_t)&ts};
	long ret;

	if (timeout_ns && wait)
		ret = syscall(__NR_io_uring_enter, ring->fd, to_submit, wait,
			      flags | IORING_ENTER_EXT_ARG, &arg, sizeof(arg));
	else
		ret = syscall(__NR_io_uring_enter, ring->fd, to_submit, wait, flags, NULL,
			      (size_t)_NSIG / 8);
	return ret < 0 ? -errno : (int)ret;
}

/* How many of @nr SQEs were taken by a call that submitted and returned @ret, and what that is
 * worth telling. The rest goes to the front, where it has to be next time. */
static unsigned int rewound(struct ring *ring, unsigned int nr, int ret)
{
	struct io_uring_sq *sq = &ring->uring.sq;
	unsigned int taken = nr;

	if (ret > 0)
		taken = (unsigned int)ret < nr ? (unsigned int)ret : nr;
	else if (ret < 0 && ret != -EINTR && ret != -ETIME &&
		 !(ret == -EFAULT && ring->config.one_call))
		taken = 0;
	memmove(sq->sqes, sq->sqes + taken, (nr - taken) * sizeof(*sq->sqes));
	sq->sqe_tail = nr - taken;
	return taken;
}

static int call_raw(struct ring *ring, unsigned int nr, unsigned int wait, uint64_t timeout_ns,
		    unsigned int *taken)
{
	unsigned int flags = wait ? IORING_ENTER_GETEVENTS : 0;
	int ret, waited;

	if (!rewinds(ring)) {
		__atomic_store_n(ring->uring.sq.ktail, ring->uring.sq.sqe_tail, __ATOMIC_RELEASE);
		ret = enter(ring, nr, wait, flags, timeout_ns);
		*taken = nr - ring_queued(ring);
		return ret;
	}
	if (ring->config.one_call || !nr || !wait) {
		ret = enter(ring, nr, wait, flags, timeout_ns);
		*taken = rewound(ring, nr, ret);
		return ret;
	}
	ret = enter(ring, nr, 0, 0, 0);
	*taken = rewound(ring, nr, ret);
	if (ret < 0 || *taken < nr)
		return ret;
	waited = enter(ring, 0, wait, flags, timeout_ns);
	return waited < 0 ? waited : ret;
}

static int call_liburing(struct ring *ring, unsigned int nr, unsigned int wait, uint64_t timeout_ns,
			 unsigned int *taken)
{
	struct __kernel_timespec ts = {(int64_t)(timeout_ns / SEC), (int64_t)(timeout_ns % SEC)};
	struct io_uring_cqe *cqe;
	int ret;

	if (!wait)
		ret = io_uring_submit(&ring->uring);
	else if (!timeout_ns)
		ret = io_uring_submit_and_wait(&ring->uring, wait);
	else if (nr)
		ret = io_uring_submit_and_wait_timeout(&ring->uring, &cqe, wait, &ts, NULL);
	else if (wait == 1)
		ret = io_uring_wait_cqe_timeout(&ring->uring, &cqe, &ts);
	else
		ret = io_uring_wait_cqes(&ring->uring, &cqe, wait, &ts, NULL);
	*taken = nr - ring_queued(ring);
	return ret;
}

/* liburing's calls with a timeout may return 0 where CQEs were there before. */
static bool tells(const struct ring *ring, unsigned int before, uint64_t timeout_ns)
{
	return ring->config.raw || !timeout_ns || !before;
}

static void account(struct ring *ring, unsigned int nr, unsigned int taken, int ret, uint64_t ns)
{
	struct ring_calls *calls = &ring->calls;

	calls->enters++;
	calls->submitted += taken;
	calls->held += nr - taken;
	calls->efault += ret == -EFAULT;
	calls->eintr += ret == -EINTR;
	if (ret > 0 && (unsigned int)ret != taken && !rewinds(ring))
		snprintf(ring->trouble, sizeof(ring->trouble),
			 "the call returned %d, but of %u SQEs it took %u", ret, nr, taken);
	if (ns) {
		calls->nowait_nr++;
		if (ns > calls->nowait_max_ns)
			calls->nowait_max_ns = ns;
	}
}

int ring_call(struct ring *ring, unsigned int wait, uint64_t timeout_ns)
{
	unsigned int wanted = wait > ring->cq_entries ? ring->cq_entries : wait;
	unsigned int before = ring_unread(ring), nr, taken = 0;
	uint64_t begin;
	int ret;

	ring->trouble[0] = '\0';
	lie_queue(ring);
	nr = ring_queued(ring);
	wait = lie_wait(ring, wait);
	begin = now_ns();
	ret = ring->config.raw ? call_raw(ring, nr, wait, timeout_ns, &taken)
			       : call_liburing(ring, nr, wait, timeout_ns, &taken);
	lie_after(ring, wait);
	account(ring, nr, taken, ret, wanted ? 0 : now_ns() - begin);
	ring->calls.zero += taken && ret == 0 && tells(ring, before, timeout_ns);
	if (ret < 0 && ret != -ETIME)
		return ret;
	if (ring_unread(ring) >= wanted)
		return 0;
	if (timeout_ns && now_ns() - begin >= timeout_ns)
		return -ETIME;
	/* liburing says so, too, when a call returned 0 and no CQE is there. */
	if (ret == -ETIME && ring->config.raw)
		snprintf(ring->trouble, sizeof(ring->trouble), "a timeout after %llu of %llu us",
			 (unsigned long long)(now_ns() - begin) / 1000,
			 (unsigned long long)timeout_ns / 1000);
	if (ring_queued(ring))
		return -EAGAIN;
	return -ENODATA;
}

int ring_flush(struct ring *ring)
{
	int ret = ring->config.raw ? enter(ring, 0, 0, IORING_ENTER_GETEVENTS, 0)
				   : io_uring_get_events(&ring->uring);

	ring->calls.enters++;
	ring->calls.efault += ret == -EFAULT;
	ring->calls.eintr += ret == -EINTR;
	return ret;
}

static bool take(struct ring *ring, struct io_uring_cqe *cqe, bool flush)
{
	struct io_uring_cq *cq = &ring->uring.cq;
	struct io_uring_cqe *next;
	unsigned int head = *cq->khead;

	/* liburing flushes by itself. */
	if (!ring->config.raw && flush) {
		if (io_uring_peek_cqe(&ring->uring, &next))
			return false;
		*cqe = *next;
		io_uring_cqe_seen(&ring->uring, next);
		return true;
	}
	if (!ring_unread(ring) && flush &&
	    load(ring->uring.sq.kflags) & (IORING_SQ_CQ_OVERFLOW | IORING_SQ_TASKRUN))
		ring_flush(ring);
	if (!ring_unread(ring))
		return false;
	*cqe = cq->cqes[head & cq->ring_mask];
	__atomic_store_n(cq->khead, head + 1, __ATOMIC_RELEASE);
	return true;
}

bool ring_reap(struct ring *ring, struct io_uring_cqe *cqe, bool flush)
{
	static __thread struct io_uring_cqe again;
	static __thread bool repeat;

	if (repeat) {
		repeat = false;
		*cqe = again;
		return true;
	}
	while (take(ring, cqe, flush)) {
		unsigned int times = lie_cqe(ring, cqe);

		again = *cqe;
		repeat = times > 1;
		if (times)
			return true;
	}
	return false;
}
