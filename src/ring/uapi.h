/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What <linux/io_uring.h> of the oldest supported distribution (Debian 12: Linux 6.1) lacks.
 * Values from include/uapi/linux/io_uring.h of Linux 7.2.
 */
#pragma once

#include <linux/io_uring.h>

#ifndef IORING_SETUP_NO_MMAP
#define IORING_SETUP_NO_MMAP (1U << 14)
#endif
#ifndef IORING_SETUP_REGISTERED_FD_ONLY
#define IORING_SETUP_REGISTERED_FD_ONLY (1U << 15)
#endif
#ifndef IORING_SETUP_NO_SQARRAY
#define IORING_SETUP_NO_SQARRAY (1U << 16)
#endif
#ifndef IORING_SETUP_HYBRID_IOPOLL
#define IORING_SETUP_HYBRID_IOPOLL (1U << 17)
#endif
#ifndef IORING_SETUP_CQE_MIXED
#define IORING_SETUP_CQE_MIXED (1U << 18)
#endif
#ifndef IORING_SETUP_SQE_MIXED
#define IORING_SETUP_SQE_MIXED (1U << 19)
#endif
#ifndef IORING_SETUP_SQ_REWIND
#define IORING_SETUP_SQ_REWIND (1U << 20)
#endif

/* Regions: Linux 6.13. */
#define IOU_REGISTER_MEM_REGION 34
#define IOU_MEM_REGION_TYPE_USER 1

struct iou_region_desc {
	__u64 user_addr, size;
	__u32 flags, id;
	__u64 mmap_offset, reserved[4];
};

struct iou_mem_region_reg {
	__u64 region_uptr; /* struct iou_region_desc * */
	__u64 flags, reserved[2];
};
