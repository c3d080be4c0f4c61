// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loop.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

void wrong(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vfprintf(stdout, format, args);
	va_end(args);
	putchar('\n');
	fflush(stdout);
	_exit(1);
}

/* ---- Rings ---- */

#define PAGE 4096

/* A page, which the kernel writes to until the ring has gone, some time after it is closed: it is
 * no memory of malloc()'s. */
static void *user_memory(void)
{
	void *memory = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	check(memory != MAP_FAILED, "no memory");
	return memory;
}

static void free_memory(struct ring *ring)
{
	for (int i = 0; i < 2; i++)
		if (ring->memory[i])
			munmap(ring->memory[i], PAGE);
}

int ring_try(struct ring *ring, uint32_t entries, uint32_t flags)
{
	struct io_uring_params *params = &ring->params;

	*ring = (struct ring){.params = {.flags = flags}};
	if (flags & IORING_SETUP_CQSIZE)
		params->cq_entries = entries;
	if (flags & IORING_SETUP_NO_MMAP) {
		ring->memory[0] = user_memory();
		ring->memory[1] = user_memory();
		params->cq_off.user_addr = (uintptr_t)ring->memory[0];
		params->sq_off.user_addr = (uintptr_t)ring->memory[1];
	}
	ring->fd = (int)syscall(SYS_io_uring_setup, entries, params);
	if (ring->fd >= 0)
		return 0;
	ring->fd = -errno;
	free_memory(ring);
	return ring->fd;
}

void ring_make(struct ring *ring, uint32_t entries, uint32_t flags)
{
	int ret = ring_try(ring, entries, flags);

	check(!ret, "a ring of %u entries, flags %#x: %s", entries, flags, strerror(-ret));
}

void ring_free(struct ring *ring)
{
	close(ring->fd);
	free_memory(ring);
}

int ring_enter(const struct ring *ring)
{
	long ret = syscall(SYS_io_uring_enter, ring->fd, 0, 0, IORING_ENTER_GETEVENTS, NULL, 0);

	return ret < 0 ? -errno : (int)ret;
}

int ring_enable(const struct ring *ring)
{
	long ret = syscall(SYS_io_uring_register, ring->fd, IORING_REGISTER_ENABLE_RINGS, NULL, 0);

	return ret < 0 ? -errno : 0;
}

/* As the header that the distribution has may not have them. */
struct region_desc {
	uint64_t user_addr, size;
	uint32_t flags, id;
	uint64_t mmap_offset, rest[4];
};

struct region_reg {
	uint64_t region, flags, rest[2];
};

enum { REGISTER_MEM_REGION = 34, REGION_USER = 1 };

int ring_register_memory(const struct ring *ring, void *memory, uint64_t size)
{
	struct region_desc desc = {
		.user_addr = (uintptr_t)memory, .size = size, .flags = REGION_USER};
	struct region_reg reg = {.region = (uintptr_t)&desc};

	return syscall(SYS_io_uring_register, ring->fd, REGISTER_MEM_REGION, &reg, 1) ? -errno : 0;
}

/* ---- The loop ---- */

static struct layout layout_of(const struct ring *ring)
{
	const struct io_uring_params *params = &ring->params;
	struct layout layout = {
		.sq_tail = params->sq_off.tail,
		.cq_head = params->cq_off.head,
		.cq_tail = params->cq_off.tail,
		.cqes = params->cq_off.cqes,
		.sq_entries = params->sq_entries,
		.cq_entries = params->cq_entries,
		.sqe_shift = params->flags & IORING_SETUP_SQE128 ? 7 : 6,
		.cqe_shift = params->flags & IORING_SETUP_CQE32 ? 5 : 4,
		.rewinds = !!(params->flags & IORING_SETUP_SQ_REWIND),
		.region_size = 1, /* what the verifier takes for memory */
	};

	layout.rings_size = layout.cqes + (layout.cq_entries << layout.cqe_shift);
	layout.sqes_size = layout.sq_entries << layout.sqe_shift;
	return layout;
}

static void *map_data(struct bpf_object *object)
{
	int fd = bpf_object__find_map_fd_by_name(object, ".data.shared");
	void *data = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	check(data != MAP_FAILED, "the loop's data cannot be mapped: %s", strerror(errno));
	return data;
}

static void load(struct loop *loop, const struct layout *layout, const char *program)
{
	const char *path = getenv("TORTURE_OBJECT");
	struct bpf_map *map, *ops = NULL;
	struct bpf_map_info info = {};
	__u32 size = sizeof(info);

	*loop = (struct loop){.object = bpf_object__open(path ?: "torture.bpf.o")};
	check(loop->object, "%s: %s", path, strerror(errno));
	bpf_object__for_each_map(map, loop->object)
	{
		void *value = bpf_map__initial_value(map, &(size_t){0});

		if (strcmp(bpf_map__name(map), ".rodata.layout") == 0)
			memcpy(value, layout, sizeof(*layout));
		if (bpf_map__type(map) == BPF_MAP_TYPE_STRUCT_OPS)
			ops = map;
	}
	check(bpf_object__load(loop->object) == 0, "%s is not loaded: %s", path, strerror(errno));
	loop->program = bpf_program__fd(bpf_object__find_program_by_name(loop->object, program));
	check(!bpf_map_get_info_by_fd(bpf_map__fd(ops), &info, &size), "no type of maps");
	/* As struct value has it. */
	check(info.value_size == 128, "values of %u bytes", info.value_size);
	loop->type = info.btf_vmlinux_value_type_id;
	loop->shared = map_data(loop->object);
}

