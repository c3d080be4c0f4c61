// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * No loop, but what iouctl itself wakes a task with that sleeps in a policy's loop: see
 * src/attach/wake.h. It is the tool's own, since what comes with a loop may be anybody's, and what
 * the tool runs is run with the tool's privileges.
 */
#include <stdbool.h>
#include <linux/types.h>
#include <linux/bpf.h>
#include <linux/version.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

char iou_license[] SEC("license") = "Dual BSD/GPL";

/* Where the number of the system call is. One of the two is the kernel's own (CO-RE). */
struct pt_regs___iou_x86 {
	unsigned long r10, orig_ax;
} __attribute__((preserve_access_index));

struct pt_regs___iou_arm64 {
	__s32 syscallno;
} __attribute__((preserve_access_index));

/* Opaque; libbpf wants them to be structs as the kernel's are. */
struct task_struct {
};
struct bpf_map {
};

/* <linux/bpf.h> has it from Linux 6.18 on; the kernel knows it by its name. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 18, 0)
struct bpf_task_work {
	__u64 __opaque;
} __attribute__((aligned(8)));
#endif

extern struct task_struct *bpf_task_from_pid(__s32 pid) __ksym;
extern void bpf_task_release(struct task_struct *task) __ksym;
extern int bpf_task_work_schedule_signal(struct task_struct *task, struct bpf_task_work *work,
					 void *map__map,
					 int (*callback)(struct bpf_map *map, void *key,
							 void *value)) __ksym;

/* include/uapi/asm-generic/unistd.h: the same number on all architectures. */
#define NR_ENTER 426

/* __X32_SYSCALL_BIT */
#define X32_BIT 0x40000000

struct wake {
	struct bpf_task_work work;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct wake);
} iou_wakes SEC(".maps");

/* Its last system call, which it may be in. */
static bool in_enter(struct task_struct *task)
{
	void *regs = (void *)bpf_task_pt_regs(task);

	if (bpf_core_field_exists(struct pt_regs___iou_x86, r10))
		return ((__u32)((struct pt_regs___iou_x86 *)regs)->orig_ax & ~X32_BIT) == NR_ENTER;
	return ((struct pt_regs___iou_arm64 *)regs)->syscallno == NR_ENTER;
}

static int awake(struct bpf_map *map, void *key, void *value)
{
	return 0;
}

/* 1: the task, by its number in the first pid namespace, is in io_uring_enter(2), and was woken. It
 * takes another step in the loop; in any other call it would be disturbed. */
SEC("syscall")
int iou_wake(__s32 *tid)
{
	struct wake *wake = bpf_map_lookup_elem(&iou_wakes, &(__u32){0});
	struct task_struct *task;
	bool inside;

	task = wake ? bpf_task_from_pid(*tid) : NULL;
	if (!task)
		return 0;
	inside = in_enter(task);
	if (inside)
		bpf_task_work_schedule_signal(task, &wake->work, &iou_wakes, awake);
	bpf_task_release(task);
	return inside;
}
