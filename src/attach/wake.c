// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "attach/wake.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stddef.h>

#include "object/load.h"

extern const char iou_wake_object[], iou_wake_object_end[];

/* Never closed: without a descriptor of its map the kernel does no task work. */
static struct bpf_object *waker;
static int program_fd;

int iou_waker_load(void)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts, .object_name = "iouctl_wake");
	size_t size = (size_t)(iou_wake_object_end - iou_wake_object);
	struct bpf_program *program;
	struct bpf_object *object;
	int ret;

	if (waker)
		return 0;
	object = bpf_object__open_mem(iou_wake_object, size, &opts);
	if (!object)
		return -errno;
	ret = iou_object_load(object, iou_wake_object, size);
	program = bpf_object__find_program_by_name(object, "iou_wake");
	if (!ret && !program)
		ret = -ENOENT;
	if (ret) {
		bpf_object__close(object);
		return ret;
	}
	program_fd = bpf_program__fd(program);
	waker = object;
	return 0;
}

int iou_waker_wake(int32_t tid, bool *inside)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = &tid, .ctx_size_in = sizeof(tid));
	int ret = iou_waker_load();

	if (ret)
		return ret;
	if (bpf_prog_test_run_opts(program_fd, &opts))
		return -errno;
	*inside = opts.retval;
	return 0;
}
