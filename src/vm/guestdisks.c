// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "vm/guestdisks.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <mntent.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mount.h>

#include "base/cleanup.h"
#include "vm/tools.h"

#define WAIT_MS 10000
#define PREFIX "nvme"

/* The serial of the disk @name, which is padded with spaces. */
static bool read_serial(const char *name, char *serial, size_t size)
{
	char path[300];
	ssize_t n;
	IOU_CLOSE int fd = -1;

	snprintf(path, sizeof(path), "/sys/block/%s/device/serial", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, serial, size - 1);
	if (n <= 0)
		return false;
	serial[n] = '\0';
	serial[strcspn(serial, " \n")] = '\0';
	return true;
}

/* Link the disk @name if it is number @nr. */
static bool link_disk(const char *name, uint32_t nr)
{
	char serial[64], wanted[32], link[64];

	if (strncmp(name, PREFIX, strlen(PREFIX)) != 0 ||
	    !read_serial(name, serial, sizeof(serial)))
		return false;
	if (strcmp(serial, iou_vm_disk_serial(wanted, sizeof(wanted), nr)) != 0)
		return false;
	snprintf(link, sizeof(link), "/dev/%s", wanted);
	return symlink(name, link) == 0 || errno == EEXIST;
}

static bool find_disk(uint32_t nr)
{
	DIR *blocks = opendir("/sys/block");
	struct dirent *entry;
	bool found = false;

	while (blocks && !found && (entry = readdir(blocks)))
		found = link_disk(entry->d_name, nr);
	if (blocks)
		closedir(blocks);
	return found;
}

int iou_vm_guest_link_disks(uint32_t nr, struct iou_err *err)
{
	int waited = 0;

	for (uint32_t i = 0; i < nr; i++) {
		while (!find_disk(i)) {
			if (waited++ < WAIT_MS) {
				usleep(1000);
				continue;
			}
			iou_err_set(err, IOU_CAUSE_VM, "vm", ENODEV,
				    "the guest's kernel shows no NVMe disk for --disk");
			iou_err_hint(err, "it needs CONFIG_BLK_DEV_NVME=y");
			return -ENODEV;
		}
	}
	return 0;
}

/* One that is below another comes later in the list. */
static bool unmount_last(void)
{
	FILE *mounts = setmntent("/proc/self/mounts", "re");
	struct mntent *entry;
	char last[4096] = "";

	if (!mounts)
		return false;
	while ((entry = getmntent(mounts)))
		if (strncmp(entry->mnt_fsname, "/dev/", 5) == 0)
			snprintf(last, sizeof(last), "%s", entry->mnt_dir);
	endmntent(mounts);
	return last[0] && umount2(last, UMOUNT_NOFOLLOW) == 0;
}

void iou_vm_guest_unmount_disks(void)
{
	while (unmount_last())
		;
}
