/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What can be registered with a ring: io_uring_register(2). All return 0 or -errno. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "ring/ring.h"

/*
 * Memory that loops can look into, IOU_REGION_MEM: whole pages at @addr, which must live as long
 * as the ring. Once for each ring. -ENOMEM also where RLIMIT_MEMLOCK is too low and CAP_IPC_LOCK
 * is not there; -EINVAL before Linux 6.13.
 */
int iou_ring_register_mem(const struct iou_ring *ring, void *addr, size_t size);

/* Buffers for the fixed requests, counted against RLIMIT_MEMLOCK likewise. Once. */
int iou_ring_register_buffers(const struct iou_ring *ring, const struct iovec *iovecs, uint32_t nr);

/* Files, by their place in @fds, for requests with IOSQE_FIXED_FILE. Once, and not with slots. */
int iou_ring_register_files(const struct iou_ring *ring, const int *fds, uint32_t nr);

/* A table of @nr empty slots for direct descriptors. Once. */
int iou_ring_register_slots(const struct iou_ring *ring, uint32_t nr);

/*
 * A ring of provided buffers, of @entries (a power of two up to 32768), at @addr, which is a page's
 * start and has been zeroed.
 */
int iou_ring_register_buf_ring(const struct iou_ring *ring, void *addr, uint32_t entries,
			       uint16_t group);
