// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "attach/reach.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attach/carry.h"
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
	struct pollfd link = {.fd = iou_loop_link_fd(reached->loop)};

	return poll(&link, 1, 0) > 0 && link.revents & POLLHUP;
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

static int pinned_map(void *data, const char *name)
{
	return iou_pin_get_map(data, name);
}

int iou_reach_pin(struct iou_reached *reached, const char *path, struct iou_err *err)
{
	IOU_CLOSE int meta = iou_pin_get(path, "meta"), object = iou_pin_get(path, "object"),
		      link = iou_pin_get(path, "link"), wake = iou_pin_get(path, "wake");
	const struct iou_adoption from = {
		.find_map = pinned_map,
		.data = (void *)path,
		.link_fd = link,
		.wake_fd = wake,
	};
	int ret = meta < 0 ? meta : object < 0 ? object : link < 0 ? link : 0;

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

/* Its own maps come before ours, which have names that it may have used, too. */
static int find(const struct maps *maps, const char *name, bool last)
{
	int found = -ENOENT;

	for (size_t i = 0; i < maps->nr; i++) {
		if (strncmp(maps->list[i].name, name, NAME_MAX_KERNEL) != 0)
			continue;
		found = maps->list[i].fd;
		if (!last)
			break;
	}
	return found;
}

static int map_by_name(void *data, const char *name)
{
	int fd = find(data, name, false);

	return fd < 0 ? fd : dup(fd);
}

static bool shares_map(int prog_fd, const struct maps *maps)
{
	uint32_t ids[MAPS_MAX];
	int nr = map_ids(prog_fd, ids);

	for (int i = 0; i < nr; i++)
		for (size_t k = 0; k < maps->nr; k++)
			if (ids[i] == maps->list[k].id)
				return true;
	return false;
}

/* The program that wakes the target: the one of its name that has a map in common with the step. */
static int find_wake(const struct maps *maps)
{
	__u32 id = 0;

	while (!bpf_prog_get_next_id(id, &id)) {
		IOU_CLOSE int fd = bpf_prog_get_fd_by_id(id);
		struct bpf_prog_info info = {};
		__u32 size = sizeof(info);

		if (fd < 0 || bpf_prog_get_info_by_fd(fd, &info, &size))
			continue;
		if (info.type == BPF_PROG_TYPE_SYSCALL && strcmp(info.name, "iou_wake") == 0 &&
		    shares_map(fd, maps))
			return TAKE_FD(fd);
	}
	return -ENOENT;
}

int iou_reach(struct iou_reached *reached, const struct iou_survey_loop *seen, struct iou_err *err)
{
	IOU_CLOSE int prog = bpf_prog_get_fd_by_id(seen->prog_id), link = -1, wake = -1;
	IOU_CLEANUP(maps_release) struct maps maps = {};
	struct iou_adoption from = {.find_map = map_by_name, .data = &maps};
	int ret = prog < 0 ? prog : open_maps(&maps, prog), object;

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
	object = find(&maps, "iouctl_object", true);
	if (object < 0)
		return iou_err_set(err, IOU_CAUSE_REJECTED, "open", ENOENT,
				   "loop %u was not bound by iouctl", seen->map_id);
	wake = find_wake(&maps);
	from.link_fd = link;
	from.wake_fd = wake;
	return open_reached(reached, find(&maps, "iouctl.rodata", true), object, &from, err);
}
