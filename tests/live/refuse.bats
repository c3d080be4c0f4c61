#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What a loop has against its command line, it says before anything is done: nothing that is to be
# written is touched.

load helper

setup() {
	quiet
	cd "$BATS_TEST_TMPDIR" || return
	echo hello >a
	echo precious >kept
}

@test "refused: the loop's own word, made safe, and as a document" {
	local choosy=$OBJECTS/choosy.bpf.o
	expect 0 "$IOUCTL" run "$choosy" --ops choosy --json
	[ "$(json '.stats.checked, .stats["steps-seen"], .run.stop.text')" = $'1\n1\nnull' ]
	expect 2 "$IOUCTL" run "$choosy" --ops choosy answer=no out=kept
	[ "$stderr" = "iouctl: 'choosy' refuses: no \\x1b[31mroom\\x07: No space left on device" ]
	expect 2 "$IOUCTL" run "$choosy" --ops choosy answer=no out=kept --json
	[ "$(json '.schema, .stage, .errno, .exit')" = $'iouctl.error/1\nusage\nENOSPC\n2' ]
	[ "$(json .message)" = "'choosy' refuses: no \\x1b[31mroom\\x07" ]
	expect 2 "$IOUCTL" run "$choosy" --ops choosy answer=silence out=kept
	[ "$stderr" = "iouctl: 'choosy' refuses: it does not say why" ]
	expect 2 "$IOUCTL" run "$choosy" --ops choosy answer=nonsense out=kept --trace
	[ "$stderr" = "iouctl: 'choosy' refuses: there is no such errno" ]
	[ "$(<kept)" = precious ]
}

@test "refused: iouctl check does not ask, but has the kernel verify the check" {
	local choosy=$OBJECTS/choosy.bpf.o command
	expect 0 "$IOUCTL" check "$choosy" --ops choosy answer=no
	expect 0 "$IOUCTL" check copy direct bs=1000
	for command in check run; do
		expect 5 "$IOUCTL" "$command" "$choosy" --ops other out=kept
		has "the verifier rejects 'other_check': " "$stderr"
		has "(choosy.bpf.c:3" "$stderr"
		[ "$(wc -l <<<"$stderr")" = 1 ]
	done
	expect 5 "$IOUCTL" check "$choosy" --ops other --json
	[ "$(json '.stage, .exit')" = $'load\n5' ]
	has "processed" "$(json .detail)"
	[ "$(<kept)" = precious ]
}
