#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Parameters that are lists: of words, and of paths.

load ../helper

# refused ARGUMENT TEXT: it is a usage error, before anything else is looked at.
refused() {
	expect 2 "$IOUCTL" run link "$1"
	has "$2" "$stderr"
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return
}

@test "lists of words: what they can have, the nearest, and how many" {
	refused steps=open,reed "steps cannot have 'reed'; did you mean 'read'? It can have: open, read, write"
	refused steps=open,nonsense "it can have: open, read, write, send, fsync, close"
	refused steps= "is not a list of words such as a,b,c"
	refused steps=read, "steps cannot have ''"
	refused steps=,read "steps cannot have ''"
	refused steps=read,read,read,read,read,read,read,read,read,read,read,read,read,read,read,read,read \
		"steps has more than 16 words"
	refused steps "not of the form NAME=VALUE"
}

@test "lists of paths: their form" {
	refused files= "is not a list of paths such as a,b,c, or @LIST"
	refused files=a,,b "name 2 of files is empty"
	refused files=@ "files=@ names no list"
	refused "files=a,$(printf '%04096d' 1)" "name 2 of files is longer than 4095 bytes"
	refused "files=$(printf 'a,%.0s' {1..4096})b" "files has more than 4096 names"
}

@test "a list that is declared with what it cannot have is refused" {
	clang -target bpf -g -O2 -mcpu=v3 -I "$BATS_TEST_DIRNAME/../../bpf/include" \
		-idirafter "/usr/include/$(gcc -dumpmachine)" -x c -c - -o "$BATS_TEST_TMPDIR/x.bpf.o" <<'END'
#include <iouctl/loop.bpf.h>
IOU_PARAM_CHOICES(order, "one,three", "one|two", "x");
static __always_inline int step(struct iou_ring *ring) { return iou_done(ring) + order.nr; }
IOU_LOOP(x, step, "x", 8, 16);
END
	expect 5 "$IOUCTL" show "$BATS_TEST_TMPDIR/x.bpf.o"
	has "the default of 'order' is not a list of its words" "$stderr"
}
