#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What the documents say of code is held against the code.

load ../helper

top=$BATS_TEST_DIRNAME/../..

@test "the example of docs/loops.md compiles and is a loop" {
	cd "$BATS_TEST_TMPDIR"
	example filecopy >filecopy.bpf.c
	expect 0 "$IOUCTL" build filecopy.bpf.c --json
	[ -z "$stderr" ]
	[ "$(json '.loops | map(.name) | join(" ")')" = filecopy ]
	# Opened before its parameters are checked: a usage error, not a rejected object.
	expect 2 "$IOUCTL" run ./filecopy.bpf.o bs=0
	has "bs goes from 1 to 16777216 bytes" "$stderr"
}

@test "the policy of docs/loops.md compiles, and is for attach" {
	cd "$BATS_TEST_TMPDIR"
	example gentle >gentle.bpf.c
	expect 0 "$IOUCTL" build gentle.bpf.c --json
	[ -z "$stderr" ]
	[ "$(json '.next[0]')" = "iouctl attach ./gentle.bpf.o --pid PID --ring-fd auto" ]
	expect 0 "$IOUCTL" show ./gentle.bpf.o --json
	[ "$(json '[.loops[0].command, .params[0].name, any(.stats[]; .name == "held-back")] | tojson')" = '["attach","most",true]' ]
}

# Whether the lines of $1 are in $2, one after the other.
is_part_of() {
	[[ "$(cat "$2")" == *"$(cat "$1")"* ]]
}

@test "each piece of source in docs/loops.md is one of what it explains" {
	cd "$BATS_TEST_TMPDIR"
	example filecopy >filecopy.bpf.c
	example gentle >gentle.bpf.c
	"$IOUCTL" new hello >/dev/null
	csplit -sz -f piece. <(sed -n '/^```c$/,/^```$/{s/^```$//;p}' "$top/docs/loops.md") '/^```c$/' '{*}'
	for piece in piece.*; do
		sed -i '1d;$d' "$piece"
		is_part_of "$piece" hello.bpf.c || is_part_of "$piece" filecopy.bpf.c ||
			is_part_of "$piece" gentle.bpf.c || {
			echo "of neither: $(cat "$piece")"
			return 1
		}
	done
	[ "$(ls piece.* | wc -l)" -gt 8 ]
}

# What the header gives to loops: macros and functions.
public_names() {
	cat "$top"/bpf/include/iouctl/*.h |
		sed -nE 's/^#define ([A-Za-z0-9_]+).*/\1/p
			s/^static [a-z_0-9 ]*[ *]([a-z0-9_]+)\(.*/\1/p' |
		grep -E '^(IOU_|iou_|io_uring_prep_)' | grep -v '_$' | sort -u
}

@test "docs/loops.md mentions all that the header has" {
	[ "$(public_names | wc -l)" -gt 90 ]
	public_names | grep -qx iou_trace_is_behind
	public_names | grep -qx IOU_PARAM_BUF_RING
	for name in $(public_names); do
		grep -qw "$name" "$top/docs/loops.md" || {
			echo "$name is not in docs/loops.md"
			return 1
		}
	done
}

@test "docs/loops.md speaks of nothing that the header has not" {
	for name in $(grep -oE '`(IOU_[A-Z0-9_]*[A-Z0-9]|(iou|io_uring_(prep|sqe|cqe))_[a-z0-9_]+[a-z0-9])' "$top/docs/loops.md" |
		tr -d '`' | sort -u); do
		grep -qw "$name" "$top"/bpf/include/iouctl/*.h || {
			echo "$name is not in the header"
			return 1
		}
	done
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
