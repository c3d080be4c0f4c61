// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "trace/decode.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <linux/io_uring.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/names.h"

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

static const unsigned int uses_of[] = {
	[1] = USES_RW,                                       /* READV */
	[2] = USES_RW,                                       /* WRITEV */
	[3] = USES_FD,                                       /* FSYNC */
	[4] = USES_RW,                                       /* READ_FIXED */
	[5] = USES_RW,                                       /* WRITE_FIXED */
	[6] = USES_FD,                                       /* POLL_ADD */
	[7] = USES_KEY,                                      /* POLL_REMOVE */
	[8] = USES_FD | USES_OFF | USES_LEN,                 /* SYNC_FILE_RANGE */
	[9] = USES_FD | USES_ADDR,                           /* SENDMSG */
	[10] = USES_FD | USES_ADDR,                          /* RECVMSG */
	[11] = USES_ADDR | USES_ADDR2,                       /* TIMEOUT */
	[12] = USES_KEY,                                     /* TIMEOUT_REMOVE */
	[13] = USES_FD | USES_ADDR | USES_ADDR2 | USES_SLOT, /* ACCEPT */
	[14] = USES_KEY,                                     /* ASYNC_CANCEL */
	[15] = USES_ADDR,                                    /* LINK_TIMEOUT */
	[16] = USES_FD | USES_ADDR | USES_ADDR2,             /* CONNECT */
	[17] = USES_FD | USES_OFF | USES_LEN,                /* FALLOCATE */
	[18] = USES_FD | USES_ADDR | USES_LEN | USES_SLOT,   /* OPENAT */
	[19] = USES_FD | USES_SLOT,                          /* CLOSE */
	[20] = USES_OFF | USES_LEN | USES_ADDR,              /* FILES_UPDATE */
	[21] = USES_FD | USES_ADDR | USES_LEN | USES_ADDR2,  /* STATX */
	[22] = USES_RW,                                      /* READ */
	[23] = USES_RW,                                      /* WRITE */
	[24] = USES_FD | USES_OFF | USES_LEN,                /* FADVISE */
	[25] = USES_ADDR | USES_LEN,                         /* MADVISE */
	[26] = USES_DATA,                                    /* SEND */
	[27] = USES_DATA,                                    /* RECV */
	[28] = USES_FD | USES_ADDR | USES_LEN | USES_SLOT,   /* OPENAT2 */
	[29] = USES_FD | USES_ADDR | USES_LEN,               /* EPOLL_CTL */
	[30] = USES_FD | USES_OFF | USES_LEN | USES_FD_IN,   /* SPLICE */
	[31] = USES_ALL,                                     /* PROVIDE_BUFFERS */
	[32] = USES_FD,                                      /* REMOVE_BUFFERS */
	[33] = USES_FD | USES_LEN | USES_FD_IN,              /* TEE */
	[34] = USES_FD | USES_LEN,                           /* SHUTDOWN */
	[35] = USES_ALL,                                     /* RENAMEAT */
	[36] = USES_FD | USES_ADDR,                          /* UNLINKAT */
	[37] = USES_FD | USES_ADDR | USES_LEN,               /* MKDIRAT */
	[38] = USES_FD | USES_ADDR | USES_ADDR2,             /* SYMLINKAT */
	[39] = USES_FD | USES_ADDR | USES_ADDR2 | USES_LEN,  /* LINKAT */
	[40] = USES_ALL,                                     /* MSG_RING */
	[41] = USES_ALL,                                     /* FSETXATTR */
	[42] = USES_ALL,                                     /* SETXATTR */
	[43] = USES_ALL,                                     /* FGETXATTR */
	[44] = USES_ALL,                                     /* GETXATTR */
	[45] = USES_FD | USES_OFF | USES_LEN | USES_SLOT,    /* SOCKET */
	[46] = USES_ALL,                                     /* URING_CMD */
	[47] = USES_DATA,                                    /* SEND_ZC */
	[48] = USES_FD | USES_ADDR,                          /* SENDMSG_ZC */
	[49] = USES_FD | USES_OFF | USES_LEN,                /* READ_MULTISHOT */
	[50] = USES_FD | USES_LEN,                           /* WAITID */
	[51] = USES_ADDR,                                    /* FUTEX_WAIT */
	[52] = USES_ADDR,                                    /* FUTEX_WAKE */
	[53] = USES_ADDR | USES_LEN,                         /* FUTEX_WAITV */
	[54] = USES_FD,                                      /* FIXED_FD_INSTALL */
	[55] = USES_FD | USES_OFF,                           /* FTRUNCATE */
	[56] = USES_FD | USES_ADDR | USES_ADDR2,             /* BIND */
	[57] = USES_FD | USES_LEN,                           /* LISTEN */
	[58] = USES_FD | USES_LEN,                           /* RECV_ZC */
	[59] = USES_FD | USES_ADDR | USES_LEN,               /* EPOLL_WAIT */
	[60] = USES_RW,                                      /* READV_FIXED */
	[61] = USES_RW,                                      /* WRITEV_FIXED */
	[62] = USES_ADDR | USES_SLOT,                        /* PIPE */
	[64] = USES_ALL,                                     /* URING_CMD128 */
};

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

/* As the kernel's headers write it. */
static void put_opcode(struct line *line, const char *name, unsigned int opcode)
{
	if (name)
		put(line, "sqe ");
	else
		put(line, "sqe %u", opcode);
	for (; name && *name; name++)
		put(line, "%c", toupper((unsigned char)*name));
}

static void put_sqe(struct line *line, const struct io_uring_sqe *sqe)
{
	static const char *const flags[] = {"FIXED_FILE",      "IO_DRAIN", "IO_LINK",
					    "IO_HARDLINK",     "ASYNC",    "BUFFER_SELECT",
					    "CQE_SKIP_SUCCESS"};
	const char *name = iou_opcode_name(sqe->opcode);
	unsigned int uses = !name                               ? USES_ALL
			    : sqe->opcode < ARRAY_SIZE(uses_of) ? uses_of[sqe->opcode]
								: 0;

	put_opcode(line, name, sqe->opcode);
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
	else if (sqe->buf_index || strstr(name ?: "", "_fixed"))
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
