// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* nop-chain with nothing in it to trace it: what its programs are held against. */
#define IOU_NO_TRACE
#include "../../bpf/nop-chain.bpf.c"
