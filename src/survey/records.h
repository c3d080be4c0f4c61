/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What bpf/survey.bpf.c tells the tool: records of a fixed size, one stream for each iterator. */
#pragma once

#include <linux/types.h>

/* ---- iter/task_file: a descriptor that is of interest ---- */

enum iou_file_kind {
	IOU_FILE_RING,
	IOU_FILE_LINK, /* of struct_ops: @link_id */
};

/* Fields that this kernel has. */
enum {
	IOU_RING_HAS_SETUP = 1 << 0,     /* flags, and both sizes */
	IOU_RING_HAS_INDICES = 1 << 1,   /* heads and tails, lost, overflowed */
	IOU_RING_HAS_IN_FLIGHT = 1 << 2, /* in_flight */
	IOU_RING_HAS_SUBMITTER = 1 << 3, /* submitter; 0: nobody yet, or anybody */
	IOU_RING_HAS_LOOP = 1 << 4,      /* ops: 0 for a ring without a loop */
};

struct iou_file_record {
	__u32 kind, has;
	__s32 pid, tid; /* in the reader's pid namespace; 0 where they are not in that */
	__s32 global_pid;
	__u32 fd;
	char comm[16]; /* of the process */
	__u64 ino;
	__u32 link_id;
	__u32 setup;
	__u64 ctx, ops; /* addresses in the kernel */
	__u32 sq_entries, cq_entries;
	__u32 sq_head, sq_tail, cq_head, cq_tail;
	__u32 lost; /* CQEs, for want of memory */
	__u32 in_flight;
	__s32 submitter; /* tid, likewise */
	__u32 overflowed;
};

/* ---- iter/bpf_map: a loop ---- */

#define IOU_RECORD_META 456 /* IOU_META_SIZE of src/meta */

struct iou_loop_record {
	__u32 map_id, prog_id;
	char map_name[16], prog_name[16];
	__u64 ctx, ops;  /* of the ring that it is bound to, or 0; its own operations */
	__u64 loaded_ns; /* CLOCK_BOOTTIME, or 0 */
	__u32 has_meta, pad;
	char meta[IOU_RECORD_META]; /* the value of the map that src/meta binds to programs */
};

/* ---- iter/bpf_link: a link of struct_ops ---- */

struct iou_link_record {
	__u32 link_id, map_id; /* map 0: what it was bound to is gone */
};
