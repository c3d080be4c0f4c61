// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "loop/internal.h"
#include "object/load.h"

/* Of one object: each is looked for anew, in BTF that may be as long as its author likes. */
#define LOOPS_MAX 64

/* <linux/bpf.h> has it from Linux 6.4 on. */
#ifndef BPF_F_LINK
#define BPF_F_LINK (1U << 13)
#endif

const char *iou_loop_name(const struct iou_loop *loop)
{
	return loop->image->name;
}

const char *iou_loop_source(const struct iou_loop *loop)
{
	return loop->image->source;
}

const struct btf *iou_loop_btf(const struct iou_loop *loop)
{
	return loop->btf;
}

struct bpf_object *iou_loop_object(const struct iou_loop *loop)
{
	return loop->object;
}

const struct iou_decls *iou_loop_decls(const struct iou_loop *loop)
{
	return &loop->decls;
}

static const struct iou_decl *self_of(const struct iou_loop *loop, const struct bpf_map *ops)
{
	for (size_t i = 0; i < loop->decls.nr; i++)
		if (loop->decls.list[i].what == IOU_DECL_LOOP &&
		    strcmp(loop->decls.list[i].variable, bpf_map__name(ops)) == 0)
			return &loop->decls.list[i];
	return NULL;
}

const struct iou_decl *iou_loop_self(const struct iou_loop *loop)
{
	return self_of(loop, loop->ops);
}

bool iou_loop_kernel_has_type(void)
{
	static const struct iou_kernel_name ops = {BTF_KIND_STRUCT, OPS_TYPE};
	struct btf *btf = iou_kernel_btf(&ops, 1);
	bool has;

	if (!btf)
		return false;
	has = btf__find_by_name_kind(btf, OPS_TYPE, BTF_KIND_STRUCT) > 0;
	btf__free(btf);
	return has;
}

/* ---- Open ---- */

/* The name of the struct that the variable behind a struct_ops map is of. */
static const struct btf_type *ops_type(const struct iou_loop *loop, const struct bpf_map *map)
{
	__s32 id = btf__find_by_name_kind(loop->btf, bpf_map__name(map), BTF_KIND_VAR);

	return id > 0 ? iou_btf_skip(loop->btf, btf__type_by_id(loop->btf, (__u32)id)->type) : NULL;
}

static bool is_loop(const struct iou_loop *loop, const struct bpf_map *map)
{
	const struct btf_type *t;

	if (bpf_map__type(map) != BPF_MAP_TYPE_STRUCT_OPS)
		return false;
	t = ops_type(loop, map);
	return t && btf_is_struct(t) &&
	       strcmp(btf__name_by_offset(loop->btf, t->name_off), OPS_TYPE) == 0;
}

static const struct btf_member *ops_member(const struct iou_loop *loop, const struct bpf_map *ops,
					   const char *name)
{
	const struct btf_type *t = ops_type(loop, ops);
	const struct btf_member *m = t ? btf_members(t) : NULL;

	for (int i = 0; t && i < btf_vlen(t); i++)
		if (strcmp(btf__name_by_offset(loop->btf, m[i].name_off), name) == 0)
			return &m[i];
	return NULL;
}

/* Where a member of the struct_ops value is, before load; NULL for a struct without it. */
static void *ops_field(const struct iou_loop *loop, const struct bpf_map *ops, const char *name,
		       size_t size)
{
	const struct btf_member *m = ops_member(loop, ops, name);
	size_t value_size = 0;
	char *value = bpf_map__initial_value(ops, &value_size);

	if (!m || !value || m->offset / 8 + size > value_size)
		return NULL;
	return value + m->offset / 8;
}

void *iou_loop_ops_field(const struct iou_loop *loop, const char *name, size_t size)
{
	return ops_field(loop, loop->ops, name, size);
}

/* The names of all loops in the object, for messages: "a, b and c". */
static void list_ops(const struct iou_loop *loop, char *text, size_t size)
{
	struct bpf_map *map;
	size_t at = 0;

	text[0] = '\0';
	bpf_object__for_each_map(map, loop->object)
	{
		if (!is_loop(loop, map) || at >= size)
			continue;
		at += (size_t)snprintf(text + at, size - at, "%s%s", at ? ", " : "",
				       bpf_map__name(map));
	}
}

