// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "base/names.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"

/* include/uapi/linux/io_uring.h. */
static const char *const opcodes[] = {
	[0] = "nop",
	[1] = "readv",
	[2] = "writev",
	[3] = "fsync",
	[4] = "read_fixed",
	[5] = "write_fixed",
	[6] = "poll_add",
	[7] = "poll_remove",
	[8] = "sync_file_range",
	[9] = "sendmsg",
	[10] = "recvmsg",
	[11] = "timeout",
	[12] = "timeout_remove",
	[13] = "accept",
	[14] = "async_cancel",
	[15] = "link_timeout",
	[16] = "connect",
	[17] = "fallocate",
	[18] = "openat",
	[19] = "close",
	[20] = "files_update",
	[21] = "statx",
	[22] = "read",
	[23] = "write",
	[24] = "fadvise",
	[25] = "madvise",
	[26] = "send",
	[27] = "recv",
	[28] = "openat2",
	[29] = "epoll_ctl",
	[30] = "splice",
	[31] = "provide_buffers",
	[32] = "remove_buffers",
	[33] = "tee",
	[34] = "shutdown",
	[35] = "renameat",
	[36] = "unlinkat",
	[37] = "mkdirat",
	[38] = "symlinkat",
	[39] = "linkat",
	[40] = "msg_ring",
	[41] = "fsetxattr",
	[42] = "setxattr",
	[43] = "fgetxattr",
	[44] = "getxattr",
	[45] = "socket",
	[46] = "uring_cmd",
	[47] = "send_zc",
	[48] = "sendmsg_zc",
	[49] = "read_multishot",
	[50] = "waitid",
	[51] = "futex_wait",
	[52] = "futex_wake",
	[53] = "futex_waitv",
	[54] = "fixed_fd_install",
	[55] = "ftruncate",
	[56] = "bind",
	[57] = "listen",
	[58] = "recv_zc",
	[59] = "epoll_wait",
	[60] = "readv_fixed",
	[61] = "writev_fixed",
	[62] = "pipe",
	[63] = "nop128",
	[64] = "uring_cmd128",
};

/* Linux has no larger one with a name (include/uapi/asm-generic/errno.h). */
#define ERRNO_MAX 133

const char *iou_opcode_name(unsigned int opcode)
{
	return opcode < ARRAY_SIZE(opcodes) ? opcodes[opcode] : NULL;
}

/* The name of number @nr, or NULL. */
typedef const char *(*names_t)(unsigned int nr);

static int find(names_t name_of, unsigned int nr, const char *name, uint64_t *value,
		const char **nearest)
{
	const char *names[ERRNO_MAX + 2] = {};
	size_t at = 0;

	for (unsigned int i = 0; i < nr; i++) {
		const char *other = name_of(i);

		if (other && strcmp(other, name) == 0) {
			*value = i;
			return 0;
		}
		if (other)
			names[at++] = other;
	}
	*nearest = iou_text_nearest(name, names);
	return -EINVAL;
}

int iou_opcode_find(const char *name, uint64_t *opcode, const char **nearest)
{
	return find(iou_opcode_name, ARRAY_SIZE(opcodes), name, opcode, nearest);
}

static const char *errno_name(unsigned int number)
{
	return number ? strerrorname_np((int)number) : NULL;
}

int iou_errno_find(const char *name, uint64_t *number, const char **nearest)
{
	return find(errno_name, ERRNO_MAX + 1, name, number, nearest);
}
