// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * No loop, but what iouctl itself wakes a task with that sleeps in a policy's loop: see
 * src/attach/wake.h. It is the tool's own, since what comes with a loop may be anybody's, and what
 * the tool runs is run with the tool's privileges.
 */
#include <iouctl/task.bpf.h>

char iou_license[] SEC("license") = "Dual BSD/GPL";

struct wake {
	struct bpf_task_work work;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct wake);
} iou_wakes SEC(".maps");

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
	inside = iou_in_enter(task);
	if (inside)
		iou_task_wake(task, &wake->work, &iou_wakes);
	bpf_task_release(task);
	return inside;
}
