// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * No loop, but what iouctl itself looks around with: iterators over the files of all tasks, over
 * maps and over links. See src/survey.
 *
 * All of the kernel's data is read by CO-RE, and fields that it may lack are asked for first. It is
 * read as it is being changed: what is told may be a moment old, or be torn.
 */
#include <stdbool.h>
#include <linux/types.h>
#include <linux/bpf.h>
#include <linux/io_uring.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include "../src/survey/records.h"

char iou_license[] SEC("license") = "Dual BSD/GPL";

#define ANON_INODES 0x09041934       /* ANON_INODE_FS_MAGIC of <linux/magic.h> */
#define FREE_MAX (1 << 16)           /* requests of a ring that are kept for reuse */
#define MAPS_MAX 32                  /* maps of a program that are looked at, the last first */
#define IOU_META_MAP "iouctl.rodata" /* as in src/meta/meta.h */

/* ---- The kernel's types, as far as they are used ---- */

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct upid {
	int nr;
};

struct pid {
	unsigned int level;
	struct upid numbers[1];
};

struct task_struct {
	int pid, tgid;
	char comm[16];
	struct task_struct *group_leader;
	struct pid *thread_pid;
};

struct super_block {
	unsigned long s_magic;
};

struct inode {
	unsigned long i_ino;
	struct super_block *i_sb;
};

struct qstr {
	const unsigned char *name;
};

struct dentry {
	struct qstr d_name;
};

struct path {
	struct dentry *dentry;
};

struct file {
	void *private_data;
	struct inode *f_inode;
	struct path f_path;
};

struct io_uring {
	__u32 head, tail;
};

typedef struct {
	int counter;
} atomic_t;

struct io_rings {
	struct io_uring sq, cq;
	atomic_t sq_flags;
	__u32 cq_overflow;
};

struct io_wq_work_node {
	struct io_wq_work_node *next;
};

struct io_submit_state {
	struct io_wq_work_node free_list;
};

struct io_ring_ctx {
	unsigned int flags, sq_entries, cq_entries, nr_req_allocated;
	struct task_struct *submitter_task;
	struct io_rings *rings;
	struct io_submit_state submit_state;
	struct io_uring_bpf_ops *bpf_ops;
};

struct io_uring_bpf_ops {
	void *priv;
};

struct bpf_prog_aux {
	__u32 id, used_map_cnt;
	__u64 load_time;
	struct bpf_map **used_maps;
	char name[16];
};

struct bpf_prog {
	struct bpf_prog_aux *aux;
};

struct bpf_map {
	enum bpf_map_type map_type;
	__u32 id, value_size;
	char name[16];
};

struct bpf_array {
	char value[1];
};

struct bpf_link {
	__u32 id;
	enum bpf_link_type type;
	struct bpf_prog *prog;
};

struct bpf_struct_ops {
	const char *name;
};

struct bpf_struct_ops_desc {
	struct bpf_struct_ops *st_ops;
};

struct bpf_struct_ops_value {
	char data[1];
};

struct bpf_struct_ops_map {
	struct bpf_map map;
	struct bpf_struct_ops_desc *st_ops_desc;
	struct bpf_link **links;
	struct bpf_struct_ops_value kvalue;
};

struct bpf_struct_ops_link {
	struct bpf_link link;
	struct bpf_map *map;
};

struct seq_file;

struct bpf_iter_meta {
	struct seq_file *seq;
};

struct bpf_iter__task_file {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
	__u32 fd;
	struct file *file;
};

struct bpf_iter__bpf_map {
	struct bpf_iter_meta *meta;
	struct bpf_map *map;
};

struct bpf_iter__bpf_link {
	struct bpf_iter_meta *meta;
	struct bpf_link *link;
};

#pragma clang attribute pop

/* ---- What is common ---- */

#define TEXT_MAX 24

/* Whether the kernel's string at @at is @wanted, a literal of at most TEXT_MAX - 2 characters. */
#define is_text(at, wanted) same_text(at, wanted, sizeof(wanted))

static __always_inline bool same_text(const void *at, const char *wanted, __u32 size)
{
	char text[TEXT_MAX] = {};
	char differs = 0;

	if (bpf_probe_read_kernel_str(text, sizeof(text), at) != size)
		return false;
#pragma unroll
	for (__u32 i = 0; i < size; i++)
		differs |= text[i] ^ wanted[i];
	return !differs;
}

/* The number of @task in the pid namespace of who reads; 0 where it is not in that. */
static __always_inline int task_nr(struct task_struct *task)
{
	struct task_struct *reader = (struct task_struct *)bpf_get_current_task();
	unsigned int level = BPF_CORE_READ(reader, thread_pid, level);
	struct pid *pid = BPF_CORE_READ(task, thread_pid);
	struct upid *number;
	int nr = 0;

	if (!pid || BPF_CORE_READ(pid, level) < level)
		return 0;
	number = (void *)pid + bpf_core_field_offset(struct pid, numbers) +
		 level * bpf_core_type_size(struct upid);
	bpf_core_read(&nr, sizeof(nr), &number->nr);
	return nr;
}

