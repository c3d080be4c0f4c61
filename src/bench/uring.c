// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "bench/uring.h"

static bool register_fd(struct iou_uring *uring)
{
	struct io_uring_rsrc_update update = {.offset = UINT32_MAX,
					      .data = (uint64_t)uring->ring.fd};

	if (syscall(SYS_io_uring_register, uring->ring.fd, IORING_REGISTER_RING_FDS, &update, 1) !=
	    1)
		return false;
	uring->fd = (int)update.offset;
	uring->enter_flags = IORING_ENTER_REGISTERED_RING;
	return true;
}

int iou_bench_no_ring(int ret, struct iou_err *err)
{
	return iou_err_set(err, IOU_CAUSE_FAILED, "ring", -ret, "cannot make a ring");
}

int iou_uring_open(struct iou_uring *uring, uint32_t sq_entries, struct iou_err *err)
{
	const struct iou_ring_config config = {
		.sq_entries = sq_entries,
		.cq_entries = sq_entries < 256 ? 512 : 2 * sq_entries,
		.flags = IOU_RING_LOOP_FLAGS,
		.flags_wanted = IORING_SETUP_NO_SQARRAY | IORING_SETUP_SQ_REWIND,
	};
	struct iou_uring opened = {.ring = IOU_RING_INIT};
	const struct io_uring_params *p;
	uint8_t *rings;
	int ret = iou_ring_init(&opened.ring, &config, err);

	if (ret)
		return ret;
	p = &opened.ring.params;
	rings = opened.ring.rings;
	opened.sqes = opened.ring.sqes;
	opened.cqes = (struct io_uring_cqe *)(rings + p->cq_off.cqes);
	opened.sq_tail_at = (uint32_t *)(rings + p->sq_off.tail);
	opened.cq_head_at = (uint32_t *)(rings + p->cq_off.head);
	opened.cq_tail_at = (uint32_t *)(rings + p->cq_off.tail);
	opened.sq_mask = p->sq_entries - 1;
	opened.cq_mask = p->cq_entries - 1;
	opened.rewinds = p->flags & IORING_SETUP_SQ_REWIND;
	if (!register_fd(&opened))
		opened.fd = opened.ring.fd;
	*uring = opened;
	return 0;
}

void iou_uring_close(struct iou_uring *uring)
{
	iou_ring_release(&uring->ring);
}
