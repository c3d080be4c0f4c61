#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# valgrind over whole runs, in the guest: leaks, and what was never written but read.

load ../helper

leaks() {
	"$IOUCTL" vm --exec --timeout 5m -- valgrind --quiet --error-exitcode=99 --leak-check=full \
		--show-leak-kinds=definite,indirect,possible --errors-for-leak-kinds=definite,indirect,possible \
		--track-fds=yes "$IOUCTL" "$@"
}

@test "run, that ends by itself, as text and as JSON" {
	expect 0 leaks run nop-chain --count 5000
	expect 0 leaks run nop-chain --count 5000 --json
	[ "$(json .stats.completed)" = 5000 ]
}

@test "run, that times out, and one that is refused" {
	expect 124 leaks run nop-chain --count 9223372036854775807 --timeout 3s
	expect 5 leaks run "$OBJECTS/rejected.bpf.o"
	expect 2 leaks run nop-chain --cuont 3
}

@test "list and probe" {
	expect 0 leaks list --json
	expect 0 leaks probe --json
}
