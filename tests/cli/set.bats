#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# --set: what is wrong with it is found before there is a ring, the same on any kernel.

load ../helper

# refused VAR=VALUE WHAT: a usage error that says WHAT.
refused() {
	expect 2 "$IOUCTL" run "$OBJECTS/settable.bpf.o" --set "$1"
	has "$2" "$stderr"
	[ -z "$output" ]
}

@test "what is not VAR=VALUE" {
	for word in u32 =1 = ""; do
		expect 2 "$IOUCTL" run "$OBJECTS/settable.bpf.o" --set "$word"
		has "'$word' is not of the form VAR=VALUE" "$stderr"
	done
	expect 2 "$IOUCTL" run "$OBJECTS/settable.bpf.o" --set
	has "'--set' needs a value" "$stderr"
}

@test "unknown variables and fields are named, with the nearest ones" {
	refused pionter=1 "did you mean 'pointer'?"
	refused nothing.like.it=1 "its variables are: "
	refused a.frist=1 "did you mean 'first'?"
	refused array[4]=1 "'array[4]' is past the end of 'array'; it has 4 elements"
}

@test "values of the wrong form, out of range, or for no type that can be set" {
	refused u32=x "u32='x' is not a whole number"
	refused u8=256 "u8 goes from 0 to 255"
	refused name=12345678 "room for 7 characters"
	refused colour=GREN "did you mean 'GREEN'?"
	refused a.bits=1 "a bitfield, which cannot be set"
	refused real=1.5 "a floating-point number, which cannot be set"
	refused a=1 "a struct outer, which cannot be set"
	refused LICENSE=MIT "which is no data of the program"
	refused settable.ring_fd=3 "'settable' is a loop"
}

@test "what is iouctl's, or a parameter" {
	expect 2 "$IOUCTL" run nop-chain --set iou_geometry.cq_entries=8
	has "'iou_geometry' is set by iouctl itself" "$stderr"
	expect 2 "$IOUCTL" run nop-chain --set count=5
	has "give it as count=5, without --set" "$stderr"
}

@test "values that are made: what they are is checked first" {
	refused u32=@ring.cq_of.head "did you mean '@ring.cq_off.head'?"
	refused u32=@rign.fd "none of @ring.FIELD, @open:PATH and @buf:SIZE"
	refused u32=@open: "names no file"
	refused u32=@open:x:r:w "do not go together"
	refused pointer=@buf:0 "not a buffer's size"
	refused u32=@buf:64K "out of range"
	refused name=@ring.fd "is written @@"
}

@test "nothing is opened, made or truncated for a command line that is wrong" {
	echo kept >"$BATS_TEST_TMPDIR/file"
	expect 2 "$IOUCTL" run "$OBJECTS/settable.bpf.o" --set "u32=@open:$BATS_TEST_TMPDIR/file:create" \
		--set "s32=@open:$BATS_TEST_TMPDIR/new:create" --set nothing=1
	[ "$(cat "$BATS_TEST_TMPDIR/file")" = kept ]
	[ ! -e "$BATS_TEST_TMPDIR/new" ]
}

@test "with --json it is an error document" {
	expect 2 "$IOUCTL" run "$OBJECTS/settable.bpf.o" --json --set u8=256
	[ "$(json '.schema, .stage, .errno, .exit')" = $'iouctl.error/1\nusage\nnull\n2' ]
	[ "$(json .hint)" = "u8 goes from 0 to 255" ]
}
