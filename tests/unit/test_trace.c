// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <string.h>

#include "test.h"

#include <linux/io_uring.h>

#include "trace/decode.h"

static void check_sqe(const struct io_uring_sqe *sqe, const char *want)
{
	struct iou_trace_record record = {
		.time_ns = 3000000123, .sequence = 42, .kind = IOU_TRACE_SQE};
	char line[IOU_TRACE_LINE_MAX];

	memcpy(record.data, sqe, sizeof(*sqe));
	iou_trace_decode(line, sizeof(line), &record, 1000000000);
	assert_memory_equal(line, "2.000000123 42 sqe ", 19);
	assert_string_equal(line + 19, want);
}

static void check_cqe(uint64_t user_data, int res, uint32_t flags, const char *want)
{
	struct iou_trace_record record = {.time_ns = 5, .sequence = 0, .kind = IOU_TRACE_CQE};
	char line[IOU_TRACE_LINE_MAX];

	record.data[0] = user_data;
	memcpy(&record.data[1], &res, sizeof(res));
	memcpy((char *)&record.data[1] + 4, &flags, sizeof(flags));
	/* One that is from before the start is at its time. */
	iou_trace_decode(line, sizeof(line), &record, 7);
	assert_memory_equal(line, "0.000000000 0 cqe ", 18);
	assert_string_equal(line + 18, want);
}

static void sqes(void **state)
{
	(void)state;
	check_sqe(&(struct io_uring_sqe){.fd = -1, .user_data = 7}, "NOP user_data=0x7");
	check_sqe(&(struct io_uring_sqe){.opcode = IORING_OP_READ,
					 .fd = 5,
					 .off = -1ULL,
					 .len = 4096,
					 .addr = 0x7f00,
					 .flags = IOSQE_FIXED_FILE | IOSQE_IO_LINK},
		  "READ fd=5 off=-1 len=4096 addr=0x7f00 flags=FIXED_FILE|IO_LINK user_data=0x0");
	check_sqe(&(struct io_uring_sqe){.opcode = IORING_OP_WRITE_FIXED,
					 .fd = 5,
					 .off = 4294967296,
					 .len = 1,
					 .rw_flags = 2},
		  "WRITE_FIXED fd=5 off=4294967296 len=1 addr=0x0 op_flags=0x2 buf_index=0 "
		  "user_data=0x0");
	check_sqe(&(struct io_uring_sqe){.opcode = IORING_OP_RECV,
					 .fd = 1,
					 .flags = IOSQE_BUFFER_SELECT,
					 .buf_group = 3,
					 .ioprio = 2},
		  "RECV fd=1 len=0 addr=0x0 flags=BUFFER_SELECT ioprio=0x2 buf_group=3 "
		  "user_data=0x0");
	check_sqe(&(struct io_uring_sqe){.opcode = IORING_OP_ACCEPT, .fd = 4, .file_index = 2},
		  "ACCEPT fd=4 addr=0x0 slot=1 user_data=0x0");
	check_sqe(&(struct io_uring_sqe){.opcode = IORING_OP_ASYNC_CANCEL, .fd = -1, .addr = 9},
		  "ASYNC_CANCEL of=0x9 user_data=0x0");
	check_sqe(&(struct io_uring_sqe){.opcode = IORING_OP_SPLICE,
					 .fd = 4,
					 .off = -1ULL,
					 .len = 10,
					 .splice_fd_in = 3,
					 .splice_off_in = 5},
		  "SPLICE fd=4 fd_in=3 off_in=5 off=-1 len=10 user_data=0x0");
	check_sqe(&(struct io_uring_sqe){.opcode = 200, .fd = 1},
		  "200 fd=1 off=0 len=0 addr=0x0 user_data=0x0");
}

static void cqes(void **state)
{
	(void)state;
	check_cqe(UINT64_MAX, 0, 0, "user_data=0xffffffffffffffff res=0");
	check_cqe(1, -9, 0, "user_data=0x1 res=-9 EBADF (Bad file descriptor)");
	check_cqe(1, 64, IORING_CQE_F_BUFFER | IORING_CQE_F_MORE | 5U << IORING_CQE_BUFFER_SHIFT,
		  "user_data=0x1 res=64 flags=BUFFER|MORE buffer=5");
	check_cqe(1, 2147483647, 1U << 30, "user_data=0x1 res=2147483647 flags=0x40000000");
}

static void short_buffers(void **state)
{
	struct iou_trace_record record = {.kind = IOU_TRACE_SQE};
	char line[IOU_TRACE_LINE_MAX];

	(void)state;
	memset(record.data, 0xff, sizeof(record.data));
	for (size_t size = 1; size < sizeof(line); size++) {
		line[size] = '#';
		iou_trace_decode(line, size, &record, 0);
		assert_true(strlen(line) < size);
		assert_int_equal(line[size], '#');
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sqes),
		cmocka_unit_test(cqes),
		cmocka_unit_test(short_buffers),
	};

	return cmocka_run_group_tests_name("trace", tests, NULL, NULL);
}
