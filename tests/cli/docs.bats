#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What the documents say of code is held against the code.

load ../helper

top=$BATS_TEST_DIRNAME/../..

@test "the example of docs/loops.md compiles and is a loop" {
	sed -n '/^```c$/,/^```$/{/^```/!p}' "$top/docs/loops.md" >"$BATS_TEST_TMPDIR/batch.bpf.c"
	clang -target bpf -g -O2 -mcpu=v3 -Wall -Werror -I "$top/bpf/include" \
		-idirafter "/usr/include/$(gcc -dumpmachine)" \
		-c "$BATS_TEST_TMPDIR/batch.bpf.c" -o "$BATS_TEST_TMPDIR/batch.bpf.o"
	# Opened before its parameters are checked: a usage error, not a rejected object.
	expect 2 "$IOUCTL" run "$BATS_TEST_TMPDIR/batch.bpf.o" --depth 0
	has "depth goes from 1 to 64 requests" "$stderr"
}

@test "every manual page formats without a warning" {
	for page in "$BUILD"/docs/*.[17]; do
		run man --warnings -E UTF-8 -l -Tutf8 -Z "$page"
		[ "$status" -eq 0 ]
		run bash -c "man --warnings -E UTF-8 -l -Tutf8 -Z '$page' 2>&1 >/dev/null"
		[ -z "$output" ]
	done
}

@test "every command has a manual page, and every exit code is in iouctl(1)" {
	for command in $("$IOUCTL" --help | sed -n 's/^  \([a-z]*\) .*/\1/p'); do
		[ -s "$BUILD/docs/iouctl-$command.1" ]
	done
	text=$(man -l "$BUILD/docs/iouctl.1")
	for code in $(sed -n 's/^\tIOU_EXIT_[A-Z]* = \([0-9]*\),.*/\1/p' "$top/cmd/exit.h"); do
		grep -qE "^ +$code(\$|\+)" <<<"$text" || {
			echo "exit code $code is not in iouctl(1)"
			return 1
		}
	done
}