void loop_load(struct loop *loop, const struct ring *ring)
{
	struct layout layout = layout_of(ring);

	load(loop, &layout, "torture_step");
}

void loop_load_for(struct loop *loop, uint32_t entries, uint32_t flags)
{
	struct ring ring;

	ring_make(&ring, entries, flags);
	loop_load(loop, &ring);
	ring_free(&ring);
}

void loop_load_region(struct loop *loop, const struct ring *ring, uint32_t region, uint32_t size)
{
	struct layout layout = layout_of(ring);

	layout.region = region;
	layout.region_size = size;
	load(loop, &layout, "region_step");
}

void loop_free(struct loop *loop)
{
	munmap(loop->shared, PAGE);
	bpf_object__close(loop->object);
}

/* ---- Bindings ---- */

/* struct bpf_struct_ops_io_uring_bpf_ops: what is the operations' begins at a cache line. */
struct value {
	uint64_t head[8];
	uint64_t loop_step; /* the program's descriptor */
	uint32_t ring_fd;
	uint64_t rest[6];
};

int binding_map(struct binding *binding, const struct loop *loop, int ring_fd)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_LINK,
		    .btf_fd = (__u32)bpf_object__btf_fd(loop->object),
		    .btf_vmlinux_value_type_id = loop->type);
	struct value value = {.loop_step = (uint64_t)loop->program, .ring_fd = (uint32_t)ring_fd};
	int ret;

	*binding = (struct binding){.link = -1};
	binding->map = bpf_map_create(BPF_MAP_TYPE_STRUCT_OPS, "torture", 4, sizeof(value), 1,
				      &opts);
	if (binding->map < 0)
		return binding->map;
	ret = bpf_map_update_elem(binding->map, &(uint32_t){0}, &value, 0);
	if (!ret)
		return 0;
	close(binding->map);
	binding->map = -1;
	return ret;
}

int binding_link(struct binding *binding)
{
	binding->link = bpf_link_create(binding->map, 0, BPF_STRUCT_OPS, NULL);
	return binding->link < 0 ? binding->link : 0;
}

void binding_end(struct binding *binding)
{
	if (binding->link >= 0)
		close(binding->link);
	if (binding->map >= 0)
		close(binding->map);
	*binding = (struct binding){-1, -1};
}

void bind_loop(struct binding *binding, const struct loop *loop, const struct ring *ring)
{
	int ret = binding_map(binding, loop, ring->fd) ?: binding_link(binding);

	check(!ret, "the loop is not bound: %s", strerror(-ret));
}

/* ---- What it does ---- */

void work_spin(const struct loop *loop)
{
	memset(loop->shared, 0, sizeof(*loop->shared));
	loop->shared->verdict = 1;
}

static void set_sqe(const struct loop *loop, const struct io_uring_sqe *sqe)
{
	memcpy(loop->shared->sqe, sqe, sizeof(loop->shared->sqe));
}

void work_nops(const struct loop *loop, uint32_t wanted, uint32_t batch, uint8_t flags)
{
	work_spin(loop);
	set_sqe(loop, &(struct io_uring_sqe){.opcode = IORING_OP_NOP, .flags = flags});
	loop->shared->wanted = wanted;
	loop->shared->batch = batch;
	loop->shared->depth = 64;
	loop->shared->wait = 1;
}

void work_sleep(const struct loop *loop, int fd)
{
	work_spin(loop);
	set_sqe(loop,
		&(struct io_uring_sqe){.opcode = IORING_OP_POLL_ADD, .fd = fd, .poll32_events = 1});
	loop->shared->wanted = fd < 0 ? 0 : 1;
	loop->shared->batch = fd < 0 ? 0 : 1;
	loop->shared->wait = 1;
}

/* ---- What else tests need ---- */

uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

void pause_ns(uint64_t ns)
{
	nanosleep(&(struct timespec){(time_t)(ns / 1000000000), (long)(ns % 1000000000)}, NULL);
}

void spin_ns(uint64_t ns)
{
	uint64_t end = now_ns() + ns;

	while (now_ns() < end)
		;
}

uint32_t random_below(uint32_t bound)
{
	static uint64_t state = 1;

	state = state * 6364136223846793005 + 1442695040888963407;
	return (uint32_t)(state >> 33) % bound;
}

void run_on(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

static void on_signal(int number)
{
	(void)number;
}

void hear_signals(void)
{
	sigaction(SIGUSR1, &(struct sigaction){.sa_handler = on_signal}, NULL);
}
