/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What cmocka wants included before it. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
