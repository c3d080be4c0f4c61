/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Whether KVM is worth a try: it may be absent, closed to us, or there and broken. */
#pragma once

#include <stdbool.h>

/* Where it is not, @note is told why. */
bool iou_vm_kvm_usable(void (*note)(const char *fmt, ...) __attribute__((format(printf, 1, 2))));

/* KVM failed where software emulation did not: do not try it again until the next boot. */
void iou_vm_kvm_remember_broken(void);
