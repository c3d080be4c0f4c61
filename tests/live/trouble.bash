# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What the kernel complains of when something of it broke.
# shellcheck disable=SC2034 # for those that include it
trouble='BUG|WARNING|KASAN|UBSAN|refcount|hung task|Oops|general protection|stalls? on CPU|blocked for more|memory leaks|leak detector disabled'
