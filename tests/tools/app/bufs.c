// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * bufs: receives into buffers that the kernel chooses from a ring of them. Each is used once, holds
 * the bytes of its message and no other, and when all are used there is -ENOBUFS.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "app.h"
#include "jobs.h"

#define BUFFERS 8
#define SIZE 512
#define GROUP 7

struct bufs {
	struct io_uring_buf_ring *ring;
	uint8_t (*buffers)[SIZE];
	int fds[2];
	unsigned int used; /* a bit for each buffer */
};

static void provide_all(struct bufs *b)
{
	for (unsigned int i = 0; i < BUFFERS; i++)
		if (b->used & 1U << i) {
			memset(b->buffers[i], 0, SIZE);
			io_uring_buf_ring_add(b->ring, b->buffers[i], SIZE, (unsigned short)i,
					      BUFFERS - 1, 0);
			io_uring_buf_ring_advance(b->ring, 1);
		}
	b->used = 0;
}

static void receive(struct worker *w, struct bufs *b, int size, uint8_t byte, bool none)
{
	struct io_uring_sqe *sqe = next_sqe(w);
	struct io_uring_cqe cqe;
	struct request *request;
	unsigned int nr;

	io_uring_prep_recv(sqe, b->fds[1], NULL, SIZE, 0);
	sqe->flags |= IOSQE_BUFFER_SELECT;
	sqe->buf_group = GROUP;
	track(w, sqe, 0, 0);
	submit(w, 1, 0);
	if (!reap_wait(w, &cqe, &request) ||
	    !result_is(w, request, cqe.res, none ? -ENOBUFS : size) || none)
		return;
	w->result->operations++;
	nr = cqe.flags >> IORING_CQE_BUFFER_SHIFT;
	if (!(cqe.flags & IORING_CQE_F_BUFFER) || nr >= BUFFERS || b->used & 1U << nr) {
		wrong(w->result, "flags %#x name no free buffer", cqe.flags);
		return;
	}
	b->used |= 1U << nr;
	for (int i = 0; i < SIZE; i++)
		if (b->buffers[nr][i] != (i < size ? (uint8_t)(byte + i) : 0)) {
			wrong(w->result, "buffer %u: byte %d of %d is wrong", nr, i, size);
			break;
		}
	w->result->bytes += (uint64_t)size;
}

/* Messages keep their borders. One that a loop did not let be received is taken out. */
static void bufs_round(struct worker *w, struct bufs *b)
{
	uint8_t message[SIZE];

	for (unsigned int n = 0; n <= BUFFERS; n++) {
		int size = 1 + (int)(next_random(w) % SIZE);
		uint8_t byte = (uint8_t)next_random(w);

		for (int i = 0; i < size; i++)
			message[i] = (uint8_t)(byte + i);
		if (send(b->fds[0], message, (size_t)size, 0) != size)
			abort();
		receive(w, b, size, byte, n == BUFFERS && b->used == (1U << BUFFERS) - 1);
		while (recv(b->fds[1], message, SIZE, MSG_DONTWAIT) > 0)
			;
	}
	provide_all(b);
}

void bufs_run(struct worker *w)
{
	struct io_uring_buf_reg reg = {.ring_entries = BUFFERS, .bgid = GROUP};
	struct bufs b = {.used = (1U << BUFFERS) - 1};

	b.ring = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	b.buffers = calloc(BUFFERS, SIZE);
	reg.ring_addr = (uintptr_t)b.ring;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, b.fds))
		abort();
	if (io_uring_register((unsigned int)w->ring.fd, IORING_REGISTER_PBUF_RING, &reg, 1) < 0)
		wrong(w->result, "cannot register a ring of buffers");
	io_uring_buf_ring_init(b.ring);
	provide_all(&b);
	for (uint64_t round = 0; more(w, round, 10); round++)
		bufs_round(w, &b);
	io_uring_register((unsigned int)w->ring.fd, IORING_UNREGISTER_PBUF_RING, &reg, 1);
	munmap(b.ring, 4096);
	close(b.fds[0]);
	close(b.fds[1]);
	free(b.buffers);
}
