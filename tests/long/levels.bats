#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The loop that 'new' writes, at every level of optimization.

load ../vm/helper

@test "what 'new' writes runs, whichever way it is compiled" {
	expect 0 "$IOUCTL" new hello
	for level in 1 2 3 s z; do
		expect 0 "$IOUCTL" build hello.bpf.c "-O$level" -o "hello-$level.o"
		expect 0 "$IOUCTL" vm -- run "./hello-$level.o" count=100 --json
		[ "$(json .stats.completed)" = 100 ]
	done
}
