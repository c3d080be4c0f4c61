// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A loop written without iouctl's header, with variables and maps of all kinds. */
#include <stdbool.h>
#include <linux/types.h>
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

struct io_ring_ctx {
};

struct iou_loop_params {
	__u32 cq_wait_idx;
} __attribute__((preserve_access_index));

struct io_uring_bpf_ops {
	int (*loop_step)(struct io_ring_ctx *ctx, struct iou_loop_params *params);
	__u32 ring_fd;
	void *priv;
};

/* ---- Variables ---- */

enum color { RED, GREEN = 5, BLUE = -1 };
enum wide { HUGE_ONE = 0x123456789abcULL };

struct inner {
	__u16 a;
	__s16 b;
};

struct outer {
	char name[8];
	struct inner in[2];
	union {
		__u32 word;
		__u8 bytes[4];
	};
	__u32 low : 3;
	__s32 high : 5;
	enum color color;
};

const volatile __u64 constant = 18446744073709551615ULL;
const volatile char text[16] = "t\033\xff";
__u8 small = 200;
__s8 negative = -3;
__s64 minimum = (-9223372036854775807LL - 1);
__u32 big = 1234567;
bool yes = true;
char letter = 'x';
enum color color = BLUE, unnamed = 3;
enum wide wide = HUGE_ONE;
__int128 wider = 0x1122334455667788LL;
double real = 0.1;
float single = -2.5;
__u32 matrix[2][3] = {{1, 2, 3}, {4, 5, 6}};
__u16 many[300];
struct outer outer = {.name = "abc",
		      .word = 0x4030201,
		      .in = {{1, -2}, {3, -4}},
		      .low = 5,
		      .high = -6,
		      .color = 5};
__u32 zero;
void *pointer;
__u32 custom SEC(".data.own") = 7;

/* ---- Maps ---- */

struct counts {
	__u64 hits;
	char note[4];
	__s32 delta;
	__u32 by_size[2];
};

struct key {
	__u16 port;
	__u16 host;
};

#define MAP(name, kind, k, v, max)                 \
	struct {                                   \
		__uint(type, BPF_MAP_TYPE_##kind); \
		__type(key, k);                    \
		__type(value, v);                  \
		__uint(max_entries, max);          \
	} name SEC(".maps")

typedef char word_t[8];

MAP(res_map, ARRAY, __u32, __u64, 3);
MAP(long_map, ARRAY, __u32, __u32, 1000);
MAP(words, HASH, word_t, struct counts, 16);
MAP(ports, LRU_HASH, struct key, enum color, 16);
MAP(none, HASH, __u32, __u32, 16);
MAP(cpu_array, PERCPU_ARRAY, __u32, __u32, 2);
MAP(cpu_hash, PERCPU_HASH, __u32, struct counts, 4);
MAP(many_keys, HASH, __u32, __u32, 200);

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(key_size, 4);
	__uint(value_size, 6);
	__uint(max_entries, 4);
} untyped SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_WRONLY);
	__type(key, __u32);
	__type(value, __u32);
	__uint(max_entries, 1);
} secret SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__type(value, __u32);
	__uint(max_entries, 2);
} queue SEC(".maps");

static __always_inline void fill_arrays(void)
{
	/* The verifier forgets what is in a variable whose address a map was given. */
	for (__u32 i = 0; i < 3; i++) {
		__u32 key = i;
		__u64 *value = bpf_map_lookup_elem(&res_map, &key);

		if (value)
			*value = 5 + i;
	}
	for (__u32 cpu = 0; cpu < 2; cpu++) {
		__u32 key = 1, *value = bpf_map_lookup_percpu_elem(&cpu_array, &key, cpu);

		if (value)
			*value = 4000000000U + cpu;
	}
}

static __always_inline void fill_hashes(void)
{
	struct counts counts = {.hits = 3, .note = "hi", .delta = -7, .by_size = {10, 20}}, *value;
	struct key key = {.port = 80, .host = 1};
	enum color green = GREEN;
	__u32 one = 1, last = 0xddccbbaa;
	char bytes[6] = {1, 2, 3, 0xfe, 0xff, 0};
	word_t word = "a\"b";

	bpf_map_update_elem(&words, &word, &counts, BPF_ANY);
	bpf_map_update_elem(&ports, &key, &green, BPF_ANY);
	bpf_map_update_elem(&cpu_hash, &one, &counts, BPF_ANY);
	for (__u32 cpu = 0; cpu < 2; cpu++) {
		value = bpf_map_lookup_percpu_elem(&cpu_hash, &one, cpu);
		if (value)
			*value = counts;
	}
	for (__u32 i = 0; i < 100; i++) {
		__u32 copy = i;

		bpf_map_update_elem(&many_keys, &copy, &copy, BPF_ANY);
	}
	bpf_map_update_elem(&untyped, &last, &bytes, BPF_ANY);
	bpf_map_push_elem(&queue, &one, BPF_ANY);
}

SEC("struct_ops.s/dump_step")
int BPF_PROG(dump_step, struct io_ring_ctx *ring, struct iou_loop_params *params)
{
	static __u32 calls = 41;
	__u32 key = 0, *value = bpf_map_lookup_elem(&secret, &key);

	fill_arrays();
	fill_hashes();
	calls++;
	zero = constant != 0 && text[0] == 't' && value;
	pointer = (void *)0x1234;
	return 1;
}

SEC(".struct_ops.link")
struct io_uring_bpf_ops dump = {
	.loop_step = (void *)dump_step,
};

char LICENSE[] SEC("license") = "GPL";
