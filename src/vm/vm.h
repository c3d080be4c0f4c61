/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The micro-VM: runs a command under a kernel that has loops. The guest's root is the host's file
 * system, read-only as a whole; the command's streams, signals and exit code are those of the
 * process that started it.
 *
 * Who is who: the starter is the process that calls iou_vm_run(). It forks the supervisor, PID 1
 * of a PID namespace and alone in a mount namespace, which builds the guest's root and starts
 * QEMU and virtiofsd. In the guest this same program is PID 1 (iou_vm_guest_main()). Everything
 * that exists for a VM lives in those two namespaces, so nothing is left when the supervisor
 * dies, and it dies with the starter. Where namespaces may not be made, see isolation.h.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* A kernel's command line ends in "-- vm-guest"; main() looks for this word anywhere in argv. */
#define IOU_VM_GUEST_WORD "vm-guest"

enum iou_vm_accel {
	IOU_VM_ACCEL_AUTO, /* KVM where it works, else TCG */
	IOU_VM_ACCEL_KVM,
	IOU_VM_ACCEL_TCG,
	/* TCG with one processor whose nanosecond is an instruction: the guest's clocks count
	 * those of kernel and programs together, whatever else the host does. */
	IOU_VM_ACCEL_COUNT,
};

struct iou_vm_config {
	const char *kernel; /* path of a bzImage or vmlinux, or NULL: iou_vm_kernel_find() */
	enum iou_vm_accel accel;
	const char *const *shares; /* directories that the guest may write */
	size_t shares_nr;
	const char *const *disks; /* files and block devices; the guest has them as NVMe disks */
	size_t disks_nr;
	const char *const *kernel_args; /* appended to the kernel's command line */
	size_t kernel_args_nr;
	unsigned int cpus;        /* 0: those of the host, at most 4 */
	uint64_t memory;          /* bytes; 0: 1 GiB */
	uint64_t timeout_ns;      /* from the call on, boot included; 0: none */
	uint64_t boot_timeout_ns; /* 0: 60 s, after a first attempt of 30 s */
	bool exec;                /* argv is a program of its own, not an iouctl command */
	bool verbose;             /* console lines go to note() as they come */
	char *const *argv;        /* the command, NULL-terminated */
	/* One line for stderr, without its newline. May be NULL. */
	void (*note)(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
};

struct iou_vm_result {
	int exit_code;
	int signal; /* > 0: the command, or the boot before it, was ended by this signal */
};

/*
 * Run config->argv in a micro-VM and wait for its end. The file descriptors 0 to 2 must be open.
 * While it runs, SIGINT, SIGTERM, SIGHUP, SIGQUIT and SIGWINCH are taken from the caller (those
 * that it ignores stay ignored) and the first four reach the command; the third one ends the VM.
 *
 * 0: the command ran to an end, or a signal ended the VM, see @result. Else -errno with @err
 * filled in: IOU_CAUSE_VM (no VM, a boot that failed, a guest that died), IOU_CAUSE_TIMEOUT,
 * IOU_CAUSE_USAGE (a share, a disk or a program that does not exist), IOU_CAUSE_FAILED (output that
 * could not be written, other than to a closed pipe).
 */
int iou_vm_run(const struct iou_vm_config *config, struct iou_vm_result *result,
	       struct iou_err *err);

/*
 * PID 1 of the guest; never returns. main() calls it first of all when getpid() is 1 and
 * IOU_VM_GUEST_WORD is among the arguments.
 */
int iou_vm_guest_main(void) __attribute__((noreturn));

struct iou_vm_kernel {
	char *path;        /* of the image that is booted */
	char *release;     /* "7.2.12+deb13-cloud-amd64" */
	char *config;      /* path of its configuration, or NULL: unknown */
	bool has_loops;    /* the configuration, if there is one, has CONFIG_IO_URING_BPF_OPS=y */
	bool readable;     /* by this user; only such a one is booted unless it is named */
	const char *where; /* static: "fetched", "boot", "modules" */
};

struct iou_vm_kernels {
	struct iou_vm_kernel *list;
	size_t nr;
};

/* All kernels at hand, the newest first. 0 or -ENOMEM; the caller releases @kernels. */
int iou_vm_kernels_list(struct iou_vm_kernels *kernels);
void iou_vm_kernels_release(struct iou_vm_kernels *kernels);

struct iou_vm_fetched {
	char **paths; /* of the images; owned, as are the strings */
	size_t nr;
	int signal; /* > 0: ended by this signal, and nothing was fetched */
};

/*
 * Fetch from the distribution, into the user's cache, the newest kernel with loops, or that of
 * @series ("7.3"), or of each series ("all"). Notes go to the standard error, unless @quiet. What
 * is there already is not fetched again. SIGINT, SIGTERM, SIGHUP and SIGQUIT end it in order.
 *
 * 0 or -errno with @err: no distribution that this works on, no such series, a download or a
 * signature that failed, a configuration without loops. The caller releases @fetched.
 */
int iou_vm_fetch(const char *series, bool quiet, struct iou_vm_fetched *fetched,
		 struct iou_err *err);
void iou_vm_fetched_release(struct iou_vm_fetched *fetched);

/*
 * The path of the image to boot, which the caller frees: @wanted, else $IOUCTL_KERNEL, else the
 * newest with loops. -ENOENT with @err (IOU_CAUSE_VM) where there is none.
 */
int iou_vm_kernel_find(const char *wanted, char **path, struct iou_err *err);

/*
 * ${XDG_CACHE_HOME:-$HOME/.cache}/iouctl/@name, which the caller frees. -ENOENT where neither
 * variable is set to an absolute path.
 */
int iou_vm_cache_path(const char *name, char **path);
