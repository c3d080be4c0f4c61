// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "vm/tools.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "vm/proto.h"
#include "vm/vm.h"

#define QEMU "qemu-system-x86_64"

static char *find_in_path(const char *name)
{
	const char *path = getenv("PATH") ?: "/usr/local/bin:/usr/bin:/bin";

	while (*path) {
		size_t len = strcspn(path, ":");
		char *candidate;

		if (len) {
			if (asprintf(&candidate, "%.*s/%s", (int)len, path, name) < 0)
				return NULL;
			if (access(candidate, X_OK) == 0)
				return candidate;
			free(candidate);
		}
		path += len + (path[len] == ':');
	}
	return NULL;
}

static char *find_virtiofsd(void)
{
	/* Where Debian 13 and others have it, Debian 12, Arch. It is not meant for PATH. */
	static const char *const places[] = {
		"/usr/libexec/virtiofsd",
		"/usr/lib/qemu/virtiofsd",
		"/usr/lib/virtiofsd",
	};

	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		if (access(places[i], X_OK) == 0)
			return strdup(places[i]);
	return find_in_path("virtiofsd");
}

/*
 * Both flavours live at the same paths, depending on the distribution. Only the Rust one has an
 * option --shared-dir; looking for it in the binary is quicker than to run it.
 */
static bool is_rust(const char *path)
{
	static const char option[] = "shared-dir";
	IOU_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	bool found;
	void *data;

	if (fd < 0 || fstat(fd, &st) || !st.st_size)
		return false;
	data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (data == MAP_FAILED)
		return false;
	found = memmem(data, (size_t)st.st_size, option, strlen(option)) != NULL;
	munmap(data, (size_t)st.st_size);
	return found;
}

int iou_vm_tools_find(struct iou_vm_tools *tools, struct iou_err *err)
{
	IOU_CLEANUP(iou_vm_tools_release) struct iou_vm_tools found = {0};
	int ret;

	found.qemu = find_in_path(QEMU);
	if (!found.qemu) {
		ret = iou_err_set(err, IOU_CAUSE_VM, "vm", ENOENT, "cannot find " QEMU);
		iou_err_hint(err, "install QEMU (Debian: apt install qemu-system-x86)");
		return ret;
	}
	found.virtiofsd = find_virtiofsd();
	if (!found.virtiofsd) {
		ret = iou_err_set(err, IOU_CAUSE_VM, "vm", ENOENT, "cannot find virtiofsd");
		iou_err_hint(err, "install it (Debian 12: apt install qemu-system-common, newer "
				  "ones: apt install virtiofsd)");
		return ret;
	}
	found.virtiofsd_rust = is_rust(found.virtiofsd);
	*tools = (struct iou_vm_tools){
		.qemu = TAKE_PTR(found.qemu),
		.virtiofsd = TAKE_PTR(found.virtiofsd),
		.virtiofsd_rust = found.virtiofsd_rust,
	};
	return 0;
}

void iou_vm_tools_release(struct iou_vm_tools *tools)
{
	free(tools->qemu);
	free(tools->virtiofsd);
	*tools = (struct iou_vm_tools){0};
}

char *iou_vm_tag(char *buf, size_t size, size_t nr)
{
	snprintf(buf, size, nr ? "share%zu" : "root", nr);
	return buf;
}

char *iou_vm_disk_serial(char *buf, size_t size, size_t nr)
{
	snprintf(buf, size, "disk%zu", nr);
	return buf;
}

static void rust_args(struct iou_words *args, const struct iou_vm_virtiofsd *virtiofsd)
{
	bool writable = virtiofsd->writable;

	iou_words_add(args, "--fd=%d", virtiofsd->fd);
	iou_words_add(args, "--shared-dir=%s", virtiofsd->dir);
	iou_words_add(args, "--sandbox=%s", virtiofsd->chroot ? "chroot" : "none");
	iou_words_add(args, "--log-level=error");
	iou_words_add(args, "--announce-submounts");
	iou_words_add(args, "--cache=%s", writable ? "auto" : "always");
	iou_words_add(args, "--modcaps=-mknod");
	if (writable)
		iou_words_add(args, "--allow-direct-io");
}

/* fuse_opt_parse() ends an option at a comma and takes what is behind a backslash as it is. */
static void add_source(struct iou_words *args, const char *dir)
{
	IOU_FREE char *quoted = malloc(2 * strlen(dir) + 1);
	char *to = quoted;

	if (!quoted) {
		args->failed = true;
		return;
	}
	for (; *dir; dir++) {
		if (*dir == ',' || *dir == '\\')
			*to++ = '\\';
		*to++ = *dir;
	}
	*to = '\0';
	iou_words_add(args, "-osource=%s", quoted);
}

static void c_args(struct iou_words *args, const struct iou_vm_virtiofsd *virtiofsd)
{
	bool writable = virtiofsd->writable;

	iou_words_add(args, "-f");
	iou_words_add(args, "--fd=%d", virtiofsd->fd);
	add_source(args, virtiofsd->dir);
	iou_words_add(args, "-osandbox=chroot,log_level=err,announce_submounts");
	iou_words_add(args, "-omodcaps=-mknod,cache=%s%s", writable ? "auto" : "always",
		      writable ? ",allow_direct_io" : "");
}

