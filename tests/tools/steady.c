// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * steady RING ROUNDS ERRNO WHAT READY GO
 *
 * An application that writes its SQEs once, and submits them again and again, as they are: it sees
 * whether somebody changes them, and which of its requests fail with ERRNO though they should not.
 * RING is plain, no-sqarray or sq-rewind. WHAT is
 *
 *	reads	a chain of linked reads, one of hard-linked ones, and others, of known data
 *	odd	what the kernel would refuse, all of which has to fail with ERRNO
 *	same	reads and nops that all have the same user_data; nothing is checked
 *
 * Writes "PID FD" to READY, and begins when GO is there. Prints a JSON document: how many requests
 * were right, failed, or were cancelled since one before them in their chain failed, and a digest
 * of which ones failed. Exit code 1: something was wrong.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* include/uapi/linux/io_uring.h; Linux 6.1's copy of it lacks them. */
#define SETUP_NO_SQARRAY (1U << 16)
#define SETUP_SQ_REWIND (1U << 20)

enum { NR = 16, CHAIN = 4, BLOCK = 512 };

static struct io_uring_params p;
static int ring, file;
static bool odd; /* and without chains */
static bool same;
static uint8_t *rings;
static struct io_uring_sqe *sqes, written[NR];
static uint8_t buffers[NR][BLOCK];
static uint64_t right, failed, cancelled, wrong, changed, digest = 0xcbf29ce484222325ULL;

static void die(const char *what)
{
	perror(what);
	exit(2);
}

static uint32_t *at(uint32_t offset)
{
	return (uint32_t *)(rings + offset);
}

static void *map(size_t size, uint64_t offset)
{
	void *map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring,
			 (off_t)offset);

	if (map == MAP_FAILED)
		die("mmap");
	return map;
}

static void make_ring(const char *kind)
{
	p.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN;
	if (strcmp(kind, "plain") != 0)
		p.flags |= SETUP_NO_SQARRAY;
	if (strcmp(kind, "sq-rewind") == 0)
		p.flags |= SETUP_SQ_REWIND;
	ring = (int)syscall(SYS_io_uring_setup, NR, &p);
	if (ring < 0)
		die("io_uring_setup");
	rings = map(p.cq_off.cqes + p.cq_entries * sizeof(struct io_uring_cqe) + NR * 4,
		    IORING_OFF_SQ_RING);
	sqes = map(NR * sizeof(*sqes), IORING_OFF_SQES);
	for (uint32_t i = 0; i < NR && p.sq_off.array; i++)
		at(p.sq_off.array)[i] = i;
}

static uint8_t byte_of(int nr)
{
	return (uint8_t)(17 * nr + 3);
}

static void make_file(void)
{
	file = (int)syscall(SYS_memfd_create, "steady", 0U);
	if (file < 0)
		die("memfd_create");
	for (int i = 0; i < NR; i++) {
		memset(buffers[i], byte_of(i), BLOCK);
		if (pwrite(file, buffers[i], BLOCK, i * BLOCK) != BLOCK)
			die("write");
	}
}

static void write_sqes(void)
{
	for (int i = 0; i < NR; i++) {
		struct io_uring_sqe *sqe = &sqes[i];

		memset(sqe, 0, sizeof(*sqe));
		sqe->opcode = IORING_OP_READ;
		sqe->fd = file;
		sqe->off = (uint64_t)i * BLOCK;
		sqe->addr = (uint64_t)(uintptr_t)buffers[i];
		sqe->len = BLOCK;
		sqe->user_data = (uint64_t)i;
		if (i < CHAIN - 1)
			sqe->flags = IOSQE_IO_LINK;
		else if (i >= CHAIN && i < 2 * CHAIN - 1)
			sqe->flags = IOSQE_IO_HARDLINK;
		if (same) {
			sqe->flags = 0;
			sqe->user_data = 1;
			sqe->opcode = i & 1 ? IORING_OP_NOP : IORING_OP_READ;
		}
		if (!odd)
			continue;
		sqe->flags = IOSQE_FIXED_FILE | IOSQE_BUFFER_SELECT | (i & 1 ? IOSQE_ASYNC : 0) |
			     (i & 2 ? IOSQE_CQE_SKIP_SUCCESS : 0);
		sqe->ioprio = 0x2345;
		sqe->rw_flags = -1;
		sqe->buf_group = 77;
		sqe->personality = 99;
		sqe->splice_fd_in = 1234;
		sqe->opcode = i & 4 ? IORING_OP_SENDMSG : IORING_OP_READ;
	}
	memcpy(written, sqes, sizeof(written));
}

