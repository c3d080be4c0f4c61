// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ring/register.h"

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

static int do_register(const struct iou_ring *ring, unsigned int opcode, const void *arg,
		       unsigned int nr)
{
	return syscall(__NR_io_uring_register, ring->fd, opcode, arg, nr) < 0 ? -errno : 0;
}

int iou_ring_register_mem(const struct iou_ring *ring, void *addr, size_t size)
{
	struct iou_region_desc desc = {
		.user_addr = (uintptr_t)addr,
		.size = size,
		.flags = IOU_MEM_REGION_TYPE_USER,
	};
	struct iou_mem_region_reg region = {.region_uptr = (uintptr_t)&desc};

	return do_register(ring, IOU_REGISTER_MEM_REGION, &region, 1);
}

int iou_ring_register_buffers(const struct iou_ring *ring, const struct iovec *iovecs, uint32_t nr)
{
	return do_register(ring, IORING_REGISTER_BUFFERS, iovecs, nr);
}

int iou_ring_register_files(const struct iou_ring *ring, const int *fds, uint32_t nr)
{
	return do_register(ring, IORING_REGISTER_FILES, fds, nr);
}

int iou_ring_register_slots(const struct iou_ring *ring, uint32_t nr)
{
	struct io_uring_rsrc_register table = {.nr = nr, .flags = IORING_RSRC_REGISTER_SPARSE};

	return do_register(ring, IORING_REGISTER_FILES2, &table, sizeof(table));
}

int iou_ring_register_buf_ring(const struct iou_ring *ring, void *addr, uint32_t entries,
			       uint16_t group)
{
	struct io_uring_buf_reg reg = {
		.ring_addr = (uintptr_t)addr,
		.ring_entries = entries,
		.bgid = group,
	};

	return do_register(ring, IORING_REGISTER_PBUF_RING, &reg, 1);
}