int iou_vm_virtiofsd_args(struct iou_words *args, const struct iou_vm_tools *tools,
			  const struct iou_vm_virtiofsd *virtiofsd)
{
	if (!virtiofsd->chroot && !tools->virtiofsd_rust)
		return -ENOTSUP;
	iou_words_add(args, "%s", tools->virtiofsd);
	/* The limit is what the caller set: both would fail where they cannot raise it. */
	iou_words_add(args, "--rlimit-nofile=0");
	(tools->virtiofsd_rust ? rust_args : c_args)(args, virtiofsd);
	return 0;
}

static void add_accel(struct iou_words *args, enum iou_vm_accel accel)
{
	static const char *const accels[] = {
		[IOU_VM_ACCEL_KVM] = "kvm",
		[IOU_VM_ACCEL_TCG] = "tcg,thread=multi",
		[IOU_VM_ACCEL_COUNT] = "tcg,thread=single",
	};

	iou_words_add(args, "-accel");
	iou_words_add(args, "%s", accels[accel]);
	iou_words_add(args, "-cpu");
	/* An instruction that copies thousands of bytes would count as that many, where other ways
	 * to copy count as a tenth. */
	iou_words_add(args, accel == IOU_VM_ACCEL_KVM     ? "host"
			    : accel == IOU_VM_ACCEL_COUNT ? "max,-erms,-fsrm"
							  : "max");
	if (accel != IOU_VM_ACCEL_COUNT)
		return;
	iou_words_add(args, "-icount");
	iou_words_add(args, "shift=0,sleep=off");
}

static void add_file_system(struct iou_words *args, size_t nr, int fd)
{
	char tag[32];

	iou_words_add(args, "-chardev");
	iou_words_add(args, "socket,id=fs%zu,fd=%d", nr, fd);
	iou_words_add(args, "-device");
	iou_words_add(args, "vhost-user-fs-pci,chardev=fs%zu,tag=%s", nr,
		      iou_vm_tag(tag, sizeof(tag), nr));
}

/* By its descriptor: no name for QEMU to take apart, or to find something else at. */
static void add_disk(struct iou_words *args, size_t nr, int fd)
{
	char serial[32];

	iou_vm_disk_serial(serial, sizeof(serial), nr);
	iou_words_add(args, "-add-fd");
	iou_words_add(args, "fd=%d,set=%zu", fd, nr);
	iou_words_add(args, "-blockdev");
	iou_words_add(args,
		      "driver=raw,node-name=%s,discard=unmap,file.driver=file,"
		      "file.filename=/dev/fdset/%zu,file.discard=unmap",
		      serial, nr);
	iou_words_add(args, "-device");
	iou_words_add(args, "nvme,drive=%s,serial=%s", serial, serial);
}

void iou_vm_qemu_args(struct iou_words *args, const struct iou_vm_tools *tools,
		      const struct iou_vm_qemu *qemu)
{
	static const char *const fixed[] = {
		"-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-nic",
		"none",        "-machine",        "q35",
	};

	iou_words_add(args, "%s", tools->qemu);
	for (size_t i = 0; i < ARRAY_SIZE(fixed); i++)
		iou_words_add(args, "%s", fixed[i]);
	add_accel(args, qemu->accel);
	iou_words_add(args, "-smp");
	iou_words_add(args, "%u", qemu->cpus);
	iou_words_add(args, "-m");
	iou_words_add(args, "%lluM", (unsigned long long)(qemu->memory >> 20));

	/* virtiofsd maps the guest's memory, so it has to be shareable. */
	iou_words_add(args, "-object");
	iou_words_add(args, "memory-backend-memfd,id=mem,share=on,size=%lluM",
		      (unsigned long long)(qemu->memory >> 20));
	iou_words_add(args, "-numa");
	iou_words_add(args, "node,memdev=mem");
	for (size_t i = 0; i < qemu->fs_nr; i++)
		add_file_system(args, i, qemu->fs[i]);
	for (size_t i = 0; i < qemu->disks_nr; i++)
		add_disk(args, i, qemu->disks[i]);

	iou_words_add(args, "-chardev");
	iou_words_add(args, "socket,id=console,fd=%d", qemu->console);
	iou_words_add(args, "-serial");
	iou_words_add(args, "chardev:console");
	iou_words_add(args, "-chardev");
	iou_words_add(args, "socket,id=agent,fd=%d", qemu->agent);
	iou_words_add(args, "-device");
	iou_words_add(args, "virtio-serial-pci,max_ports=2");
	iou_words_add(args, "-device");
	iou_words_add(args, "virtserialport,chardev=agent,name=" IOU_VM_PORT_NAME);

	iou_words_add(args, "-kernel");
	iou_words_add(args, "/proc/self/fd/%d", qemu->kernel);
	iou_words_add(args, "-append");
	/* Quoted, so that a path may have spaces (lib/cmdline.c). What comes later goes before it.
	 */
	iou_words_add(args, "init=\"%s\" %s -- " IOU_VM_GUEST_WORD, qemu->init, qemu->append);
}
