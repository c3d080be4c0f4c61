// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "vm/accel.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "vm/vm.h"

#define BOOT_ID "/proc/sys/kernel/random/boot_id"
#define REMEMBER "kvm-broken"

static int read_id(const char *path, char *id, size_t size)
{
	IOU_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, id, size - 1);

	if (n <= 0)
		return -ENOENT;
	id[n] = '\0';
	id[strcspn(id, "\n")] = '\0';
	return 0;
}

static bool known_broken(void)
{
	IOU_FREE char *path = NULL;
	char boot[64], noted[64];

	return iou_vm_cache_path(REMEMBER, &path) == 0 &&
	       read_id(path, noted, sizeof(noted)) == 0 &&
	       read_id(BOOT_ID, boot, sizeof(boot)) == 0 && strcmp(boot, noted) == 0;
}

bool iou_vm_kvm_usable(void (*note)(const char *fmt, ...))
{
	IOU_CLOSE int fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);

	if (fd < 0) {
		if (note)
			note("no KVM here (/dev/kvm: %s); using software emulation",
			     strerror(errno));
		return false;
	}
	if (known_broken()) {
		if (note)
			note("using software emulation (KVM failed earlier in this boot)");
		return false;
	}
	return true;
}

/* The directories above @path; what cannot be made shows when the file is opened. */
static void make_parents(char *path)
{
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(path, 0777);
		*slash = '/';
	}
}

void iou_vm_kvm_remember_broken(void)
{
	IOU_FREE char *path = NULL;
	IOU_CLOSE int fd = -1;
	char boot[64];

	/* It only saves time: what fails here is tried again the next time. */
	if (iou_vm_cache_path(REMEMBER, &path) || read_id(BOOT_ID, boot, sizeof(boot)))
		return;
	make_parents(path);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (fd >= 0)
		dprintf(fd, "%s\n", boot);
}
