// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "vm/guestmounts.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "vm/guestroot.h"
#include "vm/start.h"
#include "vm/tools.h"

#define NO_SUID_DEV_EXEC (MS_NOSUID | MS_NODEV | MS_NOEXEC)

struct guest_mount {
	const char *type, *target, *options;
	unsigned long flags;
	bool required;
	bool make; /* the directory is on a file system of the guest's own, and new */
};

static const struct guest_mount mounts[] = {
	{"proc", "/proc", NULL, NO_SUID_DEV_EXEC, true, false},
	{"sysfs", "/sys", NULL, NO_SUID_DEV_EXEC, true, false},
	{"devtmpfs", "/dev", "mode=755", MS_NOSUID | MS_NOEXEC, true, false},
	{"devpts", "/dev/pts", "mode=620,ptmxmode=666", MS_NOSUID | MS_NOEXEC, true, true},
	{"tmpfs", "/dev/shm", "mode=1777", MS_NOSUID | MS_NODEV, true, true},
	{"tmpfs", IOU_VM_TMPDIR, "mode=1777", MS_NOSUID | MS_NODEV, true, true},
	{"bpf", "/sys/fs/bpf", "mode=700", NO_SUID_DEV_EXEC, false, false},
	{"cgroup2", "/sys/fs/cgroup", NULL, NO_SUID_DEV_EXEC, false, false},
	{"debugfs", "/sys/kernel/debug", NULL, NO_SUID_DEV_EXEC, false, false},
	{"tracefs", "/sys/kernel/tracing", NULL, NO_SUID_DEV_EXEC, false, false},
	{"securityfs", "/sys/kernel/security", NULL, NO_SUID_DEV_EXEC, false, false},
};

static int mount_one(const struct guest_mount *m, struct iou_err *err)
{
	if (m->make)
		mkdir(m->target, 0755);
	if (mount(m->type, m->target, m->type, m->flags, m->options) == 0)
		return 0;
	/* The kernel has put devtmpfs on /dev already where it is configured to. */
	if (errno == EBUSY || !m->required)
		return 0;
	return iou_err_set(err, IOU_CAUSE_VM, "vm", errno, "cannot mount %s on %s in the guest",
			   m->type, m->target);
}

/* This program may lie where the guest's own mounts hide it, so that it gets one of its own. */
static int mount_run(struct iou_err *err)
{
	IOU_CLOSE int program = open("/proc/self/exe", O_PATH | O_CLOEXEC);
	int made;
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", program);
	if (program < 0 || mount("tmpfs", "/run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=755"))
		return iou_err_set(err, IOU_CAUSE_VM, "vm", errno,
				   "cannot mount tmpfs on /run in the guest");
	made = open(IOU_VM_INIT, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
	iou_close(made);
	if (made < 0 || mount(path, IOU_VM_INIT, NULL, MS_BIND, NULL))
		return iou_err_set(err, IOU_CAUSE_VM, "vm", errno,
				   "cannot mount the program on " IOU_VM_INIT " in the guest");
	return 0;
}

static void make_links(void)
{
	static const char *const links[][2] = {
		{"/proc/self/fd", "/dev/fd"},
		{"/proc/self/fd/0", "/dev/stdin"},
		{"/proc/self/fd/1", "/dev/stdout"},
		{"/proc/self/fd/2", "/dev/stderr"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(links); i++)
		if (symlink(links[i][0], links[i][1]) && errno != EEXIST)
			return;
	mkdir("/run/lock", 01777);
}

static void bring_up_loopback(void)
{
	IOU_CLOSE int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};

	/* A kernel without networking has no loops that need it. */
	if (fd >= 0 && ioctl(fd, SIOCSIFFLAGS, &request))
		return;
}

int iou_vm_guest_mount(struct iou_err *err)
{
	static const char name[] = "iouctl-vm";
	int ret;

	umask(0);
	ret = mount_one(&mounts[0], err); /* /proc, which mount_run() needs */
	if (!ret)
		ret = mount_run(err);
	for (size_t i = 1; !ret && i < ARRAY_SIZE(mounts); i++)
		ret = mount_one(&mounts[i], err);
	if (ret)
		return ret;
	make_links();
	bring_up_loopback();
	if (sethostname(name, strlen(name)))
		return iou_err_set(err, IOU_CAUSE_VM, "vm", errno, "cannot set the guest's name");
	return 0;
}

/* The host's tree is visible but for what the guest has of its own, where @path is made anew. */
static int make_mount_point(const char *path, struct iou_err *err)
{
	char part[4096];

	for (const char *slash = path; slash; slash = strchr(slash + 1, '/')) {
		const char *end = strchr(slash + 1, '/');

		snprintf(part, sizeof(part), "%.*s", end ? (int)(end - path) : (int)strlen(path),
			 path);
		if (mkdir(part, 0755) && errno != EEXIST && errno != EROFS)
			return iou_err_set(err, IOU_CAUSE_VM, "vm", errno,
					   "cannot make '%s' in the guest", part);
	}
	return 0;
}

int iou_vm_guest_mount_shares(char *const *shares, struct iou_err *err)
{
	char tag[32];
	int ret;

	for (size_t i = 0; shares[i]; i++) {
		ret = make_mount_point(shares[i], err);
		if (ret)
			return ret;
		if (mount(iou_vm_tag(tag, sizeof(tag), i + 1), shares[i], "virtiofs",
			  MS_NOSUID | MS_NODEV, NULL))
			return iou_err_set(err, IOU_CAUSE_VM, "vm", errno,
					   "cannot mount the share '%s' in the guest", shares[i]);
	}
	return 0;
}

void iou_vm_guest_unmount_shares(char *const *shares)
{
	size_t nr = 0;

	while (shares[nr])
		nr++;
	while (nr--)
		umount2(shares[nr], UMOUNT_NOFOLLOW);
	sync();
}
