#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# iouctl new: a source that compiles, under a name that fits, over no file that was there.

load ../helper

top=$BATS_TEST_DIRNAME/../..

setup() {
	mkdir "$BATS_TEST_TMPDIR/work"
	cd "$BATS_TEST_TMPDIR/work" || return
}

@test "a source that compiles without a warning, and what to type next" {
	expect 0 "$IOUCTL" new hello
	[ "${lines[0]}" = "made  hello.bpf.c" ]
	[ "${lines[1]}" = "next  iouctl build hello.bpf.c" ]
	[[ "${lines[2]}" =~ ^\ \ \ \ \ \ iouctl\ (vm\ --\ )?run\ \./hello\.bpf\.o\ --count\ 5$ ]]
	[ "${#lines[@]}" -eq 3 ]
	[ -z "$stderr" ]
	[ "$(ls)" = hello.bpf.c ]
	clang -target bpf -g -O2 -mcpu=v3 -Wall -Wextra -Werror \
		-Wno-unused-parameter -I "$top/bpf/include" \
		-idirafter "/usr/include/$(gcc -dumpmachine)" -c hello.bpf.c -o hello.o
	expect 0 "$IOUCTL" build hello.bpf.c
	[ -z "$stderr" ]
	# Opened before its parameters are checked.
	expect 2 "$IOUCTL" run ./hello.bpf.o --depth 65
	has "depth goes from 1 to 64 requests" "$stderr"
	# Nothing of the template is left, and its text has the name.
	run grep -n '@' hello.bpf.c
	[ "$status" -eq 1 ]
	grep -q 'iouctl build hello.bpf.c' hello.bpf.c
}

@test "in the micro-VM where this kernel has no loops" {
	expect 0 "$IOUCTL" new hello
	if bpftool btf dump file /sys/kernel/btf/vmlinux 2>/dev/null | grep -q "'io_uring_bpf_ops'"; then
		has "      iouctl run " "$output"
	else
		has "      iouctl vm -- run " "$output"
	fi
}

@test "--json: one document" {
	expect 0 "$IOUCTL" new hello --json
	[ "$(json '.schema, .name, .source, .next[0]')" = \
		$'iouctl.new/1\nhello\nhello.bpf.c\niouctl build hello.bpf.c' ]
	[[ "$(json '.next[1]')" == *" run ./hello.bpf.o --count 5" ]]
	expect 2 "$IOUCTL" new hello --json
	[ "$(json '.schema, .stage, .errno, .exit')" = $'iouctl.error/1\noutput\nEEXIST\n2' ]
}

@test "names that fit: dashes are underscores in C" {
	for name in a my-loop my_loop x9 abcdefghijklmnopqrstuvwxyz012345 -- a-; do
		[ "$name" != -- ] || continue
		expect 0 "$IOUCTL" new "$name"
		[ -s "$name.bpf.c" ]
	done
	grep -q '^IOU_LOOP(my_loop, ' my-loop.bpf.c
	grep -q ' my-loop: ' my-loop.bpf.c
	for name in my-loop a- abcdefghijklmnopqrstuvwxyz012345; do
		expect 0 "$IOUCTL" build "$name.bpf.c"
		[ -z "$stderr" ]
	done
}

@test "names that do not fit make no file" {
	for name in "" Hello 9a -a _a a.b hello.bpf.c dir/a ../a "a b" $'a\nb' ä 'a$b' \
		abcdefghijklmnopqrstuvwxyz0123456; do
		expect 2 "$IOUCTL" new -- "$name"
		has "cannot be called" "$stderr"
		has "begins with a letter" "$stderr"
	done
	[ "$(ls -A)" = "" ]
	expect 2 "$IOUCTL" new
	has "no NAME" "$stderr"
	expect 2 "$IOUCTL" new a b
	has "more than one NAME: 'a' and 'b'" "$stderr"
	expect 2 "$IOUCTL" new a --nosuch
	[ "$(ls -A)" = "" ]
}

@test "no built-in's name" {
	for name in $("$IOUCTL" list --names); do
		expect 2 "$IOUCTL" new "$name"
		has "a built-in loop is called '$name'" "$stderr"
	done
	[ "$(ls -A)" = "" ]
}

@test "a name that means something in C is refused, or compiles" {
	for name in for int true asm typeof bpf main count step log round bpf-x iou_x; do
		expect 2 "$IOUCTL" new $name
		has "'$name' has a meaning in a loop's source" "$stderr"
	done
	[ "$(ls -A)" = "" ]
	# Names within functions, the headers' macros, libc's.
	for name in err ring sqe cqe i room left requests params ctx size_t memset printf read errno \
		$(echo '#include <iouctl/loop.bpf.h>' | clang -target bpf -O2 -g -dM -E \
			-I "$top/bpf/include" -idirafter "/usr/include/$(gcc -dumpmachine)" -xc - |
			awk '$2 ~ /^[a-z][a-z0-9_]*$/ {print $2}'); do
		"$IOUCTL" new "$name" >/dev/null 2>&1 || continue
		made+=("$name")
	done
	[ "${#made[@]}" -gt 10 ]
	for name in "${made[@]}"; do
		echo "$name"
		clang -target bpf -fsyntax-only -I "$top/bpf/include" \
			-idirafter "/usr/include/$(gcc -dumpmachine)" "$name.bpf.c"
	done
}

@test "a file that exists is left as it is" {
	echo mine >hello.bpf.c
	expect 2 "$IOUCTL" new hello
	has "cannot make 'hello.bpf.c': File exists; choose another name" "$stderr"
	[ "$(cat hello.bpf.c)" = mine ]
	ln -s elsewhere other.bpf.c
	expect 2 "$IOUCTL" new other
	[ ! -e elsewhere ]
	mkdir dir.bpf.c
	expect 2 "$IOUCTL" new dir
}

@test "a directory that may not be written" {
	expect 4 as_nobody "$IOUCTL" new hello
	has "cannot write 'hello.bpf.c': Permission denied" "$stderr"
	[ "$(ls -A)" = "" ]
}
