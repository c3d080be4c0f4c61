// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What the kernel's BTF says: types, kfuncs, iterators, opcodes. */
#include <bpf/btf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "object/load.h"
#include "probe/checks.h"

static void add(struct iou_probe *probe, const char *group, const char *id, const char *what,
		bool needed, bool has, const char *why)
{
	iou_probe_add(probe,
		      &(struct iou_check){
			      .group = group,
			      .answer = has ? IOU_ANSWER_YES : IOU_ANSWER_NO,
			      .needed = needed,
		      },
		      id, what, why);
}

static const struct btf_type *find_struct(const struct btf *btf, const char *name)
{
	__s32 id = btf__find_by_name_kind(btf, name, BTF_KIND_STRUCT);

	return id > 0 ? btf__type_by_id(btf, (__u32)id) : NULL;
}

static bool has_func(const struct btf *btf, const char *name)
{
	return btf__find_by_name_kind(btf, name, BTF_KIND_FUNC) > 0;
}

static const struct btf_type *strip(const struct btf *btf, __u32 id)
{
	const struct btf_type *t = btf__type_by_id(btf, id);

	while (t && (btf_is_mod(t) || btf_is_typedef(t) || btf_is_ptr(t)))
		t = btf__type_by_id(btf, t->type);
	return t;
}

/* The name of the struct that loop_step's first argument points to. */
static const char *context_name(const struct btf *btf, const struct btf_type *ops)
{
	const struct btf_member *m = btf_members(ops);

	for (int i = 0; i < btf_vlen(ops); i++, m++) {
		const struct btf_type *proto, *ctx;

		if (strcmp(btf__name_by_offset(btf, m->name_off), "loop_step") != 0)
			continue;
		proto = strip(btf, m->type);
		if (!proto || !btf_is_func_proto(proto) || btf_vlen(proto) < 1)
			return NULL;
		ctx = strip(btf, btf_params(proto)[0].type);
		return ctx ? btf__name_by_offset(btf, ctx->name_off) : NULL;
	}
	return NULL;
}

static void member_names(const struct btf *btf, const struct btf_type *t, char *text, size_t size)
{
	const struct btf_member *m = btf_members(t);
	size_t at = 0;

	text[0] = '\0';
	for (int i = 0; i < btf_vlen(t) && at < size; i++, m++)
		at += (size_t)snprintf(text + at, size - at, "%s%s", i ? ", " : "",
				       btf__name_by_offset(btf, m->name_off));
}

static void check_types(struct iou_probe *probe, const struct btf *btf)
{
	const struct btf_type *ops = find_struct(btf, "io_uring_bpf_ops");
	const struct btf_type *params = find_struct(btf, "iou_loop_params");
	const char *context = ops ? context_name(btf, ops) : NULL;
	char names[256] = "";

	add(probe, "kernel", "struct-type", "struct io_uring_bpf_ops", true, ops,
	    ops ? "" : "Linux 7.1 has it, with CONFIG_IO_URING_BPF_OPS");
	add(probe, "kernel", "context-type", "loop_step's context type", true, context,
	    context ?: "");
	if (params)
		member_names(btf, params, names, sizeof(names));
	add(probe, "kernel", "loop-params", "struct iou_loop_params", true, params, names);
}

