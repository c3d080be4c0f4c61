// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "trace/decode.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <linux/io_uring.h>

#include "base/cleanup.h"
#include "base/err.h"

#define NSEC_PER_SEC 1000000000ULL

/* What an opcode makes of an SQE's fields (include/uapi/linux/io_uring.h, io_uring/opdef.c). */
enum uses {
	USES_FD = 1,
	USES_OFF = 2,  /* an offset in a file */
	USES_LEN = 4,  /* bytes, or elements */
	USES_ADDR = 8, /* an address */
	USES_ALL = USES_FD | USES_OFF | USES_LEN | USES_ADDR,
	USES_RW = USES_ALL,
	USES_DATA = USES_FD | USES_LEN | USES_ADDR,
	USES_KEY = 16,   /* addr is another request's user_data */
	USES_ADDR2 = 32, /* off is another address, or something else that is no offset */
	USES_SLOT = 64,  /* file_index, counted from 1; 0 for none */
	USES_FD_IN = 128,
};

static const struct {
	const char *name;
	unsigned int uses;
} opcodes[] = {
	[0] = {"NOP", 0},
	[1] = {"READV", USES_RW},
	[2] = {"WRITEV", USES_RW},
	[3] = {"FSYNC", USES_FD},
	[4] = {"READ_FIXED", USES_RW},
	[5] = {"WRITE_FIXED", USES_RW},
	[6] = {"POLL_ADD", USES_FD},
	[7] = {"POLL_REMOVE", USES_KEY},
	[8] = {"SYNC_FILE_RANGE", USES_FD | USES_OFF | USES_LEN},
	[9] = {"SENDMSG", USES_FD | USES_ADDR},
	[10] = {"RECVMSG", USES_FD | USES_ADDR},
	[11] = {"TIMEOUT", USES_ADDR | USES_ADDR2},
	[12] = {"TIMEOUT_REMOVE", USES_KEY},
	[13] = {"ACCEPT", USES_FD | USES_ADDR | USES_ADDR2 | USES_SLOT},
	[14] = {"ASYNC_CANCEL", USES_KEY},
	[15] = {"LINK_TIMEOUT", USES_ADDR},
	[16] = {"CONNECT", USES_FD | USES_ADDR | USES_ADDR2},
	[17] = {"FALLOCATE", USES_FD | USES_OFF | USES_LEN},
	[18] = {"OPENAT", USES_FD | USES_ADDR | USES_LEN | USES_SLOT},
	[19] = {"CLOSE", USES_FD | USES_SLOT},
	[20] = {"FILES_UPDATE", USES_OFF | USES_LEN | USES_ADDR},
	[21] = {"STATX", USES_FD | USES_ADDR | USES_LEN | USES_ADDR2},
	[22] = {"READ", USES_RW},
	[23] = {"WRITE", USES_RW},
	[24] = {"FADVISE", USES_FD | USES_OFF | USES_LEN},
	[25] = {"MADVISE", USES_ADDR | USES_LEN},
	[26] = {"SEND", USES_DATA},
	[27] = {"RECV", USES_DATA},
	[28] = {"OPENAT2", USES_FD | USES_ADDR | USES_LEN | USES_SLOT},
	[29] = {"EPOLL_CTL", USES_FD | USES_ADDR | USES_LEN},
	[30] = {"SPLICE", USES_FD | USES_OFF | USES_LEN | USES_FD_IN},
	[31] = {"PROVIDE_BUFFERS", USES_ALL},
	[32] = {"REMOVE_BUFFERS", USES_FD},
	[33] = {"TEE", USES_FD | USES_LEN | USES_FD_IN},
	[34] = {"SHUTDOWN", USES_FD | USES_LEN},
	[35] = {"RENAMEAT", USES_ALL},
	[36] = {"UNLINKAT", USES_FD | USES_ADDR},
	[37] = {"MKDIRAT", USES_FD | USES_ADDR | USES_LEN},
	[38] = {"SYMLINKAT", USES_FD | USES_ADDR | USES_ADDR2},
	[39] = {"LINKAT", USES_FD | USES_ADDR | USES_ADDR2 | USES_LEN},
	[40] = {"MSG_RING", USES_ALL},
	[41] = {"FSETXATTR", USES_ALL},
	[42] = {"SETXATTR", USES_ALL},
	[43] = {"FGETXATTR", USES_ALL},
	[44] = {"GETXATTR", USES_ALL},
	[45] = {"SOCKET", USES_FD | USES_OFF | USES_LEN | USES_SLOT},
	[46] = {"URING_CMD", USES_ALL},
	[47] = {"SEND_ZC", USES_DATA},
	[48] = {"SENDMSG_ZC", USES_FD | USES_ADDR},
	[49] = {"READ_MULTISHOT", USES_FD | USES_OFF | USES_LEN},
	[50] = {"WAITID", USES_FD | USES_LEN},
	[51] = {"FUTEX_WAIT", USES_ADDR},
	[52] = {"FUTEX_WAKE", USES_ADDR},
	[53] = {"FUTEX_WAITV", USES_ADDR | USES_LEN},
	[54] = {"FIXED_FD_INSTALL", USES_FD},
	[55] = {"FTRUNCATE", USES_FD | USES_OFF},
	[56] = {"BIND", USES_FD | USES_ADDR | USES_ADDR2},
	[57] = {"LISTEN", USES_FD | USES_LEN},
	[58] = {"RECV_ZC", USES_FD | USES_LEN},
	[59] = {"EPOLL_WAIT", USES_FD | USES_ADDR | USES_LEN},
	[60] = {"READV_FIXED", USES_RW},
	[61] = {"WRITEV_FIXED", USES_RW},
	[62] = {"PIPE", USES_ADDR | USES_SLOT},
	[63] = {"NOP128", 0},
	[64] = {"URING_CMD128", USES_ALL},
};

