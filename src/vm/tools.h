/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The programs that make a micro-VM, QEMU and virtiofsd, and their command lines. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct iou_vm_tools {
	char *qemu;          /* path */
	char *virtiofsd;     /* path */
	bool virtiofsd_rust; /* else the C one, which came with QEMU before 8.0 */
};

/* -ENOENT with @err (IOU_CAUSE_VM), which names the package. */
int iou_vm_tools_find(struct iou_vm_tools *tools, struct iou_err *err);
void iou_vm_tools_release(struct iou_vm_tools *tools);

/* A command line that grows. Once memory is short, ->failed is set and stays. */
struct iou_vm_args {
	char **list; /* owned, as are the strings; NULL-terminated */
	size_t nr;
	bool failed;
};

void iou_vm_args_add(struct iou_vm_args *args, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void iou_vm_args_release(struct iou_vm_args *args);

/* virtiofsd for @dir on the listening socket @fd. */
void iou_vm_virtiofsd_args(struct iou_vm_args *args, const struct iou_vm_tools *tools,
			   const char *dir, int fd, bool writable);

struct iou_vm_qemu {
	bool kvm;
	unsigned int cpus;
	uint64_t memory; /* bytes */
	int kernel;      /* file descriptors */
	int agent;
	int console;
	size_t shares_nr;
	const char *append; /* the kernel's command line */
};

void iou_vm_qemu_args(struct iou_vm_args *args, const struct iou_vm_tools *tools,
		      const struct iou_vm_qemu *qemu);

/* The socket between QEMU and a virtiofsd; @nr 0 is the root, 1 the first share. */
char *iou_vm_socket_path(char *buf, size_t size, size_t nr);

/* The virtiofs tag of the same. */
char *iou_vm_tag(char *buf, size_t size, size_t nr);
