/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Requests: liburing's functions of these names, with the same arguments in the same order (see
 * io_uring_prep_read(3) and so on). Included by <iouctl/loop.bpf.h>.
 *
 * What differs: an SQE is filled as a whole, its user_data and flags with 0, so set these after;
 * and an address is a number, that of memory in the process whose ring it is (for one of
 * iouctl's: the addr of a resource).
 */
#pragma once

#include <linux/fcntl.h> /* AT_FDCWD, O_RDONLY, ... */
#include <iouctl/types.bpf.h>

static __always_inline void io_uring_prep_rw(int op, struct io_uring_sqe *sqe, int fd, __u64 addr,
					     __u32 len, __u64 offset)
{
	__u64 *words = (__u64 *)sqe;

	/* In words, since clang does not join stores: opcode, flags, ioprio and fd; offset;
	 * address; len and the opcode's own flags. */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	words[0] = (__u8)op | (__u64)(__u32)fd << 32;
	words[3] = len;
#else
	words[0] = (__u64)(__u8)op << 56 | (__u32)fd;
	words[3] = (__u64)len << 32;
#endif
	words[1] = offset;
	words[2] = addr;
	words[4] = 0;
	words[5] = 0;
	words[6] = 0;
	words[7] = 0;
}

static __always_inline void io_uring_prep_nop(struct io_uring_sqe *sqe)
{
	io_uring_prep_rw(IORING_OP_NOP, sqe, -1, 0, 0, 0);
}

static __always_inline void io_uring_sqe_set_data64(struct io_uring_sqe *sqe, __u64 data)
{
	sqe->user_data = data;
}

static __always_inline __u64 io_uring_cqe_get_data64(const struct io_uring_cqe *cqe)
{
	return cqe->user_data;
}

/* IOSQE_*, replacing what was set. */
static __always_inline void io_uring_sqe_set_flags(struct io_uring_sqe *sqe, unsigned int flags)
{
	sqe->flags = flags;
}

/* ---- Files ---- */

static __always_inline void io_uring_prep_read(struct io_uring_sqe *sqe, int fd, __u64 buf,
					       __u32 nbytes, __u64 offset)
{
	io_uring_prep_rw(IORING_OP_READ, sqe, fd, buf, nbytes, offset);
}

static __always_inline void io_uring_prep_write(struct io_uring_sqe *sqe, int fd, __u64 buf,
						__u32 nbytes, __u64 offset)
{
	io_uring_prep_rw(IORING_OP_WRITE, sqe, fd, buf, nbytes, offset);
}

static __always_inline void io_uring_prep_readv(struct io_uring_sqe *sqe, int fd, __u64 iovecs,
						__u32 nr_vecs, __u64 offset)
{
	io_uring_prep_rw(IORING_OP_READV, sqe, fd, iovecs, nr_vecs, offset);
}

static __always_inline void io_uring_prep_writev(struct io_uring_sqe *sqe, int fd, __u64 iovecs,
						 __u32 nr_vecs, __u64 offset)
{
	io_uring_prep_rw(IORING_OP_WRITEV, sqe, fd, iovecs, nr_vecs, offset);
}

static __always_inline void io_uring_prep_read_fixed(struct io_uring_sqe *sqe, int fd, __u64 buf,
						     __u32 nbytes, __u64 offset, int buf_index)
{
	io_uring_prep_rw(IORING_OP_READ_FIXED, sqe, fd, buf, nbytes, offset);
	sqe->buf_index = buf_index;
}

static __always_inline void io_uring_prep_write_fixed(struct io_uring_sqe *sqe, int fd, __u64 buf,
						      __u32 nbytes, __u64 offset, int buf_index)
{
	io_uring_prep_rw(IORING_OP_WRITE_FIXED, sqe, fd, buf, nbytes, offset);
	sqe->buf_index = buf_index;
}

static __always_inline void io_uring_prep_fsync(struct io_uring_sqe *sqe, int fd,
						unsigned int fsync_flags)
{
	io_uring_prep_rw(IORING_OP_FSYNC, sqe, fd, 0, 0, 0);
	sqe->fsync_flags = fsync_flags;
}

/* include/uapi/linux/io_uring.h; Linux 6.1's copy of it lacks it (6.9). */
#define IOU_OP_FTRUNCATE 55

static __always_inline void io_uring_prep_ftruncate(struct io_uring_sqe *sqe, int fd, __s64 len)
{
	io_uring_prep_rw(IOU_OP_FTRUNCATE, sqe, fd, 0, 0, len);
}

static __always_inline void io_uring_prep_splice(struct io_uring_sqe *sqe, int fd_in, __s64 off_in,
						 int fd_out, __s64 off_out, unsigned int nbytes,
						 unsigned int splice_flags)
{
	io_uring_prep_rw(IORING_OP_SPLICE, sqe, fd_out, 0, nbytes, off_out);
	sqe->splice_off_in = off_in;
	sqe->splice_fd_in = fd_in;
	sqe->splice_flags = splice_flags;
}

static __always_inline void io_uring_prep_openat(struct io_uring_sqe *sqe, int dfd, __u64 path,
						 int flags, __u32 mode)
{
	io_uring_prep_rw(IORING_OP_OPENAT, sqe, dfd, path, mode, 0);
	sqe->open_flags = flags;
}

static __always_inline void io_uring_prep_close(struct io_uring_sqe *sqe, int fd)
{
	io_uring_prep_rw(IORING_OP_CLOSE, sqe, fd, 0, 0, 0);
}

/* ---- Direct descriptors: a slot of the ring's table (IOU_PARAM_DIRECT), not a descriptor ---- */

/* The kernel counts slots from 1 here; IORING_FILE_INDEX_ALLOC lets it choose one. */
static __always_inline void iou_set_target_slot(struct io_uring_sqe *sqe, unsigned int file_index)
{
	sqe->file_index = file_index == IORING_FILE_INDEX_ALLOC ? IORING_FILE_INDEX_ALLOC
								: file_index + 1;
}

static __always_inline void io_uring_prep_openat_direct(struct io_uring_sqe *sqe, int dfd,
							__u64 path, int flags, __u32 mode,
							unsigned int file_index)
{
	io_uring_prep_openat(sqe, dfd, path, flags, mode);
	iou_set_target_slot(sqe, file_index);
}

static __always_inline void io_uring_prep_close_direct(struct io_uring_sqe *sqe,
						       unsigned int file_index)
{
	io_uring_prep_close(sqe, 0);
	iou_set_target_slot(sqe, file_index);
}

/* ---- Sockets ---- */

static __always_inline void io_uring_prep_send(struct io_uring_sqe *sqe, int sockfd, __u64 buf,
					       __u32 len, int flags)
{
	io_uring_prep_rw(IORING_OP_SEND, sqe, sockfd, buf, len, 0);
	sqe->msg_flags = flags;
}

/* Two CQEs: the result, with IORING_CQE_F_MORE, and with IORING_CQE_F_NOTIF that the buffer is
 * free again. */
static __always_inline void io_uring_prep_send_zc(struct io_uring_sqe *sqe, int sockfd, __u64 buf,
						  __u32 len, int flags, unsigned int zc_flags)
{
	io_uring_prep_rw(IORING_OP_SEND_ZC, sqe, sockfd, buf, len, 0);
	sqe->msg_flags = flags;
	sqe->ioprio = zc_flags;
}

static __always_inline void io_uring_prep_send_zc_fixed(struct io_uring_sqe *sqe, int sockfd,
							__u64 buf, __u32 len, int flags,
							unsigned int zc_flags,
							unsigned int buf_index)
{
	io_uring_prep_send_zc(sqe, sockfd, buf, len, flags, zc_flags | IORING_RECVSEND_FIXED_BUF);
	sqe->buf_index = buf_index;
}

static __always_inline void io_uring_prep_recv(struct io_uring_sqe *sqe, int sockfd, __u64 buf,
					       __u32 len, int flags)
{
	io_uring_prep_rw(IORING_OP_RECV, sqe, sockfd, buf, len, 0);
	sqe->msg_flags = flags;
}

static __always_inline void io_uring_prep_recv_multishot(struct io_uring_sqe *sqe, int sockfd,
							 __u64 buf, __u32 len, int flags)
{
	io_uring_prep_recv(sqe, sockfd, buf, len, flags);
	sqe->ioprio = IORING_RECV_MULTISHOT;
}

static __always_inline void io_uring_prep_accept(struct io_uring_sqe *sqe, int fd, __u64 addr,
						 __u64 addrlen, int flags)
{
	io_uring_prep_rw(IORING_OP_ACCEPT, sqe, fd, addr, 0, addrlen);
	sqe->accept_flags = flags;
}

static __always_inline void io_uring_prep_accept_direct(struct io_uring_sqe *sqe, int fd,
							__u64 addr, __u64 addrlen, int flags,
							unsigned int file_index)
{
	io_uring_prep_accept(sqe, fd, addr, addrlen, flags);
	iou_set_target_slot(sqe, file_index);
}

static __always_inline void io_uring_prep_multishot_accept(struct io_uring_sqe *sqe, int fd,
							   __u64 addr, __u64 addrlen, int flags)
{
	io_uring_prep_accept(sqe, fd, addr, addrlen, flags);
	sqe->ioprio = IORING_ACCEPT_MULTISHOT;
}

static __always_inline void io_uring_prep_connect(struct io_uring_sqe *sqe, int fd, __u64 addr,
						  __u32 addrlen)
{
	io_uring_prep_rw(IORING_OP_CONNECT, sqe, fd, addr, 0, addrlen);
}

static __always_inline void io_uring_prep_shutdown(struct io_uring_sqe *sqe, int fd, int how)
{
	io_uring_prep_rw(IORING_OP_SHUTDOWN, sqe, fd, 0, how, 0);
}

/* ---- Time, readiness, cancellation ---- */

/* @ts points to a struct __kernel_timespec; iou_prep_timer() has one for you. */
static __always_inline void io_uring_prep_timeout(struct io_uring_sqe *sqe, __u64 ts,
						  unsigned int count, unsigned int flags)
{
	io_uring_prep_rw(IORING_OP_TIMEOUT, sqe, -1, ts, 1, count);
	sqe->timeout_flags = flags;
}

static __always_inline void io_uring_prep_timeout_remove(struct io_uring_sqe *sqe, __u64 user_data,
							 unsigned int flags)
{
	io_uring_prep_rw(IORING_OP_TIMEOUT_REMOVE, sqe, -1, user_data, 0, 0);
	sqe->timeout_flags = flags;
}

static __always_inline void io_uring_prep_poll_add(struct io_uring_sqe *sqe, int fd,
						   unsigned int poll_mask)
{
	io_uring_prep_rw(IORING_OP_POLL_ADD, sqe, fd, 0, 0, 0);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	poll_mask = poll_mask << 16 | poll_mask >> 16;
#endif
	sqe->poll32_events = poll_mask;
}

static __always_inline void io_uring_prep_cancel64(struct io_uring_sqe *sqe, __u64 user_data,
						   int flags)
{
	io_uring_prep_rw(IORING_OP_ASYNC_CANCEL, sqe, -1, user_data, 0, 0);
	sqe->cancel_flags = flags;
}

static __always_inline void io_uring_prep_cancel(struct io_uring_sqe *sqe, __u64 user_data,
						 int flags)
{
	io_uring_prep_cancel64(sqe, user_data, flags);
}

static __always_inline void io_uring_prep_cancel_fd(struct io_uring_sqe *sqe, int fd,
						    unsigned int flags)
{
	io_uring_prep_rw(IORING_OP_ASYNC_CANCEL, sqe, fd, 0, 0, 0);
	sqe->cancel_flags = flags | IORING_ASYNC_CANCEL_FD;
}
