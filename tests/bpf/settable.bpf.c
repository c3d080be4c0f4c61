// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A loop without iouctl's header, with variables of all types that there are. It stops at once. */
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

typedef unsigned long long count_t;

enum colour { RED, GREEN = 5, BLUE = -7 };
enum tiny { TINY_ONE = 1, TINY_TWO } __attribute__((packed));
enum wide { WIDE_LOW = 1, WIDE_HIGH = 0x1122334455667788ULL };

struct inner {
	__u16 c;
	__u32 pair[2];
};

struct outer {
	__u8 first;
	struct inner b[3];
	union {
		__u64 whole;
		struct {
			__u32 low, high;
		};
	};
	unsigned int bits : 3;
	unsigned int more_bits : 5;
	char name[6];
};

__u8 u8;
__s8 s8;
__u16 u16;
__s16 s16 = 1;
__u32 u32 = 1;
__s32 s32;
__u64 u64;
__s64 s64;
const volatile count_t constant = 7;
volatile const count_t array[4] = {1, 2, 3, 4};
__u32 matrix[2][3];
bool flag;
char letter = 'a';
char name[8] = "default";
char names[2][4] = {"ab", "cd"};
enum colour colour;
enum tiny tiny;
enum wide wide;
void *pointer;
double real;
__int128 huge;
struct outer a = {.first = 1};
int tuned SEC(".data.tuning") = 3;

extern int LINUX_KERNEL_VERSION __kconfig;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} results SEC(".maps");

static void count_call(void)
{
	static volatile int calls;

	calls++;
}

SEC("struct_ops.s/stop_step")
int BPF_PROG(stop_step, struct io_ring_ctx *ring, struct iou_loop_params *params)
{
	count_call();
	params->cq_wait_idx = LINUX_KERNEL_VERSION;
	return 1;
}

SEC(".struct_ops.link")
struct io_uring_bpf_ops settable = {
	.loop_step = (void *)stop_step,
};

char LICENSE[] SEC("license") = "GPL";
