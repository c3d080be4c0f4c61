// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Rings of each kind, regions of each size, steps that return what means nothing, and CQs that run
 * over. */
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "loop.h"

/* ---- Rings ---- */

static const struct {
	uint32_t flags;
	int ret; /* of a link */
} kinds[] = {
	{RING_FLAGS, 0},
	{RING_FLAGS | IORING_SETUP_NO_SQARRAY, 0},
	{RING_FLAGS | IORING_SETUP_SQE128, 0},
	{RING_FLAGS | IORING_SETUP_CQE32, 0},
	{RING_FLAGS | IORING_SETUP_SQE128 | IORING_SETUP_CQE32 | IORING_SETUP_NO_SQARRAY, 0},
	{RING_FLAGS | IORING_SETUP_NO_MMAP, 0},
	{RING_FLAGS | IORING_SETUP_NO_MMAP | IORING_SETUP_NO_SQARRAY, 0},
	{RING_FLAGS | IORING_SETUP_NO_SQARRAY | IORING_SETUP_SQ_REWIND, 0},
	{RING_FLAGS | IORING_SETUP_NO_SQARRAY | IORING_SETUP_SQ_REWIND | IORING_SETUP_CQE32, 0},
	{RING_FLAGS | IORING_SETUP_SUBMIT_ALL | IORING_SETUP_TASKRUN_FLAG, 0},
	{RING_FLAGS | IORING_SETUP_CQSIZE, 0},
	{RING_FLAGS | IORING_SETUP_R_DISABLED, 0},
	{RING_FLAGS | IORING_SETUP_IOPOLL, -EOPNOTSUPP},
	{IORING_SETUP_SQPOLL, -EOPNOTSUPP},
	{IORING_SETUP_SQPOLL | IORING_SETUP_SINGLE_ISSUER, -EOPNOTSUPP},
	{IORING_SETUP_SINGLE_ISSUER, -EOPNOTSUPP},
	{IORING_SETUP_COOP_TASKRUN, -EOPNOTSUPP},
	{IORING_SETUP_IOPOLL, -EOPNOTSUPP},
	{0, -EOPNOTSUPP},
};

static void each_kind(void)
{
	for (unsigned int i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct binding binding;
		struct loop loop;
		struct ring ring;
		int ret;

		ring_make(&ring, 16, kinds[i].flags);
		loop_load(&loop, &ring);
		for (unsigned int round = 0; round < rounds; round++) {
			ret = binding_map(&binding, &loop, ring.fd);
			check(!ret, "no map: %s", strerror(-ret));
			ret = binding_link(&binding);
			check(ret == kinds[i].ret, "flags %#x: %d", kinds[i].flags, ret);
			work_nops(&loop, 1000, 16, round % 2 ? IOSQE_ASYNC : 0);
			if (!ret && !round && kinds[i].flags & IORING_SETUP_R_DISABLED) {
				check(ring_enter(&ring) == -EBADFD, "it can be entered");
				check(!ring_enable(&ring), "it cannot be enabled");
			}
			if (!ret) {
				ret = ring_enter(&ring);
				check(!ret, "flags %#x: the call ended with %d", kinds[i].flags,
				      ret);
				check(loop.shared->done == 1000 && !loop.shared->failed,
				      "flags %#x: %u done, %u failed", kinds[i].flags,
				      loop.shared->done, loop.shared->failed);
			}
			binding_end(&binding);
		}
		ring_free(&ring);
		loop_free(&loop);
	}
	printf("%zu kinds, %u times each\n", sizeof(kinds) / sizeof(kinds[0]), rounds);
}

/* ---- Regions ---- */

#define PAGE 4096U

static uint32_t pages(uint32_t bytes)
{
	return (bytes + PAGE - 1) / PAGE * PAGE;
}

static uint32_t rings_size(const struct ring *ring)
{
	const struct io_uring_params *params = &ring->params;
	uint32_t shift = params->flags & IORING_SETUP_CQE32 ? 5 : 4;
	uint32_t end = params->cq_off.cqes + (params->cq_entries << shift);

	if (!(params->flags & IORING_SETUP_NO_SQARRAY))
		end = params->sq_off.array + params->sq_entries * 4;
	return pages(end);
}

static uint32_t sqes_size(const struct ring *ring)
{
	return pages(ring->params.sq_entries << (ring->params.flags & IORING_SETUP_SQE128 ? 7 : 6));
}

/* Whether the program is given @size bytes of @region, and can have the first and the last. */
static void ask(const struct ring *ring, uint32_t region, uint32_t size, bool want)
{
	struct binding binding;
	struct loop loop;

	loop_load_region(&loop, ring, region, size);
	work_spin(&loop);
	bind_loop(&binding, &loop, ring);
	check(ring_enter(ring) == 0, "the loop does not run");
	check(loop.shared->is_there == want, "region %u of a ring with %u entries, %u bytes: %u",
	      region, ring->params.sq_entries, size, loop.shared->is_there);
	binding_end(&binding);
	loop_free(&loop);
}

