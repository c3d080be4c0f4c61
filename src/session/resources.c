// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "session/resources.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/fs.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "session/maker.h"
#include "session/socket.h"

int iou_maker_set(struct iou_maker *maker, const struct iou_decl *param, const char *field,
		  uint64_t value)
{
	char path[128];
	int ret;

	snprintf(path, sizeof(path), "%s.%s", param->variable, field);
	ret = iou_loop_var_set(maker->loop, path, value);
	if (ret) {
		iou_err_set(maker->err, IOU_CAUSE_REJECTED, "open", 0, "cannot set '%s'", path);
		iou_err_hint(maker->err, "'%s' is not of the type that its declaration tells",
			     param->variable);
	}
	return ret;
}

int iou_maker_keep_fd(struct iou_maker *maker, int fd)
{
	int *fds = reallocarray(maker->made.fds, maker->made.fds_nr + 1, sizeof(*fds));

	if (!fds) {
		iou_close(fd);
		return iou_err_set(maker->err, IOU_CAUSE_FAILED, "open", ENOMEM,
				   "cannot keep a file open");
	}
	maker->made.fds = fds;
	fds[maker->made.fds_nr++] = fd;
	return 0;
}

static int keep_path(struct iou_maker *maker, const char *path)
{
	char **paths = reallocarray(maker->made.paths, maker->made.paths_nr + 1, sizeof(*paths));
	char *copy = strdup(path);

	if (paths)
		maker->made.paths = paths;
	if (!paths || !copy) {
		unlink(path);
		free(copy);
		return iou_err_set(maker->err, IOU_CAUSE_FAILED, "open", ENOMEM,
				   "cannot listen at 'unix:%s'", path);
	}
	paths[maker->made.paths_nr++] = copy;
	return 0;
}

/* ---- Files and sockets ---- */

static uint64_t size_of(int fd)
{
	struct stat st;
	uint64_t size = 0;

	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		return (uint64_t)st.st_size;
	return ioctl(fd, BLKGETSIZE64, &size) == 0 ? size : 0;
}

static bool is_same(const struct stat *a, const struct stat *b)
{
	if (S_ISBLK(a->st_mode))
		return S_ISBLK(b->st_mode) && a->st_rdev == b->st_rdev;
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* Whether one of the files or disks that are open is the one in @fd, which is to be written. */
static bool is_used_too(const struct iou_maker *maker, int fd)
{
	struct stat out, in;

	if (fstat(fd, &out) || (!S_ISREG(out.st_mode) && !S_ISBLK(out.st_mode)))
		return false;
	for (size_t i = 0; i < maker->made.fds_nr; i++)
		if (maker->made.fds[i] != fd && fstat(maker->made.fds[i], &in) == 0 &&
		    is_same(&out, &in))
			return true;
	return false;
}

static int file_error(struct iou_maker *maker, const char *path, bool out)
{
	enum iou_cause cause = errno == EACCES || errno == EPERM    ? IOU_CAUSE_PERMISSION
			       : errno == ENOENT || errno == EISDIR ? IOU_CAUSE_USAGE
								    : IOU_CAUSE_FAILED;

	return iou_err_set(maker->err, cause, "open", errno,
			   out ? "cannot open '%s' for writing" : "cannot open '%s'", path);
}

static int open_out(struct iou_maker *maker, const char *path, int *fd)
{
	struct iou_outfile *outs = reallocarray(maker->made.outs, maker->made.outs_nr + 1,
						sizeof(*outs));
	struct iou_outfile out;
	int ret;

	if (outs)
		maker->made.outs = outs;
	ret = outs ? iou_outfile_open(&out, path, O_WRONLY | O_CLOEXEC) : -ENOMEM;
	if (ret) {
		errno = -ret;
		return file_error(maker, path, true);
	}
	outs[maker->made.outs_nr++] = out;
	ret = iou_maker_keep_fd(maker, out.fd);
	if (ret)
		return ret;
	*fd = out.fd;
	return 0;
}

static int open_in(struct iou_maker *maker, const char *path, int *fd)
{
	int opened = strcmp(path, "-") == 0 ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
					    : open(path, O_RDONLY | O_CLOEXEC);

	if (opened < 0)
		return file_error(maker, path, false);
	*fd = opened;
	return iou_maker_keep_fd(maker, opened);
}

static int open_stdout(struct iou_maker *maker, int *fd)
{
	int opened = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);

	if (opened < 0)
		return file_error(maker, "-", true);
	maker->made.writes_stdout = true;
	*fd = opened;
	return iou_maker_keep_fd(maker, opened);
}

/* Standard input and output are where their other users left them: their next byte is meant. */
static bool has_offsets(const char *path, int fd)
{
	return strcmp(path, "-") != 0 && lseek(fd, 0, SEEK_CUR) >= 0;
}