/* ---- Rings, and who holds links ---- */

struct walk {
	struct io_wq_work_node *node;
	__u32 nr;
};

static long walk_free(__u32 index, void *data)
{
	struct walk *walk = data;
	struct io_wq_work_node *node = walk->node;

	if (!node)
		return 1;
	walk->nr++;
	walk->node = BPF_CORE_READ(node, next);
	return 0;
}

/*
 * The kernel keeps what is done for reuse: what it allocated and does not keep is in flight, of
 * whatever kind it is. The list is walked without its lock.
 */
static __always_inline void count_in_flight(struct iou_file_record *record, struct io_ring_ctx *ctx)
{
	struct walk walk = {};
	__u32 all;

	if (!bpf_core_field_exists(ctx->nr_req_allocated) ||
	    !bpf_core_field_exists(ctx->submit_state.free_list))
		return;
	all = BPF_CORE_READ(ctx, nr_req_allocated);
	walk.node = BPF_CORE_READ(ctx, submit_state.free_list.next);
	bpf_loop(FREE_MAX, walk_free, &walk, 0);
	if (walk.node || walk.nr > all)
		return;
	record->in_flight = all - walk.nr;
	record->has |= IOU_RING_HAS_IN_FLIGHT;
}

static __always_inline void read_indices(struct iou_file_record *record, struct io_ring_ctx *ctx)
{
	struct io_rings *rings = BPF_CORE_READ(ctx, rings);

	if (!rings)
		return;
	record->sq_head = BPF_CORE_READ(rings, sq.head);
	record->sq_tail = BPF_CORE_READ(rings, sq.tail);
	record->cq_head = BPF_CORE_READ(rings, cq.head);
	record->cq_tail = BPF_CORE_READ(rings, cq.tail);
	record->lost = BPF_CORE_READ(rings, cq_overflow);
	record->overflowed = !!(BPF_CORE_READ(rings, sq_flags.counter) & IORING_SQ_CQ_OVERFLOW);
	record->has |= IOU_RING_HAS_INDICES;
}

static __always_inline void read_ring(struct iou_file_record *record, struct io_ring_ctx *ctx)
{
	struct task_struct *submitter;

	record->ctx = (__u64)ctx;
	if (bpf_core_field_exists(ctx->flags)) {
		record->setup = BPF_CORE_READ(ctx, flags);
		record->sq_entries = BPF_CORE_READ(ctx, sq_entries);
		record->cq_entries = BPF_CORE_READ(ctx, cq_entries);
		record->has |= IOU_RING_HAS_SETUP;
	}
	if (bpf_core_field_exists(ctx->rings))
		read_indices(record, ctx);
	if (bpf_core_field_exists(ctx->submitter_task)) {
		submitter = BPF_CORE_READ(ctx, submitter_task);
		record->submitter = submitter ? task_nr(submitter) : 0;
		record->has |= IOU_RING_HAS_SUBMITTER;
	}
	if (bpf_core_field_exists(ctx->bpf_ops)) {
		record->ops = (__u64)BPF_CORE_READ(ctx, bpf_ops);
		record->has |= IOU_RING_HAS_LOOP;
	} else if (!bpf_core_type_exists(struct io_uring_bpf_ops)) {
		/* A kernel without loops. */
		record->has |= IOU_RING_HAS_LOOP;
	}
	count_in_flight(record, ctx);
}

static __always_inline bool read_link(struct iou_file_record *record, struct bpf_link *link)
{
	if (BPF_CORE_READ(link, type) != BPF_LINK_TYPE_STRUCT_OPS)
		return false;
	record->link_id = BPF_CORE_READ(link, id);
	return true;
}

/* Files without a place in a file system have the names that the kernel gave them. */
static __always_inline bool read_file(struct iou_file_record *record, struct file *file)
{
	const unsigned char *name = BPF_CORE_READ(file, f_path.dentry, d_name.name);
	void *data = BPF_CORE_READ(file, private_data);

	if (BPF_CORE_READ(file, f_inode, i_sb, s_magic) != ANON_INODES || !data)
		return false;
	record->ino = BPF_CORE_READ(file, f_inode, i_ino);
	if (is_text(name, "[io_uring]")) {
		record->kind = IOU_FILE_RING;
		read_ring(record, data);
		return true;
	}
	record->kind = IOU_FILE_LINK;
	return (is_text(name, "bpf-link") || is_text(name, "bpf_link")) && read_link(record, data);
}

