// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "build/build.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "build/clang.h"

/* Of what clang says: far more than is read. */
#define MESSAGES_MAX (1UL << 20)

/* "/proc/self/fd/2147483647" */
#define FD_PATH_MAX 32

static const char *fd_path(char *buf, int fd)
{
	snprintf(buf, FD_PATH_MAX, "/proc/self/fd/%d", fd);
	return buf;
}

bool iou_build_is_source(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *base = slash ? slash + 1 : path;
	size_t length = strlen(base);

	return length > 2 && strcmp(base + length - 2, ".c") == 0;
}

char *iou_build_object_of(const char *source)
{
	const char *slash = strrchr(source, '/');
	char *object = strdup(slash ? slash + 1 : source);

	if (object)
		object[strlen(object) - 1] = 'o';
	return object;
}

/* ---- What is there before ---- */

static int check_source(const struct iou_build_config *config, struct stat *st, struct iou_err *err)
{
	IOU_CLOSE int fd = open(config->source, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	enum iou_cause cause = errno == EACCES   ? IOU_CAUSE_PERMISSION
			       : errno == ENOENT ? IOU_CAUSE_USAGE
						 : IOU_CAUSE_FAILED;

	if (fd < 0 || fstat(fd, st))
		return iou_err_set(err, cause, "build", errno, "cannot open '%s'", config->source);
	if (S_ISDIR(st->st_mode))
		return iou_err_set(err, IOU_CAUSE_USAGE, "build", EISDIR, "cannot compile '%s'",
				   config->source);
	return 0;
}

static int check_object(const struct iou_build_config *config, const struct stat *source,
			struct iou_err *err)
{
	struct stat st;

	if (stat(config->object, &st))
		return 0;
	if (S_ISDIR(st.st_mode))
		return iou_err_set(err, IOU_CAUSE_USAGE, "output", EISDIR, "cannot write '%s'",
				   config->object);
	if (st.st_dev == source->st_dev && st.st_ino == source->st_ino)
		return iou_err_set(err, IOU_CAUSE_USAGE, "output", 0,
				   "'%s' is the source: the object would replace it",
				   config->object);
	return 0;
}

/* ---- Compile ---- */

/* What was written to the memory behind @fd, without a last newline; NULL for nothing. */
static char *messages_of(int fd)
{
	char *text = malloc(MESSAGES_MAX + 1);
	ssize_t length = text ? pread(fd, text, MESSAGES_MAX, 0) : -1;

	while (length > 0 && text[length - 1] == '\n')
		length--;
	if (length <= 0) {
		free(text);
		return NULL;
	}
	text[length] = '\0';
	return text;
}

static int did_not_compile(const struct iou_build_config *config, int status, struct iou_err *err)
{
	if (WIFSIGNALED(status))
		return iou_err_set(err, IOU_CAUSE_FAILED, "build", 0,
				   "cannot compile '%s': clang was ended by SIG%s", config->source,
				   sigabbrev_np(WTERMSIG(status)) ?: "NAL");
	if (iou_clang_missing_header(config, err))
		return -ENOENT;
	return iou_err_set(err, IOU_CAUSE_REJECTED, "build", 0, "'%s' does not compile",
			   config->source);
}

static int compile(struct iou_build *build, const struct iou_build_config *config, int out,
		   struct iou_err *err)
{
	static const char *const mode[] = {"-c", "-o", "-", NULL};
	IOU_CLOSE int memory = memfd_create("messages", MFD_CLOEXEC);
	int status = 0;
	int ret;

	if (memory < 0)
		return iou_err_set(err, IOU_CAUSE_FAILED, "build", errno, "cannot compile '%s'",
				   config->source);
	ret = iou_clang_run(config, mode, out, config->capture ? memory : STDERR_FILENO, &status,
			    err);
	if (ret)
		return ret;
	if (status == 0) {
		build->messages = messages_of(memory);
		return 0;
	}
	ret = did_not_compile(config, status, err);
	iou_err_detail(err, messages_of(memory));
	return ret;
}

/* ---- Link ---- */

static int link_object(const struct iou_build_config *config, int in, int out, struct iou_err *err)
{
	char in_path[FD_PATH_MAX], out_path[FD_PATH_MAX];
	struct bpf_linker *linker = bpf_linker__new(fd_path(out_path, out), NULL);
	int ret = linker ? bpf_linker__add_file(linker, fd_path(in_path, in), NULL) : -errno;

	if (!ret)
		ret = bpf_linker__finalize(linker);
	bpf_linker__free(linker);
	if (!ret)
		return 0;
	iou_err_set(err, IOU_CAUSE_REJECTED, "build", -ret, "libbpf cannot link '%s'",
		    config->source);
	iou_err_hint(err, "-v shows what libbpf says of it");
	return ret;
}

/* ---- Open ---- */

/* Each of the loops, as 'run' would open it. */
static int open_loops(struct iou_build *build, struct iou_err *err)
{
	struct iou_ops ops;
	int ret = iou_loop_open_any(&build->loop, &build->image, err);

	for (size_t i = 0; !ret && iou_loop_ops(build->loop, i, &ops); i++) {
		struct iou_loop *loop = NULL;

		ret = iou_loop_open(&loop, &build->image, ops.name, err);
		iou_loop_free(loop);
	}
	return ret;
}

static int open_image(struct iou_build *build, const struct iou_build_config *config, int fd,
		      struct iou_err *err)
{
	int ret = iou_image_from_fd(&build->image, fd, config->source, err);

	/* A source that declares nothing makes no BTF. */
	if (ret == -ENOEXEC) {
		iou_err_set(err, IOU_CAUSE_REJECTED, "open", 0, "'%s' has no loop", config->source);
		iou_err_hint(err, "'iouctl new NAME' writes one to begin with");
	}
	return ret;
}

int iou_build_make(struct iou_build *build, const struct iou_build_config *config,
		   struct iou_err *err)
{
	IOU_CLOSE int compiled = memfd_create("compiled", MFD_CLOEXEC);
	IOU_CLOSE int linked = memfd_create("linked", MFD_CLOEXEC);
	struct stat source = {};
	int ret;

	*build = (struct iou_build){};
	if (compiled < 0 || linked < 0)
		return iou_err_set(err, IOU_CAUSE_FAILED, "build", errno, "cannot compile '%s'",
				   config->source);
	ret = check_source(config, &source, err) ?: check_object(config, &source, err);
	if (!ret)
		ret = compile(build, config, compiled, err);
	if (!ret)
		ret = link_object(config, compiled, linked, err);
	if (!ret)
		ret = open_image(build, config, linked, err);
	if (!ret)
		ret = open_loops(build, err);
	if (ret)
		iou_build_release(build);
	return ret;
}

int iou_build_write(const struct iou_build *build, const char *object, struct iou_err *err)
{
	return iou_file_write(object, build->image.data, build->image.size, err);
}

void iou_build_release(struct iou_build *build)
{
	iou_loop_free(build->loop);
	iou_image_release(&build->image);
	free(build->messages);
	*build = (struct iou_build){};
}
