/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The task that is in a loop: where its registers are, and how it is woken. For policy.bpf.h, and
 * for the tool itself.
 */
#pragma once

#include <stdbool.h>
#include <linux/types.h>
#include <linux/bpf.h>
#include <linux/version.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

/* Where the system call's arguments are. One of the two is the kernel's own (CO-RE). */
struct pt_regs___iou_x86 {
	unsigned long di, si, dx, r10, r8, r9; /* 64-bit callers */
	unsigned long bx, cx, bp;              /* what 32-bit callers use beside them */
	unsigned long orig_ax;
	__u16 cs;
} __attribute__((preserve_access_index));

struct pt_regs___iou_arm64 {
	__u64 regs[31];
	__u64 pstate;
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

/* Linux 6.18. An older one that got loops by a patch (kernel-patches/) has what comes with that. */
extern int bpf_task_work_schedule_resume(struct task_struct *task, struct bpf_task_work *work,
					 void *map__map,
					 int (*callback)(struct bpf_map *map, void *key,
							 void *value)) __ksym __weak;
extern int bpf_task_work_schedule_signal(struct task_struct *task, struct bpf_task_work *work,
					 void *map__map,
					 int (*callback)(struct bpf_map *map, void *key,
							 void *value)) __ksym __weak;

extern void bpf_io_uring_wake(struct task_struct *task) __ksym __weak;

/* include/uapi/asm-generic/unistd.h: the same number on all architectures. */
#define IOU_NR_ENTER 426

/* __X32_SYSCALL_BIT: it is 64-bit code with pointers of 32, and its registers are those of others.
 */
#define IOU_X86_X32 0x40000000U

/* Whether the task's last system call, which it may be in, was io_uring_enter(2). */
static __always_inline bool iou_in_enter(struct task_struct *task)
{
	void *regs = (void *)bpf_task_pt_regs(task);

	if (bpf_core_field_exists(struct pt_regs___iou_x86, r10))
		return ((__u32)((struct pt_regs___iou_x86 *)regs)->orig_ax & ~IOU_X86_X32) ==
		       IOU_NR_ENTER;
	return ((struct pt_regs___iou_arm64 *)regs)->syscallno == IOU_NR_ENTER;
}

static int iou_awake(struct bpf_map *map, void *key, void *value)
{
	return 0;
}

/* One that sleeps in a loop takes another step. @work is in a value of @map, which is for this
 * alone. */
static __always_inline void iou_task_wake(struct task_struct *task, struct bpf_task_work *work,
					  void *map)
{
	/* A kernel that has neither is told by libbpf that it lacks the latter. */
	if (bpf_ksym_exists(bpf_task_work_schedule_signal))
		bpf_task_work_schedule_signal(task, work, map, iou_awake);
	else
		bpf_io_uring_wake(task);
}