bool iou_maker_is_direct(const struct iou_maker *maker, const struct iou_decl *param)
{
	const struct iou_decl *flag = param->direct ? iou_loop_param(maker->loop, param->direct)
						    : NULL;
	uint64_t wanted = 0;

	return flag && !iou_loop_param_get(maker->loop, flag, &wanted) && wanted;
}

/* The file in @fd once more, with O_DIRECT, where a flag of the loop's asks for it. */
static int open_direct(struct iou_maker *maker, const struct iou_decl *param, const char *path,
		       int fd, int *direct_fd)
{
	int mode = param->kind == IOU_KIND_OUTFILE ? O_WRONLY : O_RDONLY, opened;
	char again[32];

	if (!iou_maker_is_direct(maker, param))
		return 0;
	if (!has_offsets(path, fd)) {
		iou_err_set(maker->err, IOU_CAUSE_USAGE, "usage", 0,
			    "'%s' has no offsets, which O_DIRECT needs", path);
		iou_err_hint(maker->err, "leave out %s", param->direct);
		return -EINVAL;
	}
	snprintf(again, sizeof(again), "/proc/self/fd/%d", fd);
	opened = open(again, mode | O_DIRECT | O_CLOEXEC);
	if (opened < 0) {
		int ret = iou_err_set(maker->err, IOU_CAUSE_FAILED, "open", errno,
				      "cannot open '%s' with O_DIRECT", path);

		iou_err_hint(maker->err, "not all file systems have it: leave out %s",
			     param->direct);
		return ret;
	}
	*direct_fd = opened;
	return iou_maker_keep_fd(maker, opened);
}

int iou_maker_open_out(struct iou_maker *maker, const char *path, int *fd)
{
	int ret = strcmp(path, "-") == 0 ? open_stdout(maker, fd) : open_out(maker, path, fd);

	if (ret || !(is_used_too(maker, *fd) || iou_maker_is_listed(maker, *fd)))
		return ret;
	iou_err_set(maker->err, IOU_CAUSE_USAGE, "usage", 0,
		    "'%s' would be written over: it is read, or written, by another name, too",
		    path);
	return -EINVAL;
}

static int open_file(struct iou_maker *maker, const struct iou_decl *param, const char *path)
{
	bool out = param->kind == IOU_KIND_OUTFILE;
	int fd = -1, direct_fd = -1, ret;

	ret = out ? iou_maker_open_out(maker, path, &fd) : open_in(maker, path, &fd);
	if (ret)
		return ret;
	ret = iou_maker_set(maker, param, "fd", (uint32_t)fd)
		      ?: iou_maker_set(maker, param, "size", out ? 0 : size_of(fd))
		      ?: iou_maker_set(maker, param, "seeks", has_offsets(path, fd));
	if (ret)
		return ret;
	ret = open_direct(maker, param, path, fd, &direct_fd);
	return ret ?: iou_maker_set(maker, param, "direct_fd", (uint32_t)direct_fd);
}

static int open_socket(struct iou_maker *maker, const struct iou_decl *param, const char *address)
{
	IOU_FREE char *where = NULL;
	int fd = -1;
	int ret = iou_socket_open(address, param->kind == IOU_KIND_LISTEN, &fd, &where, maker->err);

	if (!ret)
		ret = iou_maker_keep_fd(maker, fd);
	if (!ret)
		ret = iou_maker_set(maker, param, "fd", (uint32_t)fd)
			      ?: iou_maker_set(maker, param, "tcp",
					       strncmp(address, "unix:", 5) != 0);
	if (!ret && param->kind == IOU_KIND_LISTEN && strncmp(address, "unix:", 5) == 0)
		ret = keep_path(maker, address + 5);
	/* Where the kernel chose a port, it is the value from now on. */
	return ret ?: iou_loop_param_set(maker->loop, param, where, maker->err);
}

/* Tell the loop that there is none: also one that is only verified, which branches by that. */
static int leave_out(struct iou_maker *maker, const struct iou_decl *param, bool file)
{
	int ret;

	if (param->kind == IOU_KIND_PATHS)
		return iou_maker_set(maker, param, "addr", 0)
			       ?: iou_maker_set(maker, param, "nr", 0);
	ret = iou_maker_set(maker, param, "fd", UINT32_MAX);

	return ret || !file ? ret : iou_maker_set(maker, param, "direct_fd", UINT32_MAX);
}

