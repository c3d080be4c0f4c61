// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/words.h"
#include "vm/disks.h"
#include "vm/tools.h"

/* Where @word is among the arguments, from @from on; -1: nowhere. */
static int find(const struct iou_words *args, size_t from, const char *word)
{
	for (size_t i = from; i < args->nr; i++)
		if (strcmp(args->list[i], word) == 0)
			return (int)i;
	return -1;
}

static void disks_of_qemu(void **state)
{
	const int fs[] = {5}, disks[] = {21, 22};
	const struct iou_vm_tools tools = {.qemu = (char *)"/qemu"};
	struct iou_vm_qemu qemu = {
		.accel = IOU_VM_ACCEL_COUNT, .cpus = 1, .memory = 1 << 30, .fs = fs, .fs_nr = 1, .append = "", .init = "/init"};
	struct iou_words args = {0};
	int at;

	(void)state;
	iou_vm_qemu_args(&args, &tools, &qemu);
	assert_int_equal(find(&args, 0, "-add-fd"), -1);
	assert_int_equal(find(&args, 0, "-blockdev"), -1);
	at = find(&args, 0, "-icount");
	assert_true(at > 0);
	assert_string_equal(args.list[at + 1], "shift=0,sleep=off");
	iou_words_release(&args);

	qemu.accel = IOU_VM_ACCEL_TCG;

	qemu.disks = disks;
	qemu.disks_nr = 2;
	args = (struct iou_words){0};
	iou_vm_qemu_args(&args, &tools, &qemu);
	assert_int_equal(find(&args, 0, "-icount"), -1);
	assert_false(args.failed);
	at = find(&args, 0, "-add-fd");
	assert_true(at > 0);
	assert_string_equal(args.list[at + 1], "fd=21,set=0");
	assert_string_equal(args.list[at + 3],
			    "driver=raw,node-name=disk0,discard=unmap,file.driver=file,"
			    "file.filename=/dev/fdset/0,file.discard=unmap");
	assert_string_equal(args.list[at + 5], "nvme,drive=disk0,serial=disk0");
	at = find(&args, (size_t)at + 1, "-add-fd");
	assert_true(at > 0);
	assert_string_equal(args.list[at + 1], "fd=22,set=1");
	assert_string_equal(args.list[at + 5], "nvme,drive=disk1,serial=disk1");
	iou_words_release(&args);
}

/* A file of @size bytes; the caller unlinks it. */
static const char *make_file(char *path, off_t size)
{
	int fd;

	strcpy(path, "/tmp/iouctl-unit.XXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, size), 0);
	close(fd);
	return path;
}

static void opened(void **state)
{
	char a[32], b[32];
	const char *paths[] = {make_file(a, 1024), make_file(b, 512)};
	struct iou_vm_disks disks = {0}, again = {0};
	struct iou_err err = {0};
	struct stat st;

	(void)state;
	assert_int_equal(iou_vm_disks_open(&disks, paths, 2, &err), 0);
	assert_int_equal(disks.nr, 2);
	assert_int_equal(fstat(disks.fds[0], &st), 0);
	assert_int_equal(st.st_size, 1024);
	assert_int_equal(fcntl(disks.fds[0], F_GETFL) & O_ACCMODE, O_RDWR);
	assert_int_equal(fcntl(disks.fds[0], F_GETFD), FD_CLOEXEC);
	/* It is ours, until it is closed. */
	assert_int_equal(iou_vm_disks_open(&again, paths + 1, 1, &err), -EBUSY);
	assert_int_equal(err.cause, IOU_CAUSE_VM);
	assert_non_null(strstr(err.hint, "locked"));
	assert_null(again.fds);
	iou_vm_disks_release(&disks);
	assert_int_equal(iou_vm_disks_open(&again, paths + 1, 1, &err), 0);
	iou_vm_disks_release(&again);
	unlink(a);
	unlink(b);
}

static void none(void **state)
{
	struct iou_vm_disks disks = {0};

	(void)state;
	assert_int_equal(iou_vm_disks_open(&disks, NULL, 0, NULL), 0);
	assert_int_equal(disks.nr, 0);
	iou_vm_disks_release(&disks);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(disks_of_qemu),
		cmocka_unit_test(opened),
		cmocka_unit_test(none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
