// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Lists of paths, in memory that requests can name. */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "loop/paths.h"
#include "session/maker.h"

/* Any address but 0, for a loop that is only verified. */
#define STAND_IN IOU_PATH_STRIDE

static int no_memory(struct iou_maker *maker, const struct iou_decl *param, int errnum)
{
	return iou_err_set(maker->err, IOU_CAUSE_FAILED, "open", errnum,
			   "cannot keep the paths of %s", param->name);
}

/* Place for @nr paths, at least for one: an empty list has an address, too. */
static int map_list(struct iou_maker *maker, const struct iou_decl *param, size_t nr, char **out)
{
	struct iovec *lists = reallocarray(maker->made.lists, maker->made.lists_nr + 1,
					   sizeof(*lists));
	size_t size = (nr ?: 1) * IOU_PATH_STRIDE;
	void *mapped;

	if (!lists)
		return no_memory(maker, param, ENOMEM);
	maker->made.lists = lists;
	mapped = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (mapped == MAP_FAILED)
		return no_memory(maker, param, errno);
	lists[maker->made.lists_nr++] = (struct iovec){mapped, size};
	*out = mapped;
	return 0;
}

static int tell(struct iou_maker *maker, const struct iou_decl *param, uint64_t addr, uint64_t nr)
{
	return iou_maker_set(maker, param, "addr", addr) ?: iou_maker_set(maker, param, "nr", nr) ?:
	       iou_maker_set(maker, param, "stride", IOU_PATH_STRIDE);
}

int iou_maker_make_paths(struct iou_maker *maker, const struct iou_decl *param, const char *text)
{
	IOU_CLEANUP(iou_path_list_release) struct iou_path_list list = {.nr = 1};
	char *paths = NULL, *from;
	int ret = iou_path_list_read(&list, param->name, text, maker->ring, maker->err);

	if (ret)
		return ret;
	if (!maker->ring)
		return tell(maker, param, STAND_IN, list.nr);
	ret = map_list(maker, param, list.nr, &paths);
	if (ret)
		return ret;
	from = list.text;
	for (size_t i = 0; i < list.nr; i++) {
		size_t size = strlen(from) + 1;

		memcpy(paths + i * IOU_PATH_STRIDE, from, size);
		from += size;
	}
	return tell(maker, param, (uintptr_t)paths, list.nr);
}

bool iou_maker_is_listed(const struct iou_maker *maker, int fd)
{
	struct stat st, listed;

	if (!maker->made.lists_nr || fstat(fd, &st) || !S_ISREG(st.st_mode))
		return false;
	for (size_t i = 0; i < maker->made.lists_nr; i++) {
		const struct iovec *list = &maker->made.lists[i];

		for (size_t at = 0; at < list->iov_len; at += IOU_PATH_STRIDE)
			if (stat((const char *)list->iov_base + at, &listed) == 0 &&
			    listed.st_dev == st.st_dev && listed.st_ino == st.st_ino)
				return true;
	}
	return false;
}
