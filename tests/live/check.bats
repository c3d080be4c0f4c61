#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# bats file_tags=any-kernel
# iouctl check: what the verifier says, without a run.

load helper

@test "a good loop: instructions, stack, size; nothing is left loaded" {
	expect 0 "$IOUCTL" check nop-chain --json
	[ "$(json '.schema, .loop.name, .verdict')" = $'iouctl.check/1\nnop-chain\naccepted' ]
	[ "$(json '.verified_insns > 1000 and .xlated_bytes > 5000 and .jited_bytes > 2000')" = true ]
	[ "$(json '.stack_bytes > 0 and .stack_bytes <= 512')" = true ]
	small=$(json .verified_insns)
	expect 0 "$IOUCTL" check nop-chain --ring-flag -sq-rewind --json
	[ "$(json .verified_insns)" -gt "$small" ]
	expect 0 "$IOUCTL" check "$OBJECTS/answer.bpf.o"
	has "verdict   accepted" "$output"
}

@test "files and sockets need not be named, and are not opened" {
	expect 0 "$IOUCTL" check "$OBJECTS/blocks.bpf.o" bs=64K
	expect 0 "$IOUCTL" check "$OBJECTS/blocks.bpf.o" out="$BATS_TEST_TMPDIR/out"
	[ ! -e "$BATS_TEST_TMPDIR/out" ]
	expect 2 "$IOUCTL" check "$OBJECTS/blocks.bpf.o" bs=2M
	expect 2 "$IOUCTL" check "$OBJECTS/blocks.bpf.o" block=600x1M
}

@test "a bad loop: the verifier's reason and the line, the log only with -v" {
	for command in check run; do
		expect 5 "$IOUCTL" "$command" "$OBJECTS/rejected.bpf.o"
		has "the verifier rejects 'rejected_loop_rewind': invalid access to memory" "$stderr"
		has "outside of the allowed memory range (rejected.bpf.c:15" "$stderr"
		has "-v shows its log" "$stderr"
		[ "$(wc -l <<<"$stderr")" = 1 ]
		[ -z "${LONG-}" ] && [ "$command" = run ] || {
			expect 5 "$IOUCTL" "$command" -v "$OBJECTS/rejected.bpf.o"
			[ "$(wc -l <<<"$stderr")" -gt 300 ]
			has "processed" "$stderr"
		}
		expect 5 "$IOUCTL" "$command" "$OBJECTS/rejected.bpf.o" --json
		[ "$(json '.stage, .exit')" = $'load\n5' ]
		has "processed" "$(json .detail)"
		has "rejected.bpf.c:15" "$(json .message)"
	done
}

@test "a resource that is not of the type that it is declared" {
	cd "$BATS_TEST_TMPDIR"
	echo '1 a' >table
	for command in check run; do
		expect 5 "$IOUCTL" "$command" "$OBJECTS/misdeclared.bpf.o" table=table
		has "cannot set 'table.keys[" "$stderr"
		has "'table' is not of the type that its declaration tells" "$stderr"
	done
}

@test "a plain user may not" {
	expect 4 as_nobody "$IOUCTL" check nop-chain
	has "CAP_BPF and CAP_PERFMON" "$stderr"
}

@test "an object of others: its variables are set, but no file is opened" {
	expect 0 "$IOUCTL" check "$OBJECTS/otherscopy.bpf.o" --set from_fd=@open:/etc/passwd \
		--set to_fd=@open:"$BATS_TEST_TMPDIR/out":create --json
	[ "$(json .verdict)" = accepted ]
	[ ! -e "$BATS_TEST_TMPDIR/out" ]
	expect 2 "$IOUCTL" check "$OBJECTS/otherscopy.bpf.o" --set nosuch=1
}
