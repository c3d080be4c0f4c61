// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loop/image.h"

#include <errno.h>
#include <fcntl.h>
#include <sha2.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "object/elf.h"
#include "loop/path.h"

static bool ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), tail = strlen(end);

	return len >= tail && strcmp(text + len - tail, end) == 0;
}

static int no_memory(struct iou_err *err)
{
	return iou_err_set(err, IOU_CAUSE_FAILED, "open", ENOMEM, "cannot open the loop");
}

/* "hello" for "dir/hello.bpf.o". */
static char *name_of_path(const char *path)
{
	const char *base = strrchr(path, '/');
	char *name = strdup(base ? base + 1 : path);

	if (name && ends_with(name, ".o"))
		name[strlen(name) - 2] = '\0';
	if (name && ends_with(name, ".bpf"))
		name[strlen(name) - 4] = '\0';
	return name;
}

static int read_whole(int fd, size_t size, void **out)
{
	IOU_FREE char *data = malloc(size ?: 1);
	size_t at = 0;

	if (!data)
		return -ENOMEM;
	while (at < size) {
		ssize_t got = read(fd, data + at, size - at);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			return -EIO;
		at += (size_t)got;
	}
	*out = TAKE_PTR(data);
	return 0;
}

static int not_a_loop(struct iou_err *err, const char *path, const char *why)
{
	iou_err_set(err, IOU_CAUSE_REJECTED, "open", 0, "'%s' is not a loop: %s", path, why);
	iou_err_hint(err, "a loop is compiled by clang -target bpf -g -O2 -mcpu=v3");
	return -ENOEXEC;
}

static int check_object(const struct iou_image *image, struct iou_err *err)
{
	const char *damage = iou_elf_damage(image->data, image->size);

	return damage ? not_a_loop(err, image->source, damage) : 0;
}

static int open_path(const char *path, int *out, struct iou_err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), errnum = errno;
	enum iou_cause cause = errnum == EACCES   ? IOU_CAUSE_PERMISSION
			       : errnum == ENOENT ? IOU_CAUSE_USAGE
						  : IOU_CAUSE_FAILED;

	if (fd >= 0) {
		*out = fd;
		return 0;
	}
	iou_err_set(err, cause, "open", errnum, "cannot open '%s'", path);
	if (cause == IOU_CAUSE_USAGE)
		iou_err_hint(err, "'iouctl list' shows the loops that need no path");
	return -errnum;
}

int iou_image_from_fd(struct iou_image *image, int fd, const char *path, struct iou_err *err)
{
	IOU_FREE char *name = NULL;
	IOU_FREE void *data = NULL;
	struct stat st;
	int ret;

	if (fstat(fd, &st) < 0)
		return iou_err_set(err, IOU_CAUSE_FAILED, "open", errno, "cannot open '%s'", path);
	if (!S_ISREG(st.st_mode))
		return iou_err_set(err, IOU_CAUSE_REJECTED, "open", 0,
				   "'%s' is not a loop: not a regular file", path);
	if ((size_t)st.st_size > IOU_ELF_SIZE_MAX)
		return iou_err_set(err, IOU_CAUSE_REJECTED, "open", 0,
				   "'%s' is not a loop: larger than %lu MiB", path,
				   IOU_ELF_SIZE_MAX >> 20);
	ret = read_whole(fd, (size_t)st.st_size, &data);
	if (ret)
		return iou_err_set(err, IOU_CAUSE_FAILED, "open", -ret, "cannot read '%s'", path);

	name = name_of_path(path);
	if (!name)
		return no_memory(err);
	return iou_image_from_bytes(image, name, path, TAKE_PTR(data), (size_t)st.st_size, err);
}

int iou_image_from_bytes(struct iou_image *image, const char *name, const char *source, void *data,
			 size_t size, struct iou_err *err)
{
	struct iou_image read = {
		.name = strdup(name),
		.source = strdup(source),
		.data = data,
		.size = size,
		.owned = data,
	};
	int ret = read.name && read.source ? check_object(&read, err) : no_memory(err);

	if (ret)
		iou_image_release(&read);
	else
		*image = read;
	return ret;
}

int iou_image_builtin(struct iou_image *image, const struct iou_builtin *builtin,
		      struct iou_err *err)
{
	*image = (struct iou_image){
		.name = strdup(builtin->name),
		.source = strdup("built-in"),
		.data = builtin->data,
		.size = (size_t)((const char *)builtin->end - (const char *)builtin->data),
	};
	if (!image->name || !image->source) {
		iou_image_release(image);
		return no_memory(err);
	}
	return 0;
}

/* The loop, built in or on the search path, that @spec most likely meant, to be freed; or NULL. */
static char *nearest_loop(const char *spec)
{
	IOU_CLEANUP(iou_path_loops_release) struct iou_path_loops loops = {};
	IOU_FREE const char **names = NULL;
	const char *nearest;
	size_t nr = 0;

	if (iou_path_list(&loops))
		return NULL;
	names = calloc(iou_builtins_nr + loops.nr + 1, sizeof(*names));
	if (!names)
		return NULL;
	for (size_t i = 0; i < iou_builtins_nr; i++)
		names[nr++] = iou_builtins[i].name;
	/* A link that leads nowhere has the very name. */
	for (size_t i = 0; i < loops.nr; i++)
		if (strcmp(loops.list[i].name, spec) != 0)
			names[nr++] = loops.list[i].name;
	nearest = iou_text_nearest(spec, names);
	return nearest ? strdup(nearest) : NULL;
}

static int unknown_loop(const char *spec, struct iou_err *err)
{
	IOU_FREE char *nearest = nearest_loop(spec);

	iou_err_set(err, IOU_CAUSE_USAGE, "open", 0, "no loop is called '%s'", spec);
	if (nearest)
		iou_err_hint(err, "did you mean '%s'?", nearest);
	else if (iou_path_is_off())
		iou_err_hint(err, "with privileges that its caller does not have, iouctl takes "
				  "none by name but the built-in ones");
	else
		iou_err_hint(err, "see 'iouctl list'; a path has a slash or ends in .o");
	return -ENOENT;
}

int iou_image_find(struct iou_image *image, const char *spec, struct iou_err *err)
{
	IOU_FREE char *path = NULL;
	IOU_CLOSE int fd = -1;
	int ret;

	if (strchr(spec, '/') || ends_with(spec, ".o"))
		return open_path(spec, &fd, err) ?: iou_image_from_fd(image, fd, spec, err);
	for (size_t i = 0; i < iou_builtins_nr; i++)
		if (strcmp(iou_builtins[i].name, spec) == 0)
			return iou_image_builtin(image, &iou_builtins[i], err);
	ret = iou_path_open(spec, &fd, &path, err);
	if (ret == -ENOENT)
		return unknown_loop(spec, err);
	return ret ?: iou_image_from_fd(image, fd, path, err);
}

char *iou_image_license(const struct iou_image *image)
{
	const void *license;
	size_t size;

	if (!iou_elf_section(image->data, image->size, "license", &license, &size))
		return NULL;
	return strndup(license, size);
}

char *iou_image_sha256(const struct iou_image *image, char text[IOU_SHA256_TEXT])
{
	return SHA256Data(image->data, image->size, text);
}

void iou_image_release(struct iou_image *image)
{
	free(image->name);
	free(image->source);
	free(image->owned);
	*image = (struct iou_image){};
}
