/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The START frame: all that the guest needs to know to run the command. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <termios.h>

/* Where the guest has a fresh tmpfs for temporary files. */
#define IOU_VM_TMPDIR "/run/tmp"

struct iou_vm_start {
	char *cwd;
	char *const *argv; /* all three NULL-terminated */
	char **env;
	char **shares;       /* the paths; the tags follow from their order */
	uint32_t disks;      /* how many there are */
	bool exec;           /* argv is a program, not arguments of iouctl */
	bool terminal[3];    /* which of stdin, stdout and stderr are terminals */
	struct winsize size; /* where one is */
	/*
	 * The guest's terminal edits lines, echoes and makes signals, and that of the host does
	 * not, with the settings that that one had. Else it is the other way round.
	 */
	bool interactive;
	struct termios settings;
	uint32_t umask;
	struct rlimit files; /* RLIMIT_NOFILE: the guest kernel's own default is 4096 */
};

/* The payload, which the caller frees, or NULL where memory is short. */
char *iou_vm_start_encode(const struct iou_vm_start *start, size_t *length);

/* Strings point into @data, the lists are the caller's to free. 0, -EPROTO, -ENOMEM. */
int iou_vm_start_decode(struct iou_vm_start *start, char *data, size_t length);

/*
 * This process's environment as the command shall have it: TMPDIR is the guest's, and what names
 * sockets and seats of the host is left out. The caller frees the list, not its strings. NULL where
 * memory is short.
 */
char **iou_vm_env_new(void);