const char *iou_trace_opcode_name(unsigned int opcode)
{
	return opcode < ARRAY_SIZE(opcodes) ? opcodes[opcode].name : NULL;
}

struct line {
	char *text;
	size_t size, at;
};

static void put(struct line *line, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void put(struct line *line, const char *fmt, ...)
{
	va_list ap;
	int length;

	va_start(ap, fmt);
	length = vsnprintf(line->text + line->at, line->size - line->at, fmt, ap);
	va_end(ap);
	if (length > 0)
		line->at += (size_t)length < line->size - line->at ? (size_t)length
								   : line->size - line->at - 1;
}

/* " flags=A|B|0x100": the bits by name, and what is left of them as a number. */
static void put_flags(struct line *line, const char *const *names, size_t nr, uint32_t flags)
{
	const char *before = " flags=";

	for (size_t bit = 0; bit < nr; bit++) {
		if (!names[bit] || !(flags & (1U << bit)))
			continue;
		put(line, "%s%s", before, names[bit]);
		before = "|";
		flags &= ~(1U << bit);
	}
	if (flags)
		put(line, "%s0x%" PRIx32, before, flags);
}

static void put_sqe(struct line *line, const struct io_uring_sqe *sqe)
{
	static const char *const flags[] = {"FIXED_FILE",      "IO_DRAIN", "IO_LINK",
					    "IO_HARDLINK",     "ASYNC",    "BUFFER_SELECT",
					    "CQE_SKIP_SUCCESS"};
	const char *name = iou_trace_opcode_name(sqe->opcode);
	unsigned int uses = name ? opcodes[sqe->opcode].uses : USES_ALL;

	if (name)
		put(line, "sqe %s", name);
	else
		put(line, "sqe %u", sqe->opcode);
	if (uses & USES_FD)
		put(line, " fd=%" PRId32, sqe->fd);
	if (sqe->opcode == IORING_OP_ASYNC_CANCEL && sqe->cancel_flags & IORING_ASYNC_CANCEL_FD)
		put(line, " fd=%" PRId32, sqe->fd);
	if (uses & USES_FD_IN)
		put(line, " fd_in=%" PRId32 " off_in=%" PRId64, sqe->splice_fd_in,
		    (int64_t)sqe->splice_off_in);
	if (uses & USES_OFF)
		put(line, " off=%" PRId64, (int64_t)sqe->off);
	else if (sqe->off && !(uses & USES_FD_IN))
		put(line, " off=0x%" PRIx64, (uint64_t)sqe->off);
	if (uses & USES_LEN || sqe->len)
		put(line, " len=%" PRIu32, sqe->len);
	if (uses & USES_KEY)
		put(line, " of=0x%" PRIx64, (uint64_t)sqe->addr);
	else if ((uses & USES_ADDR || sqe->addr) && !(uses & USES_FD_IN))
		put(line, " addr=0x%" PRIx64, (uint64_t)sqe->addr);
	put_flags(line, flags, ARRAY_SIZE(flags), sqe->flags);
	/* One word, which every opcode has its own name for. */
	if (sqe->rw_flags)
		put(line, " op_flags=0x%" PRIx32, (uint32_t)sqe->rw_flags);
	if (sqe->ioprio)
		put(line, " ioprio=0x%x", sqe->ioprio);
	if (sqe->flags & IOSQE_BUFFER_SELECT)
		put(line, " buf_group=%u", sqe->buf_group);
	else if (sqe->buf_index || strstr(name ?: "", "_FIXED"))
		put(line, " buf_index=%u", sqe->buf_index);
	if (sqe->personality)
		put(line, " personality=%u", sqe->personality);
	if (uses & USES_SLOT && sqe->file_index == IORING_FILE_INDEX_ALLOC)
		put(line, " slot=any");
	else if (uses & USES_SLOT && sqe->file_index)
		put(line, " slot=%" PRIu32, sqe->file_index - 1);
	put(line, " user_data=0x%" PRIx64, (uint64_t)sqe->user_data);
}

static void put_cqe(struct line *line, const struct io_uring_cqe *cqe)
{
	static const char *const flags[] = {"BUFFER", "MORE",     "SOCK_NONEMPTY",
					    "NOTIF",  "BUF_MORE", "SKIP"};
	uint32_t low = cqe->flags & ((1U << IORING_CQE_BUFFER_SHIFT) - 1);

	put(line, "cqe user_data=0x%" PRIx64 " res=%" PRId32, (uint64_t)cqe->user_data, cqe->res);
	if (cqe->res < 0 && cqe->res >= -4095)
		put(line, " %s (%s)", iou_errno_name(-cqe->res), strerror(-cqe->res));
	put_flags(line, flags, ARRAY_SIZE(flags),
		  cqe->flags & IORING_CQE_F_BUFFER ? low : cqe->flags);
	if (cqe->flags & IORING_CQE_F_BUFFER)
		put(line, " buffer=%" PRIu32, cqe->flags >> IORING_CQE_BUFFER_SHIFT);
}

void iou_trace_decode(char *text, size_t size, const struct iou_trace_record *record,
		      uint64_t start_ns)
{
	uint64_t since = record->time_ns > start_ns ? record->time_ns - start_ns : 0;
	struct line line = {.text = text, .size = size};

	put(&line, "%" PRIu64 ".%09" PRIu64 " %" PRIu64 " ", (uint64_t)(since / NSEC_PER_SEC),
	    (uint64_t)(since % NSEC_PER_SEC), (uint64_t)record->sequence);
	if (record->kind == IOU_TRACE_SQE) {
		struct io_uring_sqe sqe;

		memcpy(&sqe, record->data, sizeof(sqe));
		put_sqe(&line, &sqe);
	} else {
		struct io_uring_cqe cqe = {};

		memcpy(&cqe, record->data, 16);
		put_cqe(&line, &cqe);
	}
}
