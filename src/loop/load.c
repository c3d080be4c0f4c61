// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* From an open object to a loop that the kernel has. */
#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "loop/internal.h"
#include "loop/verifier.h"
#include "object/load.h"

/* Room for the verifier's log; pages that it does not reach are never touched. */
#define LOG_SIZE (16U << 20)

/* BPF_LOG_STATS, include/linux/bpf_verifier.h. */
#define LOG_STATS 4

int iou_loop_map_data(struct iou_loop *loop)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	struct bpf_map *map;

	bpf_object__for_each_map(map, loop->object)
	{
		bool frozen = bpf_map__map_flags(map) & BPF_F_RDONLY_PROG;
		size_t size = ((size_t)bpf_map__value_size(map) + page - 1) / page * page;
		void *data;

		if (!bpf_map__is_internal(map) || !(bpf_map__map_flags(map) & BPF_F_MMAPABLE) ||
		    loop->mappings_nr == MAPPINGS_MAX)
			continue;
		data = mmap(NULL, size, frozen ? PROT_READ : PROT_READ | PROT_WRITE, MAP_SHARED,
			    bpf_map__fd(map), 0);
		if (data == MAP_FAILED)
			return -errno;
		loop->mappings[loop->mappings_nr++] = (struct mapping){map, data, size, !frozen};
	}
	return 0;
}

/* By the verifier, whose @log is the error's from now on. */
static void rejected(const struct bpf_program *prog, char *log, struct iou_err *err)
{
	char reason[512];

	iou_verifier_reason(log, reason, sizeof(reason));
	iou_err_set(err, IOU_CAUSE_REJECTED, "load", 0, "the verifier rejects '%s': %s",
		    bpf_program__name(prog), reason);
	iou_err_hint(err, "-v shows its log");
	iou_err_detail(err, log);
}

static int load_error(struct iou_loop *loop, int ret, struct iou_err *err)
{
	const char *name = iou_loop_name(loop);

	if (!iou_loop_kernel_has_type()) {
		iou_err_set(err, IOU_CAUSE_UNSUPPORTED, "load", 0,
			    "cannot load '%s': this kernel has no BPF io_uring loops (no struct %s "
			    "in its BTF)",
			    name, OPS_TYPE);
		iou_err_hint(err, "they need Linux 7.1 with CONFIG_IO_URING_BPF_OPS");
		return ret;
	}
	/* A step that is measured leaves a log in any case. */
	if (loop->check_log && loop->check_log[0]) {
		rejected(loop->check, TAKE_PTR(loop->check_log), err);
		return ret;
	}
	if (loop->log && loop->log[0]) {
		rejected(loop->step, TAKE_PTR(loop->log), err);
		return ret;
	}
	if (ret == -EPERM || ret == -EACCES) {
		iou_err_set(err, IOU_CAUSE_PERMISSION, "load", -ret, "cannot load '%s'", name);
		iou_err_hint(err, "loops need CAP_BPF and CAP_PERFMON (or root): see 'iouctl "
				  "probe'");
		return ret;
	}
	iou_err_set(err, IOU_CAUSE_REJECTED, "load", -ret, "cannot load '%s'", name);
	iou_err_hint(err, "-v shows what libbpf says of it");
	return ret;
}

/* The verifier's statistics end its log; sizes are the kernel's own. */
static void measure(struct iou_loop *loop)
{
	struct bpf_prog_info info = {};
	__u32 length = sizeof(info);

	if (bpf_prog_get_info_by_fd(bpf_program__fd(loop->step), &info, &length) == 0) {
		loop->size.verified_insns = info.verified_insns;
		loop->size.xlated_bytes = info.xlated_prog_len;
		loop->size.jited_bytes = info.jited_prog_len;
	}
	loop->size.stack_bytes = iou_verifier_stack(loop->log);
	loop->size.verified_ns = iou_verifier_time(loop->log);
}

void iou_loop_measure(struct iou_loop *loop)
{
	loop->measured = true;
}

const struct iou_loop_size *iou_loop_size(const struct iou_loop *loop)
{
	return &loop->size;
}

/* Where the verifier says what it has against @prog; NULL: no memory. */
static char *keep_log(struct bpf_program *prog)
{
	char *log = calloc(1, LOG_SIZE);

	if (log)
		bpf_program__set_log_buf(prog, log, LOG_SIZE);
	return log;
}

int iou_loop_load(struct iou_loop *loop, struct iou_err *err)
{
	int ret;

	loop->log = keep_log(loop->step);
	if (loop->check)
		loop->check_log = keep_log(loop->check);
	if (!loop->log || (loop->check && !loop->check_log))
		return iou_err_set(err, IOU_CAUSE_FAILED, "load", ENOMEM, "cannot load '%s'",
				   iou_loop_name(loop));
	if (loop->measured)
		bpf_program__set_log_level(loop->step, LOG_STATS);
	ret = iou_object_load(loop->object, loop->image->data, loop->image->size);
	if (ret)
		return load_error(loop, ret, err);
	if (loop->measured)
		measure(loop);
	free(TAKE_PTR(loop->log));
	free(TAKE_PTR(loop->check_log));
	ret = iou_loop_map_data(loop);
	if (ret)
		return iou_err_set(err, IOU_CAUSE_FAILED, "load", -ret,
				   "cannot map the data of '%s'", iou_loop_name(loop));
	loop->loaded = true;
	return 0;
}

int iou_loop_step_fd(const struct iou_loop *loop)
{
	return bpf_program__fd(loop->step);
}