static void check_kfuncs(struct iou_probe *probe, const struct btf *btf)
{
	static const struct {
		const char *id, *names[3]; /* any of them will do */
		bool needed;
		const char *use;
	} kfuncs[] = {
		{"kfunc-submit-sqes", {"bpf_io_uring_submit_sqes"}, true, ""},
		{"kfunc-get-region", {"bpf_io_uring_get_region"}, true, ""},
		{"kfunc-task-work-signal",
		 {"bpf_task_work_schedule_signal", "bpf_task_work_schedule_signal_impl",
		  "bpf_io_uring_wake"},
		 false,
		 "loops for other programs' rings wake them by it"},
		{"kfunc-task-work-resume",
		 {"bpf_task_work_schedule_resume", "bpf_task_work_schedule_resume_impl"},
		 false,
		 ""},
	};

	for (size_t i = 0; i < ARRAY_SIZE(kfuncs); i++) {
		const char *const *names = kfuncs[i].names, *name = NULL;
		char what[96];

		for (size_t j = 0; j < ARRAY_SIZE(kfuncs[i].names) && names[j] && !name; j++)
			name = has_func(btf, names[j]) ? names[j] : NULL;
		snprintf(what, sizeof(what), "kfunc %s", name ?: names[0]);
		add(probe, kfuncs[i].needed ? "kernel" : "later", kfuncs[i].id, what,
		    kfuncs[i].needed, name, name ? "" : kfuncs[i].use);
	}
}

/* Each iterator target is a function of this name (DEFINE_BPF_ITER_FUNC). */
static void check_iterators(struct iou_probe *probe, const struct btf *btf)
{
	add(probe, "later", "iter-task-file", "iterator over tasks' files", false,
	    has_func(btf, "bpf_iter_task_file"), "finds rings of other programs");
	add(probe, "later", "iter-bpf-map", "iterator over BPF maps", false,
	    has_func(btf, "bpf_iter_bpf_map"), "finds loops that are bound");
}

static void check_op_bpf(struct iou_probe *probe, const struct btf *btf)
{
	__s32 id = btf__find_by_name_kind(btf, "io_uring_op", BTF_KIND_ENUM);
	const struct btf_type *t = id > 0 ? btf__type_by_id(btf, (__u32)id) : NULL;
	const struct btf_enum *e = t ? btf_enum(t) : NULL;
	bool has = false;

	for (int i = 0; t && i < btf_vlen(t); i++)
		has |= strcmp(btf__name_by_offset(btf, e[i].name_off), "IORING_OP_BPF") == 0;
	iou_probe_add(probe,
		      &(struct iou_check){
			      .group = "later",
			      .answer = !t    ? IOU_ANSWER_UNKNOWN
					: has ? IOU_ANSWER_YES
					      : IOU_ANSWER_NO,
		      },
		      "op-bpf", "IORING_OP_BPF",
		      has ? "" : "a request that runs a program: not what loops need");
}

/* All that is looked for above. */
static const struct iou_kernel_name asked[] = {
	{BTF_KIND_STRUCT, "io_uring_bpf_ops"},
	{BTF_KIND_STRUCT, "iou_loop_params"},
	{BTF_KIND_FUNC, "bpf_io_uring_submit_sqes"},
	{BTF_KIND_FUNC, "bpf_io_uring_get_region"},
	{BTF_KIND_FUNC, "bpf_task_work_schedule_signal"},
	{BTF_KIND_FUNC, "bpf_task_work_schedule_signal_impl"},
	{BTF_KIND_FUNC, "bpf_io_uring_wake"},
	{BTF_KIND_FUNC, "bpf_task_work_schedule_resume"},
	{BTF_KIND_FUNC, "bpf_task_work_schedule_resume_impl"},
	{BTF_KIND_FUNC, "bpf_iter_task_file"},
	{BTF_KIND_FUNC, "bpf_iter_bpf_map"},
	{BTF_KIND_ENUM, "io_uring_op"},
};

void iou_probe_kernel(struct iou_probe *probe)
{
	struct btf *btf = iou_kernel_btf(asked, ARRAY_SIZE(asked));
	char why[160] = "";

	if (!btf)
		snprintf(why, sizeof(why), "%s: %s; the kernel needs CONFIG_DEBUG_INFO_BTF",
			 "/sys/kernel/btf/vmlinux", strerror(errno));
	add(probe, "kernel", "btf", "the kernel's BTF", true, btf, why);
	if (!btf)
		return;
	check_types(probe, btf);
	check_kfuncs(probe, btf);
	check_iterators(probe, btf);
	check_op_bpf(probe, btf);
	btf__free(btf);
}