SEC("iter/task_file")
int iou_survey_files(struct bpf_iter__task_file *it)
{
	struct iou_file_record record = {};
	struct task_struct *task = it->task, *leader;
	struct file *file = it->file;

	if (!task || !file || !read_file(&record, file))
		return 0;
	leader = BPF_CORE_READ(task, group_leader);
	record.pid = task_nr(leader);
	record.tid = task_nr(task);
	record.global_pid = BPF_CORE_READ(task, tgid);
	record.fd = it->fd;
	bpf_core_read_str(record.comm, sizeof(record.comm), &leader->comm);
	bpf_seq_write(it->meta->seq, &record, sizeof(record));
	return 0;
}

/* ---- Loops ---- */

static __always_inline bool is_loop(struct bpf_struct_ops_map *map)
{
	const char *name = BPF_CORE_READ(map, st_ops_desc, st_ops, name);

	return is_text(name, "io_uring_bpf_ops");
}

/* What was bound to the program is behind the maps that it uses. The list may be replaced
 * meanwhile. */
static __always_inline void find_meta(struct iou_loop_record *record, struct bpf_prog_aux *aux)
{
	struct bpf_map **maps = BPF_CORE_READ(aux, used_maps), *map;
	__u32 nr = BPF_CORE_READ(aux, used_map_cnt);

	for (int i = 0; i < MAPS_MAX && nr; i++) {
		nr--;
		map = NULL;
		bpf_probe_read_kernel(&map, sizeof(map), maps + nr);
		if (!map || !is_text(&map->name, IOU_META_MAP) ||
		    BPF_CORE_READ(map, map_type) != BPF_MAP_TYPE_ARRAY ||
		    BPF_CORE_READ(map, value_size) != sizeof(record->meta))
			continue;
		record->has_meta =
			bpf_probe_read_kernel(
				record->meta, sizeof(record->meta),
				(void *)map + bpf_core_field_offset(struct bpf_array, value)) == 0;
		return;
	}
}

/* What it calls: loop_step is the first of its operations, and the only one. */
static __always_inline void read_step(struct iou_loop_record *record,
				      struct bpf_struct_ops_map *map)
{
	struct bpf_link **links = BPF_CORE_READ(map, links), *link = NULL;
	struct bpf_prog_aux *aux;

	bpf_probe_read_kernel(&link, sizeof(link), links);
	aux = BPF_CORE_READ(link, prog, aux);
	record->prog_id = BPF_CORE_READ(aux, id);
	record->loaded_ns = BPF_CORE_READ(aux, load_time);
	bpf_core_read_str(record->prog_name, sizeof(record->prog_name), &aux->name);
	find_meta(record, aux);
}

/* Too large for the stack. The object is loaded anew by each survey, and read by that alone. */
static struct iou_loop_record loop_record;

SEC("iter/bpf_map")
int iou_survey_maps(struct bpf_iter__bpf_map *it)
{
	struct bpf_map *map = it->map;
	struct bpf_struct_ops_map *ops;
	struct io_uring_bpf_ops *own;

	if (!map || !bpf_core_type_exists(struct io_uring_bpf_ops) ||
	    BPF_CORE_READ(map, map_type) != BPF_MAP_TYPE_STRUCT_OPS)
		return 0;
	ops = (void *)map;
	if (!is_loop(ops))
		return 0;
	loop_record.prog_id = loop_record.has_meta = 0;
	loop_record.loaded_ns = 0;
	loop_record.prog_name[0] = '\0';
	loop_record.map_id = BPF_CORE_READ(map, id);
	bpf_core_read_str(loop_record.map_name, sizeof(loop_record.map_name), &map->name);
	own = (void *)ops + bpf_core_field_offset(struct bpf_struct_ops_map, kvalue.data);
	loop_record.ops = (__u64)own;
	loop_record.ctx = (__u64)BPF_CORE_READ(own, priv);
	if (bpf_core_field_exists(ops->links))
		read_step(&loop_record, ops);
	bpf_seq_write(it->meta->seq, &loop_record, sizeof(loop_record));
	return 0;
}

SEC("iter/bpf_link")
int iou_survey_links(struct bpf_iter__bpf_link *it)
{
	struct iou_link_record record = {};
	struct bpf_link *link = it->link;
	struct bpf_struct_ops_link *ops;
	struct bpf_map *map;

	if (!link || !bpf_core_type_exists(struct io_uring_bpf_ops) ||
	    BPF_CORE_READ(link, type) != BPF_LINK_TYPE_STRUCT_OPS)
		return 0;
	ops = (void *)link;
	map = BPF_CORE_READ(ops, map);
	record.link_id = BPF_CORE_READ(link, id);
	record.map_id = map ? BPF_CORE_READ(map, id) : 0;
	bpf_seq_write(it->meta->seq, &record, sizeof(record));
	return 0;
}
