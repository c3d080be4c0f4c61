// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What iouctl attach --pin leaves, and what others could make of it, on any kernel.
 *
 * forge DIR OBJECT LINK [WRONG]   pins in DIR the parts of the loop OBJECT, bound to nothing; the
 *                                 link is that of the struct_ops object LINK. WRONG is what is not
 *                                 as iouctl makes it:
 *	map-link     the link is a map
 *	no-link      there is none
 *	no-object    the loop's object is not there
 *	bad-object   it is cut off in the middle
 *	large-map    its .bss is larger than it says
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "attach/carry.h"
#include "loop/loop.h"
#include "meta/meta.h"

static const char *folder, *wrong;

static void must(bool what, const char *name)
{
	if (what)
		return;
	fprintf(stderr, "forge: %s: %s\n", name, strerror(errno));
	exit(1);
}

static bool is(const char *what)
{
	return strcmp(wrong, what) == 0;
}

static void pin(int fd, const char *in, const char *name)
{
	char path[4096], *file;

	must(fd >= 0, name);
	snprintf(path, sizeof(path), "%s%s/%s", folder, in, name);
	file = path + strlen(path) - strlen(name);
	for (char *dot = file; (dot = strchr(dot, '.'));)
		*dot = '-';
	must(!bpf_obj_pin(fd, path), path);
}

static int quiet(enum libbpf_print_level level, const char *fmt, va_list args)
{
	return level == LIBBPF_WARN ? vfprintf(stderr, fmt, args) : 0;
}

/* Bound until nothing has it open, nor pinned. */
static void pin_link(const char *path)
{
	struct bpf_object *object = bpf_object__open_file(path, NULL);
	struct bpf_map *map = NULL;
	struct bpf_link *link;

	must(object && !bpf_object__load(object), path);
	do
		map = bpf_object__next_map(object, map);
	while (map && bpf_map__type(map) != BPF_MAP_TYPE_STRUCT_OPS);
	must(map, path);
	link = bpf_map__attach_struct_ops(map);
	must(link, path);
	pin(bpf_link__fd(link), "", "link");
	bpf_link__destroy(link);
	bpf_object__close(object);
}

static void pin_maps(const struct iou_loop *loop)
{
	char path[4096];
	struct bpf_map *map;

	snprintf(path, sizeof(path), "%s/maps", folder);
	must(!mkdir(path, 0700), path);
	bpf_object__for_each_map(map, iou_loop_object(loop))
	{
		const char *name = bpf_map__name(map);
		LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = bpf_map__map_flags(map));
		__u32 size = bpf_map__value_size(map);

		if (bpf_map__type(map) == BPF_MAP_TYPE_STRUCT_OPS)
			continue;
		if (is("large-map") && strstr(name, ".bss"))
			size += 1 << 20;
		pin(bpf_map_create(bpf_map__type(map), NULL, bpf_map__key_size(map), size,
				   bpf_map__max_entries(map), &opts),
		    "/maps", name);
	}
}

/* What is tied needs a program to be tied to. */
static int any_program(void)
{
	const struct bpf_insn code[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0},
		{.code = BPF_JMP | BPF_EXIT},
	};

	return bpf_prog_load(BPF_PROG_TYPE_SOCKET_FILTER, NULL, "GPL", code, 2, NULL);
}

int main(int argc, char **argv)
{
	struct iou_meta meta = {.pid = 1, .ring_fd = 3, .since_ns = 1};
	struct iou_image image = {};
	struct iou_loop *loop = NULL;
	struct iou_err err = {};
	struct iou_ops ops = {};
	int program, meta_fd = -1, object_fd = -1;

	if (argc < 4)
		return 2;
	folder = argv[1];
	wrong = argc > 4 ? argv[4] : "";
	libbpf_set_print(quiet);
	if (iou_image_find(&image, argv[2], &err) || iou_loop_open(&loop, &image, NULL, &err)) {
		fprintf(stderr, "forge: %s\n", err.message);
		return 1;
	}
	iou_loop_ops(loop, 0, &ops);
	snprintf(meta.loop, sizeof(meta.loop), "%s", iou_loop_name(loop));
	snprintf(meta.ops, sizeof(meta.ops), "%s", ops.name);
	snprintf(meta.source, sizeof(meta.source), "%s", argv[2]);
	if (is("bad-object"))
		image.size /= 2;
	program = any_program();
	must(program >= 0, "program");
	must(!iou_meta_bind(program, &meta, &meta_fd, &err) &&
		     !iou_carry_bind(program, &image, &object_fd, &err),
	     err.message);
	must(!mkdir(folder, 0700), folder);
	pin(meta_fd, "", "meta");
	if (!is("no-object"))
		pin(object_fd, "", "object");
	pin_maps(loop);
	if (is("map-link"))
		pin(meta_fd, "", "link");
	else if (!is("no-link"))
		pin_link(argv[3]);
	iou_loop_free(loop);
	iou_image_release(&image);
	return 0;
}