/* The one that is @wanted, or else the only one, or else with @any the first. */
static int choose_ops(struct iou_loop *loop, const char *wanted, bool any, struct iou_err *err)
{
	const char *source = loop->image->source;
	struct bpf_map *map;
	char names[512];
	int nr = 0;

	bpf_object__for_each_map(map, loop->object)
	{
		if (!is_loop(loop, map))
			continue;
		if (++nr > LOOPS_MAX)
			return iou_err_set(err, IOU_CAUSE_REJECTED, "open", 0,
					   "'%s' has more than %d loops", source, LOOPS_MAX);
		if (wanted ? strcmp(bpf_map__name(map), wanted) == 0 : !loop->ops)
			loop->ops = map;
	}
	if (nr == 0) {
		iou_err_set(err, IOU_CAUSE_REJECTED, "open", 0,
			    "'%s' has no loop: no variable of type struct %s", source, OPS_TYPE);
		iou_err_hint(err, "declare one with IOU_LOOP() of <iouctl/loop.bpf.h>");
		return -ENOENT;
	}
	list_ops(loop, names, sizeof(names));
	if (!loop->ops) {
		iou_err_set(err, IOU_CAUSE_USAGE, "open", 0, "'%s' has no loop called '%s'", source,
			    wanted);
		iou_err_hint(err, "it has: %s", names);
		return -ENOENT;
	}
	if (nr > 1 && !wanted && !any) {
		loop->ops = NULL;
		iou_err_set(err, IOU_CAUSE_REJECTED, "open", 0, "'%s' has %d loops", source, nr);
		iou_err_hint(err, "choose one with --ops: %s", names);
		return -EINVAL;
	}
	return 0;
}

/* What the loop of the map @ops calls, or NULL. */
static struct bpf_program *step_of(const struct iou_loop *loop, const struct bpf_map *ops)
{
	struct bpf_program *prog, *called = NULL;
	const void *slot = ops_field(loop, ops, "loop_step", sizeof(called));

	/* libbpf puts a program there for a relocation; without one it is the object's own bytes,
	 * at whatever place its BTF says. */
	if (slot)
		memcpy(&called, slot, sizeof(called));
	bpf_object__for_each_program(prog, loop->object)
	{
		if (called == prog)
			return prog;
	}
	return NULL;
}

/*
 * A loop in section .struct_ops would be bound without a link, and stay so for ever, with nobody to
 * take it off, where the process is killed. Told before load, the kernel gives it a link like one
 * in .struct_ops.link.
 */
static int want_link(struct iou_loop *loop, struct iou_err *err)
{
	int ret = bpf_map__set_map_flags(loop->ops, bpf_map__map_flags(loop->ops) | BPF_F_LINK);

	if (ret)
		return iou_err_set(err, IOU_CAUSE_FAILED, "open", -ret, "cannot open the loop");
	return 0;
}

/* Leave out all other struct_ops maps and their programs: only one loop is loaded. */
static int select_step(struct iou_loop *loop, struct iou_err *err)
{
	struct bpf_program *prog;
	struct bpf_map *map;

	bpf_object__for_each_map(map, loop->object)
	{
		if (bpf_map__type(map) == BPF_MAP_TYPE_STRUCT_OPS && map != loop->ops)
			bpf_map__set_autocreate(map, false);
	}
	loop->step = step_of(loop, loop->ops);
	if (!loop->step)
		return iou_err_set(err, IOU_CAUSE_REJECTED, "open", 0,
				   "the loop '%s' of '%s' has no loop_step",
				   bpf_map__name(loop->ops), loop->image->source);
	bpf_object__for_each_program(prog, loop->object)
	{
		if (bpf_program__type(prog) == BPF_PROG_TYPE_STRUCT_OPS && prog != loop->step)
			bpf_program__set_autoload(prog, false);
	}
	return 0;
}

static int open_object(struct iou_loop *loop, struct iou_err *err)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts, .object_name = loop->image->name);
	int ret;

	loop->object = bpf_object__open_mem(loop->image->data, loop->image->size, &opts);
	if (!loop->object) {
		char why[128];

		ret = -errno;
		libbpf_strerror(ret, why, sizeof(why));
		iou_err_set(err, IOU_CAUSE_REJECTED, "open", 0, "'%s' cannot be read by libbpf: %s",
			    loop->image->source, why);
		iou_err_hint(err, "-v shows what libbpf says of it");
		return ret < -4000 ? -ENOEXEC : ret;
	}
	loop->btf = bpf_object__btf(loop->object);
	if (!loop->btf) {
		iou_err_set(err, IOU_CAUSE_REJECTED, "open", 0, "'%s' has no BTF",
			    loop->image->source);
		iou_err_hint(err, "compile it with -g");
		return -ENOENT;
	}
	return 0;
}

