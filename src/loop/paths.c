// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loop/paths.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"

/* A byte more than what the longest list has. */
#define LIST_SIZE ((size_t)IOU_PATHS_MAX * IOU_PATH_STRIDE + 1)

/* What is being read, for messages. */
struct source {
	const char *name; /* of the parameter */
	const char *file; /* of the list, or NULL */
	struct iou_err *err;
};

static int too_many(const struct source *from)
{
	return iou_err_set(from->err, IOU_CAUSE_USAGE, "usage", 0, "%s has more than %d names",
			   from->name, IOU_PATHS_MAX);
}

/* Whether path number @nr (from 0 on), of @length bytes, is one. */
static int check_name(const struct source *from, size_t nr, size_t length)
{
	const char *in = from->file ? " in " : "", *file = from->file ?: "";

	if (nr >= IOU_PATHS_MAX)
		return too_many(from);
	if (!length)
		return iou_err_set(from->err, IOU_CAUSE_USAGE, "usage", 0,
				   "name %zu of %s%s%s is empty", nr + 1, from->name, in, file);
	if (length >= IOU_PATH_STRIDE)
		return iou_err_set(from->err, IOU_CAUSE_USAGE, "usage", 0,
				   "name %zu of %s%s%s is longer than %d bytes", nr + 1, from->name,
				   in, file, IOU_PATH_STRIDE - 1);
	return 0;
}

static int no_memory(const struct source *from)
{
	return iou_err_set(from->err, IOU_CAUSE_FAILED, "usage", ENOMEM, "cannot read %s",
			   from->name);
}

/* ---- "a,b\,c" ---- */

static int read_text(const struct source *from, const char *text, struct iou_path_list *list)
{
	IOU_FREE char *out = malloc(strlen(text) + 1);
	char *at = out, *begin = out;
	size_t nr = 0;
	int ret;

	if (!out)
		return no_memory(from);
	for (;; text++) {
		if (text[0] == '\\' && (text[1] == ',' || text[1] == '\\')) {
			*at++ = *++text;
			continue;
		}
		*at++ = *text == ',' ? '\0' : *text;
		if (at[-1])
			continue;
		ret = check_name(from, nr++, (size_t)(at - begin) - 1);
		if (ret)
			return ret;
		begin = at;
		if (!*text)
			break;
	}
	*list = (struct iou_path_list){TAKE_PTR(out), nr};
	return 0;
}

/* ---- "@LIST" ---- */

static int open_list(const struct source *from)
{
	int fd = strcmp(from->file, "-") == 0 ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
					      : open(from->file, O_RDONLY | O_CLOEXEC);

	if (fd >= 0)
		return fd;
	return iou_err_set(from->err,
			   errno == EACCES || errno == EPERM ? IOU_CAUSE_PERMISSION
			   : errno == ENOENT                 ? IOU_CAUSE_USAGE
							     : IOU_CAUSE_FAILED,
			   "open", errno, "cannot open '%s', the list of %s", from->file,
			   from->name);
}

/* All of it, with a NUL behind. */
static int load_list(const struct source *from, char **out, size_t *length)
{
	IOU_CLOSE int fd = open_list(from);
	IOU_FREE char *text = NULL;
	size_t size = 0, have = 0;
	ssize_t got = 1;

	if (fd < 0)
		return fd;
	while (got > 0) {
		if (size - have < 2) {
			char *more = realloc(text, size = size ? 2 * size : 4096);

			if (!more)
				return no_memory(from);
			text = more;
		}
		got = read(fd, text + have, size - have - 1);
		if (got < 0 && errno == EINTR)
			got = 1;
		else if (got < 0)
			return iou_err_set(from->err, IOU_CAUSE_FAILED, "open", errno,
					   "cannot read '%s', the list of %s", from->file,
					   from->name);
		else
			have += (size_t)got;
		if (have >= LIST_SIZE)
			return too_many(from);
	}
	text[have] = '\0';
	*out = TAKE_PTR(text);
	*length = have;
	return 0;
}

static int read_list(const struct source *from, struct iou_path_list *list)
{
	IOU_FREE char *text = NULL;
	size_t length = 0, nr = 0;
	char *end, separator;
	int ret = load_list(from, &text, &length);

	if (!text)
		return ret;
	separator = memchr(text, '\0', length) ? '\0' : '\n';
	for (char *at = text; at < text + length; at = end + 1, nr++) {
		end = memchr(at, separator, (size_t)(text + length - at)) ?: text + length;
		*end = '\0';
		ret = check_name(from, nr, (size_t)(end - at));
		if (ret)
			return ret;
	}
	*list = (struct iou_path_list){TAKE_PTR(text), nr};
	return 0;
}

int iou_path_list_read(struct iou_path_list *list, const char *name, const char *text, bool open,
		       struct iou_err *err)
{
	struct source from = {.name = name, .err = err};

	if (text[0] != '@')
		return read_text(&from, text, list);
	from.file = text + 1;
	if (!from.file[0]) {
		iou_err_set(err, IOU_CAUSE_USAGE, "usage", 0, "%s=@ names no list", name);
		iou_err_hint(err, "a list is a file with a path on each line, or '@-'");
		return -EINVAL;
	}
	return open ? read_list(&from, list) : 0;
}

void iou_path_list_release(struct iou_path_list *list)
{
	free(list->text);
	*list = (struct iou_path_list){};
}
