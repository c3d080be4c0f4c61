/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once

#include <stdbool.h>

/*
 * Detach the link @fd, with a bound: false where the loop that it holds keeps the ring's lock for a
 * second and more. The kernel goes on trying.
 */
bool iou_link_detach(int fd);