static int open_named(struct iou_maker *maker, const struct iou_decl *param)
{
	const char *text = iou_loop_param_text(maker->loop, param);
	bool file = param->kind == IOU_KIND_INFILE || param->kind == IOU_KIND_OUTFILE;

	if (param->kind == IOU_KIND_TARGETS && !maker->ring)
		return iou_maker_stand_in_targets(maker, param);
	if (!text && param->optional)
		return leave_out(maker, param, file);
	if (text && param->kind == IOU_KIND_PATHS)
		return iou_maker_make_paths(maker, param, text);
	if (!maker->ring)
		return 0;
	if (!text) {
		iou_err_set(maker->err, IOU_CAUSE_USAGE, "usage", 0, "'%s' needs %s=%s",
			    iou_loop_name(maker->loop), param->name, iou_decl_form(param));
		iou_err_hint(maker->err, "%s is: %s", param->name, param->help);
		return -EINVAL;
	}
	if (param->kind == IOU_KIND_TARGETS)
		return iou_maker_open_targets(maker, param, text);
	return file ? open_file(maker, param, text) : open_socket(maker, param, text);
}

/* ---- All of them ---- */

typedef int (*step_fn)(struct iou_maker *maker, const struct iou_decl *param);

static int each(struct iou_maker *maker, uint32_t kinds, step_fn step)
{
	const struct iou_decls *decls = iou_loop_decls(maker->loop);
	int ret = 0;

	for (size_t i = 0; i < decls->nr && !ret; i++)
		if (decls->list[i].what == IOU_DECL_PARAM && kinds & (1U << decls->list[i].kind))
			ret = step(maker, &decls->list[i]);
	return ret;
}

#define KIND(name) (1U << IOU_KIND_##name)

int iou_resources_open(struct iou_resources *resources, const struct iou_ring *ring,
		       struct iou_loop *loop, struct iou_err *err)
{
	IOU_FREE struct iou_place *places = calloc(iou_loop_decls(loop)->nr + 1, sizeof(*places));
	struct iou_maker maker = {.ring = ring, .loop = loop, .err = err, .places = places};
	int ret;

	if (!places)
		return iou_err_set(err, IOU_CAUSE_FAILED, "open", ENOMEM,
				   "cannot make the loop's resources");
	ret = each(&maker, KIND(MEM) | KIND(BUFFERS) | KIND(BUF_RING) | KIND(PIPES) | KIND(DIRECT),
		   iou_maker_lay_out);

	if (!ret)
		ret = iou_maker_make_memory(&maker)
			      ?: each(&maker, KIND(PIPES), iou_maker_make_pipes);
	if (!ret)
		ret = each(&maker, KIND(INFILE) | KIND(LISTEN) | KIND(CONNECT) | KIND(PATHS),
			   open_named)
			      ?: each(&maker, KIND(OUTFILE) | KIND(TARGETS), open_named);
	if (ret) {
		iou_resources_release(&maker.made);
		return ret;
	}
	*resources = maker.made;
	return 0;
}

int iou_resources_begin(struct iou_resources *resources, struct iou_err *err)
{
	int ret = 0;

	for (size_t i = 0; i < resources->outs_nr && !ret; i++)
		ret = iou_outfile_begin(&resources->outs[i]);
	if (ret)
		return iou_err_set(err, IOU_CAUSE_FAILED, "open", -ret,
				   "cannot empty a file that is to be written");
	return 0;
}

void iou_resources_release(struct iou_resources *resources)
{
	for (size_t i = 0; i < resources->fds_nr; i++)
		iou_close(resources->fds[i]);
	free(resources->fds);
	for (size_t i = 0; i < resources->paths_nr; i++) {
		unlink(resources->paths[i]);
		free(resources->paths[i]);
	}
	free(resources->paths);
	for (size_t i = 0; i < resources->outs_nr; i++)
		iou_outfile_release(&resources->outs[i]);
	free(resources->outs);
	for (size_t i = 0; i < resources->lists_nr; i++)
		munmap(resources->lists[i].iov_base, resources->lists[i].iov_len);
	free(resources->lists);
	if (resources->mem)
		munmap(resources->mem, resources->mem_size);
	if (resources->buffers)
		munmap(resources->buffers, resources->buffers_size);
	*resources = (struct iou_resources){};
}

int iou_resources_place_timers(const struct iou_loop *loop, struct iou_err *err)
{
	const struct iou_decls *decls = iou_loop_decls(loop);

	for (size_t i = 0; i < decls->nr; i++) {
		const char *variable = decls->list[i].variable;
		struct iou_var timer;
		uint64_t *addr;
		char path[128];

		if (decls->list[i].what != IOU_DECL_TIMER)
			continue;
		snprintf(path, sizeof(path), "%s.addr", variable);
		addr = iou_loop_var_shared(loop, path, sizeof(*addr));
		if (!addr || iou_loop_var(loop, variable, &timer))
			return iou_err_set(err, IOU_CAUSE_REJECTED, "load", 0,
					   "'%s' is declared a timer, but is no variable of the "
					   "loop's own data with an addr",
					   variable);
		*addr = (uintptr_t)iou_loop_var_data(loop, &timer);
	}
	return 0;
}