static int read_decls(struct iou_loop *loop, struct iou_err *err)
{
	int ret = iou_decls_read(&loop->decls, loop->btf, err);

	if (ret)
		return ret;
	loop->texts = calloc(loop->decls.nr + 1, sizeof(*loop->texts));
	if (!loop->texts)
		return iou_err_set(err, IOU_CAUSE_FAILED, "open", ENOMEM, "cannot open the loop");
	return iou_loop_check_decls(loop, err) ?: iou_loop_set_lists(loop, err);
}

static int open_loop(struct iou_loop **out, const struct iou_image *image, const char *ops,
		     bool any, struct iou_err *err)
{
	struct iou_loop *loop = calloc(1, sizeof(*loop));
	int ret;

	if (!loop)
		return iou_err_set(err, IOU_CAUSE_FAILED, "open", ENOMEM, "cannot open the loop");
	loop->image = image;
	loop->link_fd = -1;
	ret = open_object(loop, err);
	if (!ret)
		ret = choose_ops(loop, ops, any, err);
	if (!ret)
		ret = want_link(loop, err);
	if (!ret)
		ret = select_step(loop, err);
	if (!ret)
		ret = iou_loop_check_variables(loop, err) ?: read_decls(loop, err);
	if (ret) {
		iou_loop_free(loop);
		return ret;
	}
	iou_loop_find_check(loop);
	iou_loop_trace_set(loop, false);
	*out = loop;
	return 0;
}

int iou_loop_open(struct iou_loop **out, const struct iou_image *image, const char *ops,
		  struct iou_err *err)
{
	return open_loop(out, image, ops, false, err);
}

int iou_loop_open_any(struct iou_loop **out, const struct iou_image *image, struct iou_err *err)
{
	return open_loop(out, image, NULL, true, err);
}

bool iou_loop_ops(const struct iou_loop *loop, size_t nr, struct iou_ops *ops)
{
	struct bpf_program *step;
	struct bpf_map *map;

	bpf_object__for_each_map(map, loop->object)
	{
		if (!is_loop(loop, map) || nr--)
			continue;
		step = step_of(loop, map);
		*ops = (struct iou_ops){
			.name = bpf_map__name(map),
			.step = step ? bpf_program__name(step) : NULL,
			.self = self_of(loop, map),
			.chosen = map == loop->ops,
		};
		return true;
	}
	return false;
}

void iou_loop_free(struct iou_loop *loop)
{
	if (!loop)
		return;
	bpf_link__destroy(loop->link);
	iou_close(loop->link_fd);
	for (size_t i = 0; i < loop->mappings_nr; i++)
		munmap(loop->mappings[i].data, loop->mappings[i].size);
	bpf_object__close(loop->object);
	for (size_t i = 0; loop->texts && i < loop->decls.nr; i++)
		free(loop->texts[i]);
	free(loop->texts);
	iou_decls_release(&loop->decls);
	free(loop->log);
	free(loop->check_log);
	free(loop);
}

int iou_loop_trace_set(struct iou_loop *loop, bool on)
{
	struct bpf_map *map = bpf_object__find_map_by_name(loop->object, "iou_trace");

	if (!map || bpf_map__type(map) != BPF_MAP_TYPE_RINGBUF)
		return -EOPNOTSUPP;
	loop->traced = on;
	return bpf_map__set_autocreate(map, on);
}

void iou_loop_form_set(struct iou_loop *loop, bool rewind)
{
	const char *form = loop->traced ? "_traced" : rewind ? "_rewind" : "";
	void *slot = iou_loop_ops_field(loop, "loop_step", sizeof(void *));
	struct bpf_program *chosen;
	char name[256];

	snprintf(name, sizeof(name), "%s%s", bpf_program__name(loop->step), form);
	chosen = bpf_object__find_program_by_name(loop->object, name);
	if (!slot || !chosen || bpf_program__type(chosen) != BPF_PROG_TYPE_STRUCT_OPS)
		return;
	bpf_program__set_autoload(loop->step, false);
	bpf_program__set_autoload(chosen, true);
	loop->step = chosen;
	/* The object says where it is, and so how it is aligned. */
	memcpy(slot, &chosen, sizeof(chosen));
}

void iou_loop_ring_fd_set(struct iou_loop *loop, int ring_fd)
{
	void *field = iou_loop_ops_field(loop, "ring_fd", sizeof(ring_fd));

	if (field)
		memcpy(field, &ring_fd, sizeof(ring_fd));
}