static unsigned int ask_around(const struct ring *ring, uint32_t region, uint32_t size)
{
	const uint32_t more[] = {size + 1, 1U << 28};
	unsigned int nr = 0;

	if (size) {
		ask(ring, region, 1, true);
		ask(ring, region, size, true);
		nr += 2;
	}
	for (size_t i = 0; i < sizeof(more) / sizeof(more[0]); i++, nr++)
		ask(ring, region, more[i], false);
	return nr;
}

static void regions(void)
{
	static const struct {
		uint32_t entries, flags, memory;
	} cases[] = {
		{1, RING_FLAGS, 0},
		{64, RING_FLAGS | IORING_SETUP_NO_SQARRAY, PAGE},
		{100, RING_FLAGS | IORING_SETUP_SQE128 | IORING_SETUP_CQE32, 3 * PAGE},
		{4096, RING_FLAGS, 64 * PAGE},
		{16, RING_FLAGS | IORING_SETUP_NO_MMAP, PAGE},
	};
	unsigned int nr = 0;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint32_t size = cases[i].memory;
		struct ring ring;
		void *memory;

		ring_make(&ring, cases[i].entries, cases[i].flags);
		memory = mmap(NULL, size ?: PAGE, PROT_READ | PROT_WRITE,
			      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		if (size) {
			check(!ring_register_memory(&ring, memory, size), "no MEM region");
			check(ring_register_memory(&ring, memory, PAGE) == -EBUSY, "there are two");
		}
		/* It stays, whatever becomes of the application's pages. */
		munmap(memory, size ?: PAGE);
		nr += ask_around(&ring, 0, size);
		nr += ask_around(&ring, 1, rings_size(&ring));
		nr += ask_around(&ring, 2, sqes_size(&ring));
		if (!i)
			nr += ask_around(&ring, 3, 0) + ask_around(&ring, UINT32_MAX, 0);
		ring_free(&ring);
	}
	printf("%u regions\n", nr);
}

/* ---- Garbage ---- */

static void garbage(void)
{
	static const int verdicts[] = {-1, 2, 3, -EINTR, -EFAULT, 512, INT_MIN, INT_MAX};
	struct binding binding;
	struct loop loop;
	struct ring ring;
	int ret;

	ring_make(&ring, 64, RING_FLAGS);
	loop_load(&loop, &ring);
	bind_loop(&binding, &loop, &ring);
	for (unsigned int i = 0; i < rounds; i++) {
		/* With completions that nobody took, and without. */
		work_nops(&loop, 8, 8, i % 2 ? IOSQE_ASYNC : 0);
		loop.shared->verdict = verdicts[i % (sizeof(verdicts) / sizeof(verdicts[0]))];
		loop.shared->leaves = 1;
		ret = ring_enter(&ring);
		check(ret == -EINVAL, "%d: the call ended with %d", loop.shared->verdict, ret);
		work_nops(&loop, 8, 8, 0);
		loop.shared->submitted = 8;
		ret = ring_enter(&ring);
		check(ret == 0 && loop.shared->done == 8, "the next call: %d, %u", ret,
		      loop.shared->done);
	}
	printf("%u steps\n", rounds);
	binding_end(&binding);
	ring_free(&ring);
	loop_free(&loop);
}

/* ---- Overflow ---- */

/* More completions than the CQ has room for, kept by the kernel until there is. */
static void overflow(void)
{
	struct binding binding;
	struct loop loop;
	struct ring ring;
	int ret;

	ring_make(&ring, 8, RING_FLAGS | IORING_SETUP_CQSIZE | IORING_SETUP_NO_SQARRAY);
	loop_load(&loop, &ring);
	bind_loop(&binding, &loop, &ring);
	for (unsigned int i = 0; i < rounds; i++) {
		work_nops(&loop, 400, 8, i % 2 ? IOSQE_ASYNC : 0);
		loop.shared->hold_steps = 40;
		loop.shared->wait = i % 4 < 2;
		loop.shared->depth = 0;
		ret = ring_enter(&ring);
		check(ret == 0 && loop.shared->done == 400 && !loop.shared->failed,
		      "the call ended with %d, %u of 400 done", ret, loop.shared->done);
	}
	/* And when all is closed with some kept. */
	work_nops(&loop, 400, 8, 0);
	loop.shared->hold_steps = UINT32_MAX;
	loop.shared->leaves = 1;
	loop.shared->depth = 0;
	check(ring_enter(&ring) == 0, "it does not leave");
	printf("%u times 400 requests on a CQ of 8\n", rounds);
	ring_free(&ring);
	binding_end(&binding);
	loop_free(&loop);
}

const struct test kind_tests[] = {
	{"kinds", each_kind},
	{"regions", regions},
	{"garbage", garbage},
	{"overflow", overflow},
	{},
};
