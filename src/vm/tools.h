/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The programs that make a micro-VM, QEMU and virtiofsd, and their command lines. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/words.h"
#include "vm/vm.h"

struct iou_vm_tools {
	char *qemu;          /* path */
	char *virtiofsd;     /* path */
	bool virtiofsd_rust; /* else the C one, which came with QEMU before 8.0 */
};

/* -ENOENT with @err (IOU_CAUSE_VM), which names the package. */
int iou_vm_tools_find(struct iou_vm_tools *tools, struct iou_err *err);
void iou_vm_tools_release(struct iou_vm_tools *tools);

struct iou_vm_virtiofsd {
	const char *dir;
	int fd; /* a listening socket */
	bool writable;
	bool chroot; /* it may make @dir its root, so that no link leads out of it */
};

/* -ENOTSUP where this virtiofsd cannot do without chroot. */
int iou_vm_virtiofsd_args(struct iou_words *args, const struct iou_vm_tools *tools,
			  const struct iou_vm_virtiofsd *virtiofsd);

struct iou_vm_qemu {
	enum iou_vm_accel accel; /* not AUTO */
	unsigned int cpus;
	uint64_t memory; /* bytes */
	int kernel;      /* file descriptors */
	int agent;
	int console;
	const int *fs; /* sockets that are connected to a virtiofsd each; the root is the first */
	size_t fs_nr;
	const int *disks; /* file descriptors of raw images, open for reading and writing */
	size_t disks_nr;
	const char *append; /* the kernel's command line, without what names its init: */
	const char *init;
};

void iou_vm_qemu_args(struct iou_words *args, const struct iou_vm_tools *tools,
		      const struct iou_vm_qemu *qemu);

/* The virtiofs tag of file system @nr; 0 is the root, 1 the first share. */
char *iou_vm_tag(char *buf, size_t size, size_t nr);

/* The serial number of disk @nr, from 0. */
char *iou_vm_disk_serial(char *buf, size_t size, size_t nr);
