// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "attach/reach.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attach/carry.h"
#include "attach/leave.h"
#include "attach/pin.h"
#include "base/cleanup.h"

/* As many as a program is bound to, with ours, are looked through. */
#define MAPS_MAX 64

/* The kernel's names of maps, without their NUL. */
#define NAME_MAX_KERNEL (BPF_OBJ_NAME_LEN - 1)

void iou_reached_release(struct iou_reached *reached)
{
	iou_loop_free(reached->loop);
	if (reached->image)
		iou_image_release(reached->image);
	free(reached->image);
	*reached = (struct iou_reached){};
}

bool iou_link_is_loop(int fd)
{
	struct bpf_link_info info = {};
	__u32 size = sizeof(info);

	return !bpf_link_get_info_by_fd(fd, &info, &size) && info.type == BPF_LINK_TYPE_STRUCT_OPS;
}

void iou_reached_ids(const struct iou_reached *reached, uint32_t *link_id, uint32_t *map_id)
{
	struct bpf_link_info info = {};
	__u32 size = sizeof(info);

	if (bpf_link_get_info_by_fd(iou_loop_link_fd(reached->loop), &info, &size) ||
	    info.type != BPF_LINK_TYPE_STRUCT_OPS)
		info = (struct bpf_link_info){};
	*link_id = info.id;
	*map_id = info.struct_ops.map_id;
}

bool iou_reached_is_off(const struct iou_reached *reached)
{
	return iou_link_is_off(iou_loop_link_fd(reached->loop));
}

/* What is with the loop in two maps, as @from finds the others. */
static int open_reached(struct iou_reached *reached, int meta_fd, int object_fd,
			const struct iou_adoption *from, struct iou_err *err)
{
	struct iou_reached opened = {.image = calloc(1, sizeof(*opened.image))};
	int ret = opened.image ? iou_meta_of_map(meta_fd, &opened.meta) : -ENOMEM;

	if (ret)
		iou_err_set(err, ret == -ENOENT ? IOU_CAUSE_REJECTED : IOU_CAUSE_FAILED, "open",
			    -ret, "cannot read what the loop is");
	if (!ret)
		ret = iou_carry_read(opened.image, object_fd, &opened.meta, err);
	if (!ret)
		ret = iou_loop_open(&opened.loop, opened.image, opened.meta.ops, err);
	if (!ret)
		ret = iou_loop_adopt(opened.loop, from, err);
	if (ret) {
		iou_reached_release(&opened);
		return ret;
	}
	*reached = opened;
	return 0;
}

/* ---- By pins ---- */

static int pinned_map(void *data, const struct bpf_map *map)
{
	return iou_pin_get_map(data, bpf_map__name(map));
}

int iou_reach_pin(struct iou_reached *reached, const char *path, struct iou_err *err)
{
	IOU_CLOSE int meta = iou_pin_get(path, "meta"), object = iou_pin_get(path, "object"),
		      link = iou_pin_get(path, "link");
	const struct iou_adoption from = {
		.find_map = pinned_map,
		.data = (void *)path,
		.link_fd = link,
	};
	int ret = meta < 0 ? meta : object < 0 ? object : link < 0 ? link : 0;

	if (!ret && !iou_link_is_loop(link)) {
		iou_err_set(err, IOU_CAUSE_REJECTED, "open", 0, "'%s/link' is no loop's link",
			    path);
		return -EINVAL;
	}
	if (!ret)
		return open_reached(reached, meta, object, &from, err);
	if (ret == -EPERM || ret == -EACCES)
		return iou_err_set(err, IOU_CAUSE_PERMISSION, "open", -ret,
				   "cannot open what is pinned in '%s'", path);
	iou_err_set(err, IOU_CAUSE_USAGE, "open", -ret, "no loop is pinned in '%s'", path);
	iou_err_hint(err, "'iouctl status' shows what is bound, and where it is pinned");
	return ret;
}

/* It is called "link" there. */
bool iou_reach_own_pin(const struct iou_survey_loop *seen, char *folder, size_t size)
{
	for (size_t i = 0; i < seen->pins.nr; i++) {
		const char *path = seen->pins.list[i], *slash = strrchr(path, '/');

		if (!slash || strcmp(slash, "/link") != 0 || (size_t)(slash - path) >= size)
			continue;
		snprintf(folder, size, "%.*s", (int)(slash - path), path);
		return true;
	}
	return false;
}

/* ---- By ids ---- */

