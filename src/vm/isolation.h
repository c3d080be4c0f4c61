/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What keeps the host from the guest's hands, and lets nothing of a VM outlive it. The first of
 * these that this process may have is taken:
 *
 * ROOT: mount and PID namespaces. The guest's root is a clone of the host's tree that is read-only
 *	as a whole; see guestroot.h.
 * USER: the same, in a user namespace in which only the starter's user and group exist. They are
 *	root there; everybody else's files belong to nobody.
 * NONE: no namespaces, as in a container. The guest's root is / as it is, and the process that
 *	serves it gets EROFS for every system call that could change a file.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"

enum iou_vm_isolation {
	IOU_VM_ISOLATION_ROOT,
	IOU_VM_ISOLATION_USER,
	IOU_VM_ISOLATION_NONE,
};

/* "mount and PID namespaces", … */
const char *iou_vm_isolation_name(enum iou_vm_isolation isolation);

/* fork() with the namespaces of @isolation. As fork(), but -errno on failure. */
pid_t iou_vm_isolation_fork(enum iou_vm_isolation isolation);

/* Whether a failure of @isolation says that this process may not have it. */
bool iou_vm_isolation_denied(int ret);

/*
 * In the child of a fork into a user namespace: be root in it. @uid and @gid are those outside.
 * 0 or -errno with @err.
 */
int iou_vm_isolation_be_root(uid_t uid, gid_t gid, struct iou_err *err);

/* What a process that serves files to the guest is kept from: a filter that stays over exec. */
struct iou_vm_filter {
	bool readonly;    /* EROFS for all that could change a file */
	bool keep_groups; /* setgroups() does nothing, where it would fail */
	bool no_unshare;  /* nor does unshare(CLONE_FS), which containers forbid */
};

/* 0 or -errno. */
int iou_vm_filter_install(const struct iou_vm_filter *filter);
