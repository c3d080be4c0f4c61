// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Links that are pinned: what the bpffs mounts hold, as far as it may be opened. */
#include <bpf/bpf.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <mntent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "survey/internal.h"

/* Anybody may have mounted anything, and have filled it. */
#define DEPTH_MAX 8
#define ENTRIES_MAX 4096

#define BPFFS 0xcafe4a11 /* BPF_FS_MAGIC of <linux/magic.h> */

struct walk {
	struct iou_survey *survey;
	size_t left;    /* of ENTRIES_MAX */
	size_t refused; /* entries that this user may not open */
	int depth;
};

/* A directory of bpffs. */
struct place {
	DIR *dir;
	char path[PATH_MAX];
	bool has_meta;
	struct iou_meta meta; /* of a map that is pinned beside the links */
};

static void endmntentp(FILE **file)
{
	if (*file)
		endmntent(*file);
}

static void place_freep(struct place **place)
{
	if (*place && (*place)->dir)
		closedir((*place)->dir);
	free(*place);
}

/* ---- One entry ---- */

static struct iou_survey_loop *find_loop(struct iou_survey *survey, uint32_t map_id)
{
	for (size_t i = 0; i < survey->loops_nr; i++)
		if (survey->loops[i].map_id == map_id)
			return &survey->loops[i];
	return NULL;
}

/* Whoever sees no loops takes the word of a map that is beside its link. */
static int add_by_meta(struct walk *walk, const struct place *place,
		       const struct bpf_link_info *info, struct iou_survey_loop **out)
{
	struct iou_survey_loop *loop;

	if (walk->survey->iterated || !place->has_meta)
		return 0;
	loop = iou_survey_loop(walk->survey, info->struct_ops.map_id);
	if (!loop)
		return -ENOMEM;
	loop->link_id = info->id;
	loop->prog_id = info->prog_id;
	loop->has_meta = true;
	loop->meta = place->meta;
	*out = loop;
	return 0;
}

/* Both kinds of information are asked for: a descriptor does not say what it is of. */
static int add_link(struct walk *walk, const struct place *place, const char *path, int fd)
{
	struct bpf_link_info info = {};
	__u32 size = sizeof(info);
	struct iou_survey_loop *loop;
	int ret;

	if (bpf_link_get_info_by_fd(fd, &info, &size) || info.type != BPF_LINK_TYPE_STRUCT_OPS)
		return 0;
	loop = find_loop(walk->survey, info.struct_ops.map_id);
	ret = loop ? 0 : add_by_meta(walk, place, &info, &loop);
	if (loop)
		iou_words_add(&loop->pins, "%s", path);
	return ret ?: loop && loop->pins.failed ? -ENOMEM : 0;
}

/* bpf(2) says by the link in /proc what a descriptor is of. */
static bool is_link(int fd)
{
	char path[64], text[64];
	ssize_t length;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	length = readlink(path, text, sizeof(text) - 1);
	text[length > 0 ? length : 0] = '\0';
	return strcmp(text, "anon_inode:bpf-link") == 0 || strcmp(text, "anon_inode:bpf_link") == 0;
}

/* In the first round maps, in the second links. */
static int look_at(struct walk *walk, struct place *place, const char *name, bool links)
{
	IOU_FREE char *path = NULL;
	int ret = 0, fd;

	if (asprintf(&path, "%s/%s", place->path, name) < 0) {
		path = NULL;
		return -ENOMEM;
	}
	fd = bpf_obj_get(path);
	if (fd == -EACCES || fd == -EPERM)
		walk->refused += links;
	if (fd < 0)
		return 0;
	if (links && is_link(fd))
		ret = add_link(walk, place, path, fd);
	else if (!links && !is_link(fd) && !place->has_meta)
		place->has_meta = iou_meta_of_map(fd, &place->meta) == 0;
	iou_close(fd);
	return ret;
}

/* ---- Directories ---- */

static int walk_dir(struct walk *walk, const char *path);