struct maps {
	struct {
		int fd;
		uint32_t id;
		char name[BPF_OBJ_NAME_LEN];
	} list[MAPS_MAX];
	size_t nr;
	int meta, object; /* which of them are iouctl's own; -1: none */
};

static void maps_release(struct maps *maps)
{
	for (size_t i = 0; i < maps->nr; i++)
		iou_close(maps->list[i].fd);
}

static int map_ids(int prog_fd, uint32_t ids[MAPS_MAX])
{
	struct bpf_prog_info info = {.nr_map_ids = MAPS_MAX, .map_ids = (uintptr_t)ids};
	__u32 size = sizeof(info);
	int ret = bpf_prog_get_info_by_fd(prog_fd, &info, &size);

	return ret ?: (int)(info.nr_map_ids < MAPS_MAX ? info.nr_map_ids : MAPS_MAX);
}

static int open_maps(struct maps *maps, int prog_fd)
{
	uint32_t ids[MAPS_MAX];
	int nr = map_ids(prog_fd, ids);

	for (int i = 0; i < nr; i++) {
		struct bpf_map_info info = {};
		__u32 size = sizeof(info);
		int fd = bpf_map_get_fd_by_id(ids[i]);

		if (fd < 0)
			return fd;
		maps->list[maps->nr].fd = fd;
		maps->list[maps->nr].id = ids[i];
		if (!bpf_map_get_info_by_fd(fd, &info, &size))
			memcpy(maps->list[maps->nr].name, info.name, sizeof(info.name));
		maps->nr++;
	}
	return nr < 0 ? nr : 0;
}

/* The last one: the loop's own maps, which may have such a name too, come before ours. */
static int find_ours(const struct maps *maps, const char *name)
{
	int found = -1;

	for (size_t i = 0; i < maps->nr; i++)
		if (strcmp(maps->list[i].name, name) == 0)
			found = (int)i;
	return found;
}

/* The kernel has the beginning of a name, and of a data section's the end of it. */
static bool is_named(const char *kernel, const char *name)
{
	size_t most = strnlen(name, NAME_MAX_KERNEL), has = strlen(kernel);

	if (name[0] != '.')
		return strncmp(kernel, name, NAME_MAX_KERNEL) == 0;
	return has >= most && strncmp(kernel + has - most, name, most) == 0;
}

/* Where several have the name, the one that can be it: -ENOTUNIQ where several can. */
static int map_by_name(void *data, const struct bpf_map *map)
{
	const struct maps *maps = data;
	int named = -ENOENT, fits = -1;

	for (int i = 0; i < (int)maps->nr; i++) {
		if (i == maps->meta || i == maps->object ||
		    !is_named(maps->list[i].name, bpf_map__name(map)))
			continue;
		named = maps->list[i].fd;
		if (!iou_map_fits(map, named))
			continue;
		if (fits >= 0)
			return -ENOTUNIQ;
		fits = named;
	}
	if (fits >= 0)
		named = fits;
	return named < 0 ? named : fcntl(named, F_DUPFD_CLOEXEC, 3);
}

int iou_reach(struct iou_reached *reached, const struct iou_survey_loop *seen, struct iou_err *err)
{
	IOU_CLOSE int prog = bpf_prog_get_fd_by_id(seen->prog_id), link = -1;
	IOU_CLEANUP(maps_release) struct maps maps = {};
	struct iou_adoption from = {.find_map = map_by_name, .data = &maps};
	int ret = prog < 0 ? prog : open_maps(&maps, prog);

	if (!ret && seen->link_id) {
		link = bpf_link_get_fd_by_id(seen->link_id);
		ret = link < 0 ? link : 0;
	}
	if (ret == -EPERM || ret == -EACCES) {
		iou_err_set(err, IOU_CAUSE_PERMISSION, "open", -ret, "cannot open loop %u",
			    seen->map_id);
		iou_err_hint(err,
			     "that needs CAP_SYS_ADMIN; what is pinned can be named by its pin");
		return ret;
	}
	if (ret)
		return iou_err_set(err, IOU_CAUSE_FAILED, "open", -ret, "cannot open loop %u",
				   seen->map_id);
	maps.meta = find_ours(&maps, IOU_META_MAP);
	maps.object = find_ours(&maps, IOU_CARRY_MAP);
	if (maps.meta < 0 || maps.object < 0)
		return iou_err_set(err, IOU_CAUSE_REJECTED, "open", ENOENT,
				   "loop %u was not bound by iouctl", seen->map_id);
	from.link_fd = link;
	return open_reached(reached, maps.list[maps.meta].fd, maps.list[maps.object].fd, &from,
			    err);
}
