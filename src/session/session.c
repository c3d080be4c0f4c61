// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "session/session.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"

/* No SQ array to keep, no SQ head and tail to move: faster, where the kernel has them. */
#define FLAGS_WANTED (IORING_SETUP_NO_SQARRAY | IORING_SETUP_SQ_REWIND)

static struct iou_ring_config ring_config(const struct iou_loop *loop,
					  const struct iou_session_config *config)
{
	const struct iou_decl *self = iou_loop_self(loop);
	uint32_t sq = self && self->sq_entries ? self->sq_entries : IOU_SESSION_SQ_ENTRIES;
	uint32_t cq = self && self->cq_entries ? self->cq_entries : IOU_SESSION_CQ_ENTRIES;

	if (config->sq_entries)
		sq = config->sq_entries;
	if (config->cq_entries)
		cq = config->cq_entries;
	else if (cq < sq)
		cq = sq;
	return (struct iou_ring_config){
		.sq_entries = sq,
		.cq_entries = cq,
		.flags = (IOU_RING_LOOP_FLAGS | config->flags_on) & ~config->flags_off,
		.flags_wanted = FLAGS_WANTED & ~config->flags_off,
	};
}

/* Tell a loop that uses our header which ring it gets; others have no such variable. */
static int set_geometry(struct iou_loop *loop, const struct io_uring_params *p, struct iou_err *err)
{
	const struct {
		const char *path;
		uint32_t value;
	} fields[] = {
		{"iou_geometry.sq_entries", p->sq_entries},
		{"iou_geometry.cq_entries", p->cq_entries},
		{"iou_geometry.setup_flags", p->flags},
		{"iou_geometry.sq_head_off", p->sq_off.head},
		{"iou_geometry.sq_tail_off", p->sq_off.tail},
		{"iou_geometry.cq_head_off", p->cq_off.head},
		{"iou_geometry.cq_tail_off", p->cq_off.tail},
		{"iou_geometry.cqes_off", p->cq_off.cqes},
	};
	struct iou_var var;

	if (iou_loop_var(loop, "iou_geometry", &var))
		return 0;
	if (p->flags & (IORING_SETUP_SQE128 | IORING_SETUP_CQE32)) {
		iou_err_set(err, IOU_CAUSE_USAGE, "ring", EINVAL,
			    "'%s' needs SQEs of 64 bytes and CQEs of 16", iou_loop_name(loop));
		iou_err_hint(err, "leave out --ring-flag sqe128 and cqe32");
		return -EINVAL;
	}
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		if (iou_loop_var_set(loop, fields[i].path, fields[i].value)) {
			iou_err_set(err, IOU_CAUSE_REJECTED, "load", EINVAL,
				    "'%s' was compiled with another version of iouctl/loop.bpf.h: "
				    "it has no %s",
				    iou_loop_source(loop), fields[i].path);
			iou_err_hint(err, "compile it again with the header of this iouctl");
			return -EINVAL;
		}
	return 0;
}

int iou_session_open(struct iou_session *session, struct iou_loop *loop,
		     const struct iou_session_config *config, struct iou_err *err)
{
	struct iou_session opened = {.ring = IOU_RING_INIT, .loop = loop};
	struct iou_ring_config ring = ring_config(loop, config);
	int ret = iou_ring_init(&opened.ring, &ring, err);

	if (ret)
		return ret;
	ret = set_geometry(loop, &opened.ring.params, err);
	if (!ret) {
		iou_loop_ring_fd_set(loop, opened.ring.fd);
		ret = iou_loop_load(loop, err);
	}
	if (!ret)
		ret = iou_loop_attach(loop, err);
	if (ret) {
		iou_ring_release(&opened.ring);
		return ret;
	}
	*session = opened;
	return 0;
}

void iou_session_release(struct iou_session *session)
{
	iou_ring_release(&session->ring);
	session->loop = NULL;
}

const char *iou_stop_name(enum iou_stop stop)
{
	static const char *const names[] = {
		[IOU_STOP_DONE] = "done",
		[IOU_STOP_FAILED] = "failed",
		[IOU_STOP_INTERRUPTED] = "interrupted",
		[IOU_STOP_TIMED_OUT] = "timed-out",
		[IOU_STOP_EJECTED] = "ejected",
		[IOU_STOP_BAD_RETURN] = "bad-return",
	};

	return names[stop];
}