/* Symbolic links, which bpffs may have, are not followed. */
static int walk_entry(struct walk *walk, struct place *place, const char *name, bool links)
{
	char path[PATH_MAX];
	struct stat st;
	int length;

	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
	    fstatat(dirfd(place->dir), name, &st, AT_SYMLINK_NOFOLLOW))
		return 0;
	if (S_ISREG(st.st_mode))
		return look_at(walk, place, name, links);
	if (!S_ISDIR(st.st_mode) || !links)
		return 0;
	length = snprintf(path, sizeof(path), "%s/%s", place->path, name);
	return length < (int)sizeof(path) ? walk_dir(walk, path) : 0;
}

static int walk_entries(struct walk *walk, struct place *place, bool links)
{
	struct dirent *entry;
	int ret = 0;

	rewinddir(place->dir);
	while (!ret && walk->left && (entry = readdir(place->dir))) {
		walk->left--;
		ret = walk_entry(walk, place, entry->d_name, links);
	}
	return ret;
}

/* Pins that iouctl is making just now have no link yet. */
#define REMAINS_AFTER_NS 60000000000ULL

/* Whether iouctl pinned a loop here, and its link is not there. */
static bool has_remains(const struct place *place)
{
	IOU_FREE char *path = NULL;
	struct iou_meta meta;
	bool remains = false;
	int fd;

	if (!faccessat(dirfd(place->dir), "link", F_OK, AT_SYMLINK_NOFOLLOW) || errno != ENOENT)
		return false;
	if (asprintf(&path, "%s/meta", place->path) < 0) {
		path = NULL;
		return false;
	}
	fd = bpf_obj_get(path);
	if (fd >= 0 && !is_link(fd) && !iou_meta_of_map(fd, &meta))
		remains = meta.since_ns + REMAINS_AFTER_NS < iou_clock_real();
	iou_close(fd);
	return remains;
}

/* Nothing but bpffs: another file system may be mounted over it. */
static DIR *open_bpffs(struct walk *walk, const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct statfs st;
	DIR *dir;

	walk->refused += fd < 0 && errno == EACCES;
	dir = fd >= 0 && fstatfs(fd, &st) == 0 && (unsigned int)st.f_type == BPFFS ? fdopendir(fd)
										   : NULL;
	if (!dir)
		iou_close(fd);
	return dir;
}

static int walk_dir(struct walk *walk, const char *path)
{
	IOU_CLEANUP(place_freep) struct place *place = NULL;
	int ret;

	if (walk->depth == DEPTH_MAX)
		return 0;
	place = calloc(1, sizeof(*place));
	if (!place)
		return -ENOMEM;
	place->dir = open_bpffs(walk, path);
	if (!place->dir)
		return 0;
	snprintf(place->path, sizeof(place->path), "%s", path);
	walk->depth++;
	/* Meta counts where nothing better is known. */
	ret = walk->survey->iterated ? 0 : walk_entries(walk, place, false);
	if (!ret)
		ret = walk_entries(walk, place, true);
	walk->depth--;
	if (!ret && has_remains(place))
		iou_words_add(&walk->survey->remains, "%s", path);
	return ret ?: walk->survey->remains.failed ? -ENOMEM : 0;
}

int iou_survey_pins(struct iou_survey *survey)
{
	IOU_CLEANUP(endmntentp) FILE *mounts = setmntent("/proc/self/mounts", "re");
	struct walk walk = {.survey = survey, .left = ENTRIES_MAX};
	struct mntent *mount;
	int ret = 0;

	while (!ret && mounts && (mount = getmntent(mounts)))
		if (strcmp(mount->mnt_type, "bpf") == 0)
			ret = walk_dir(&walk, mount->mnt_dir);
	if (walk.refused)
		iou_survey_gap(survey, "pins", "pins of loops",
			       "this user may not open %zu entries of bpffs", walk.refused);
	if (!walk.left)
		iou_survey_gap(survey, "pins", "some pins of loops",
			       "bpffs has more than %d entries", ENTRIES_MAX);
	return ret;
}
