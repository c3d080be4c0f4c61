#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# valgrind's leak check over runs, in the guest, where each takes minutes. It does not know all of
# bpf(2), so that what it says of values that were never written is not of use.

load ../helper

leaks() {
	"$IOUCTL" vm --exec --timeout 8m -- valgrind --quiet --error-exitcode=99 --leak-check=full \
		--undef-value-errors=no --show-leak-kinds=definite,indirect,possible \
		--errors-for-leak-kinds=definite,indirect,possible "$IOUCTL" "$@"
}

@test "a run that ends by itself" {
	expect 0 leaks run nop-chain --count 5000 --json
	[ "$(json .stats.completed)" = 5000 ]
}

@test "an object that is rejected" {
	expect 5 leaks run "$OBJECTS/rejected.bpf.o"
}
