// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A ring with a loop, which is never entered, for those who look for such.
 *
 * bound LOOP [PIN]        holds the loop's link, or pins it at PIN and lets go of it
 * bound LOOP PIN META     the same, and ties META to it as its name, pinned at PIN-meta
 * bound -                 no loop; three reads of an empty pipe are in flight, a CQE is unread, and
 *                         there is a second descriptor
 *
 * The ring has an SQ of 16 and a CQ of 64. Once all is there it prints "PID FD", and goes on until
 * it is killed. With "-" for PIN nothing is pinned. Bytes of META are written as they are.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "loop/loop.h"
#include "meta/meta.h"
#include "ring/ring.h"

static int fail(const char *what, const struct iou_err *err)
{
	fprintf(stderr, "bound: %s: %s (%s)\n", what, err->message, strerror(err->errnum));
	return 1;
}

static int step_fd(const struct iou_loop *loop)
{
	struct bpf_program *prog;

	bpf_object__for_each_program(prog, iou_loop_object(loop))
	{
		if (bpf_program__type(prog) == BPF_PROG_TYPE_STRUCT_OPS &&
		    bpf_program__fd(prog) >= 0)
			return bpf_program__fd(prog);
	}
	return -1;
}

/* The last link that was made is ours, in a guest that is the test's alone. */
static int pin_link(const char *path)
{
	__u32 id = 0, next;
	int fd, ret;

	while (bpf_link_get_next_id(id, &next) == 0)
		id = next;
	fd = bpf_link_get_fd_by_id(id);
	ret = fd < 0 ? fd : bpf_obj_pin(fd, path);
	close(fd);
	return ret;
}

static int tie(const struct iou_loop *loop, const struct iou_ring *ring, const char *pin,
	       const char *name, struct iou_err *err)
{
	struct iou_meta meta = {
		.source = "built-in",
		.version = "7.8.9",
		.pid = getpid(),
		.ring_fd = ring->fd,
		.holder = strcmp(pin, "-") == 0 ? getpid() : 0,
	};
	struct timespec now;
	struct stat st;
	char path[4096];
	int fd, ret;

	fstat(ring->fd, &st);
	clock_gettime(CLOCK_REALTIME, &now);
	meta.ring_ino = st.st_ino;
	meta.since_ns = (uint64_t)now.tv_sec * 1000000000;
	snprintf(meta.loop, sizeof(meta.loop), "%s", name);
	ret = iou_meta_bind(step_fd(loop), &meta, &fd, err);
	if (ret)
		return ret;
	snprintf(path, sizeof(path), "%s-meta", pin);
	ret = strcmp(pin, "-") == 0 ? 0 : bpf_obj_pin(fd, path);
	close(fd);
	return ret;
}

/* Three reads that do not end, and a NOP. */
static int fill(const struct iou_ring *ring)
{
	struct io_uring_sqe *sqes = ring->sqes;
	uint32_t *tail = (void *)((char *)ring->rings + ring->params.sq_off.tail);
	static char byte;
	int ends[2];

	if (pipe(ends) || dup(ring->fd) < 0)
		return -1;
	for (int i = 0; i < 4; i++)
		sqes[i] = (struct io_uring_sqe){
			.opcode = i < 3 ? IORING_OP_READ : IORING_OP_NOP,
			.fd = ends[0],
			.addr = (uintptr_t)&byte,
			.len = 1,
		};
	__atomic_store_n(tail, 4, __ATOMIC_RELEASE);
	return syscall(SYS_io_uring_enter, ring->fd, 4, 0, 0, NULL, 0) == 4 ? 0 : -1;
}

static int show(const struct iou_ring *ring)
{
	printf("%d %d\n", getpid(), ring->fd);
	fflush(stdout);
	pause();
	return 0;
}

int main(int argc, char **argv)
{
	const struct iou_ring_config config = {
		.sq_entries = 16,
		.cq_entries = 64,
		.flags = IOU_RING_LOOP_FLAGS,
	};
	const char *pin = argc > 2 ? argv[2] : "-";
	struct iou_ring ring = IOU_RING_INIT;
	struct iou_image image = {};
	struct iou_loop *loop = NULL;
	struct iou_err err = {};

	if (argc < 2 || argc > 4)
		return 2;
	if (iou_ring_init(&ring, &config, &err))
		return fail("ring", &err);
	if (strcmp(argv[1], "-") == 0)
		return fill(&ring) ? 1 : show(&ring);
	if (iou_image_find(&image, argv[1], &err) || iou_loop_open(&loop, &image, NULL, &err))
		return fail("open", &err);
	iou_loop_ring_fd_set(loop, ring.fd);
	if (iou_loop_load(loop, &err) || iou_loop_attach(loop, &err))
		return fail("attach", &err);
	if (argc == 4 && tie(loop, &ring, pin, argv[3], &err))
		return fail("tie", &err);
	if (strcmp(pin, "-") != 0) {
		if (pin_link(pin))
			return fail("pin", &err);
		iou_loop_free(loop);
	}
	return show(&ring);
}
