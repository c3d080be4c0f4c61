/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The stream sockets that loops ask for. */
#pragma once

#include <stdbool.h>

#include "base/err.h"

/*
 * A socket that listens at @address, or is connected to it (iou_parse_address()). The file
 * descriptor is the caller's, and closed on exec. @where, to be freed, is what the socket is bound
 * to when it listens (the port that the kernel chose for port 0), else @address. Stage "open";
 * causes USAGE (no such host), PERMISSION, FAILED.
 */
int iou_socket_open(const char *address, bool listening, int *fd, char **where,
		    struct iou_err *err);
