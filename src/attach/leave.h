/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once

#include <stdbool.h>

/* Whether the link @fd is bound to nothing any more. */
bool iou_link_is_off(int fd);

/*
 * Detach the link @fd, with a bound: 0, also where it is off already; -EINPROGRESS where the loop
 * that it holds keeps the ring's lock for a second and more, and the kernel goes on trying; -errno.
 */
int iou_link_detach(int fd);
