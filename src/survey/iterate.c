// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Run the iterators of bpf/survey.bpf.c. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "object/load.h"
#include "survey/internal.h"

/* More than this is nothing that a person would read: a million rings. */
#define BYTES_MAX ((size_t)256 << 20)

extern const char iou_survey_object[], iou_survey_object_end[];

struct iou_iterators {
	struct bpf_object *object;
};

/* The verifier takes its time, too. */
static void leave_out_loops(struct bpf_object *object)
{
	struct bpf_program *prog;

	bpf_object__for_each_program(prog, object)
	{
		if (strcmp(bpf_program__name(prog), "iou_survey_files") != 0)
			bpf_program__set_autoload(prog, false);
	}
}

int iou_iterators_new(struct iou_iterators **out, bool loops)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts, .object_name = "iouctl_survey");
	struct iou_iterators *iterators = calloc(1, sizeof(*iterators));
	int ret = 0;

	if (!iterators)
		return -ENOMEM;
	iterators->object = bpf_object__open_mem(
		iou_survey_object, (size_t)(iou_survey_object_end - iou_survey_object), &opts);
	if (!iterators->object)
		ret = -errno;
	if (!ret && !loops)
		leave_out_loops(iterators->object);
	if (!ret)
		ret = iou_object_load(iterators->object, iou_survey_object,
				      (size_t)(iou_survey_object_end - iou_survey_object));
	if (ret) {
		iou_iterators_free(iterators);
		return ret;
	}
	*out = iterators;
	return 0;
}

void iou_iterators_free(struct iou_iterators *iterators)
{
	if (!iterators)
		return;
	bpf_object__close(iterators->object);
	free(iterators);
}

/* A record may be cut by the end of a read: all of it first. */
static int read_all(int fd, char **out, size_t *size)
{
	IOU_FREE char *bytes = NULL;
	size_t nr = 0, room = 0;

	for (;;) {
		ssize_t got;

		if (nr == room) {
			char *more = room < BYTES_MAX ? realloc(bytes, room * 2 + 65536) : NULL;

			if (!more)
				return -ENOMEM;
			bytes = more;
			room = room * 2 + 65536;
		}
		got = read(fd, bytes + nr, room - nr);
		if (got < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			break;
		nr += (size_t)got;
	}
	*out = TAKE_PTR(bytes);
	*size = nr;
	return 0;
}

int iou_iterate(struct iou_iterators *iterators, const char *name, int32_t pid, size_t size,
		void **records, size_t *nr)
{
	union bpf_iter_link_info which = {.task.pid = (__u32)pid};
	LIBBPF_OPTS(bpf_iter_attach_opts, opts);
	struct bpf_program *prog = bpf_object__find_program_by_name(iterators->object, name);
	struct bpf_link *link;
	char *bytes = NULL;
	size_t length = 0;
	int ret, fd;

	if (!prog)
		return -ENOENT;
	if (pid) {
		opts.link_info = &which;
		opts.link_info_len = sizeof(which);
	}
	link = bpf_program__attach_iter(prog, &opts);
	if (!link)
		return -errno;
	fd = bpf_iter_create(bpf_link__fd(link));
	ret = fd < 0 ? fd : read_all(fd, &bytes, &length);
	iou_close(fd);
	bpf_link__destroy(link);
	if (ret)
		return ret;
	*records = bytes;
	*nr = length / size;
	return 0;
}
