// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "vm/shares.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"

static bool is_below(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	return strncmp(path, dir, len) == 0 && (path[len] == '/' || !path[len]);
}

/* In these places the guest has what is its own, or needs it to run. */
static bool is_guests_own(const char *path)
{
	if (strcmp(path, "/") == 0 || strcmp(path, "/run") == 0 || is_below(path, "/proc") ||
	    is_below(path, "/sys"))
		return true;
	return is_below(path, "/dev") && !is_below(path, "/dev/shm");
}

static int resolve(const char *wanted, char **path, struct iou_err *err)
{
	IOU_FREE char *real = realpath(wanted, NULL);
	struct stat st;

	if (!real || stat(real, &st))
		return iou_err_set(err, IOU_CAUSE_USAGE, "usage", errno, "cannot share '%s'",
				   wanted);
	if (!S_ISDIR(st.st_mode))
		return iou_err_set(err, IOU_CAUSE_USAGE, "usage", ENOTDIR, "cannot share '%s'",
				   wanted);
	if (is_guests_own(real))
		return iou_err_set(err, IOU_CAUSE_USAGE, "usage", EINVAL,
				   "cannot share '%s': the guest has a %s of its own", wanted,
				   real);
	*path = TAKE_PTR(real);
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void drop_doubles(struct iou_vm_shares *shares)
{
	size_t kept = 0;

	for (size_t i = 0; i < shares->nr; i++)
		if (kept && strcmp(shares->paths[kept - 1], shares->paths[i]) == 0)
			free(shares->paths[i]);
		else
			shares->paths[kept++] = shares->paths[i];
	shares->nr = kept;
	shares->paths[kept] = NULL;
}

int iou_vm_shares_resolve(struct iou_vm_shares *shares, const char *const *wanted, size_t nr,
			  struct iou_err *err)
{
	IOU_CLEANUP(iou_vm_shares_release) struct iou_vm_shares found = {0};
	int ret;

	found.paths = calloc(nr + 1, sizeof(*found.paths));
	if (!found.paths)
		return iou_err_set(err, IOU_CAUSE_FAILED, "vm", ENOMEM, "cannot share");
	for (; found.nr < nr; found.nr++) {
		ret = resolve(wanted[found.nr], &found.paths[found.nr], err);
		if (ret)
			return ret;
	}
	qsort(found.paths, found.nr, sizeof(*found.paths), by_name);
	drop_doubles(&found);
	shares->nr = found.nr;
	shares->paths = TAKE_PTR(found.paths);
	found.nr = 0;
	return 0;
}

void iou_vm_shares_release(struct iou_vm_shares *shares)
{
	for (size_t i = 0; i < shares->nr; i++)
		free(shares->paths[i]);
	free(shares->paths);
	*shares = (struct iou_vm_shares){0};
}