static void check(int nr, int res, int error, uint64_t round)
{
	static bool broken;
	uint8_t want = res == BLOCK ? byte_of(nr) : 0xee;

	if (nr == 0 || nr == CHAIN)
		broken = false;
	for (int i = 0; i < BLOCK; i++)
		if (buffers[nr][i] != want) {
			wrong++;
			fprintf(stderr, "request %d, with %d, has wrong data\n", nr, res);
			break;
		}
	if (broken != (res == -ECANCELED)) {
		wrong++;
		fprintf(stderr, "request %d %s cancelled\n", nr, broken ? "was not" : "was");
	}
	if (res == BLOCK) {
		right++;
	} else if (res == -error) {
		failed++;
		digest = (digest ^ (round * NR + (uint64_t)nr)) * 0x100000001b3ULL;
		broken = nr < CHAIN - 1 && !odd;
	} else if (res == -ECANCELED) {
		cancelled++;
		broken = nr < CHAIN - 1 && !odd;
	} else {
		wrong++;
		fprintf(stderr, "request %d ended with %d\n", nr, res);
	}
}

static void one_round(uint64_t round, int error)
{
	int results[NR] = {}, got = 0;
	uint32_t *head = at(p.cq_off.head);

	memset(buffers, 0xee, sizeof(buffers));
	if (!(p.flags & SETUP_SQ_REWIND))
		__atomic_add_fetch(at(p.sq_off.tail), NR, __ATOMIC_RELEASE);
	for (unsigned int submit = NR; got < NR; submit = 0) {
		int ret = (int)syscall(SYS_io_uring_enter, ring, submit, NR - got,
				       IORING_ENTER_GETEVENTS, NULL, 0);

		if (ret < 0 && errno != EINTR)
			die("io_uring_enter");
		while (*head != __atomic_load_n(at(p.cq_off.tail), __ATOMIC_ACQUIRE)) {
			struct io_uring_cqe *cqes = (void *)at(p.cq_off.cqes);
			struct io_uring_cqe *cqe = &cqes[*head & (p.cq_entries - 1)];

			results[cqe->user_data % NR] = cqe->res;
			got++;
			__atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
		}
	}
	changed += memcmp(sqes, written, sizeof(written)) != 0;
	for (int i = 0; i < NR && !same; i++)
		check(i, results[i], error, round);
}

int main(int argc, char **argv)
{
	uint64_t rounds;
	FILE *ready;
	int error;

	if (argc != 7)
		return 2;
	rounds = strtoull(argv[2], NULL, 0);
	error = atoi(argv[3]);
	ready = fopen(argv[5], "we");
	if (!ready)
		die(argv[5]);
	/* Whoever waits for what never comes. */
	alarm(120);
	make_ring(argv[1]);
	make_file();
	odd = strcmp(argv[4], "odd") == 0;
	same = strcmp(argv[4], "same") == 0;
	write_sqes();
	fprintf(ready, "%d %d\n", getpid(), ring);
	fclose(ready);
	while (access(argv[6], F_OK))
		usleep(2000);
	for (uint64_t round = 0; round < rounds; round++)
		one_round(round, error);
	printf("{\"right\": %lu, \"failed\": %lu, \"cancelled\": %lu, \"wrong\": %lu, "
	       "\"changed\": %lu, \"digest\": \"%016lx\"}\n",
	       right, failed, cancelled, wrong, changed, digest);
	return wrong || changed;
}
