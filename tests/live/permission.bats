#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# bats file_tags=any-kernel
# Who may run loops, and what is said to those who may not.

load helper

@test "no capabilities: exit code 4, which ones are needed" {
	expect 4 as_nobody "$IOUCTL" run nop-chain --count 5
	has "CAP_BPF and CAP_PERFMON" "$stderr"
	expect 4 as_nobody "$IOUCTL" run nop-chain --json
	[ "$(json '.schema, .stage, .errno, .exit')" = $'iouctl.error/1\nload\nEPERM\n4' ]
}

@test "CAP_BPF and CAP_PERFMON suffice, as a plain user" {
	expect 0 setpriv --reuid 65534 --regid 65534 --clear-groups \
		--inh-caps=-all,+bpf,+perfmon --ambient-caps=-all,+bpf,+perfmon \
		"$IOUCTL" run nop-chain --count 12345 --json
	[ "$(json .stats.completed)" = 12345 ]
	expect 0 setpriv --reuid 65534 --regid 65534 --clear-groups \
		--inh-caps=-all,+bpf,+perfmon --ambient-caps=-all,+bpf,+perfmon "$IOUCTL" probe
}

@test "CAP_BPF alone does not" {
	expect 4 setpriv --reuid 65534 --regid 65534 --clear-groups \
		--inh-caps=-all,+bpf --ambient-caps=-all,+bpf "$IOUCTL" run nop-chain --count 5
	has "CAP_PERFMON" "$stderr"
}

@test "kernel.io_uring_disabled" {
	echo 2 >/proc/sys/kernel/io_uring_disabled
	run --separate-stderr "$IOUCTL" run nop-chain --count 5
	code=$status message=$stderr
	run --separate-stderr "$IOUCTL" probe --json
	echo 0 >/proc/sys/kernel/io_uring_disabled
	[ "$code" -eq 4 ]
	has "io_uring_disabled" "$message"
	[ "$status" -eq 4 ]
	[ "$(json '.checks[] | select(.id == "io-uring-enabled", .id == "seccomp-io-uring-setup") | .answer')" = \
		$'no\nyes' ]
}

@test "seccomp filters, as containers have them" {
	expect 4 "$TOOLS/forbid" bpf 1 "$IOUCTL" run nop-chain --count 5
	expect 4 "$TOOLS/forbid" io_uring_setup 1 "$IOUCTL" run nop-chain --count 5
	expect 4 "$TOOLS/forbid" bpf 1 "$IOUCTL" probe
	expect 4 "$TOOLS/forbid" io_uring_setup 38 "$IOUCTL" probe
}

@test "probe: all is there, exit code 0" {
	expect 0 "$IOUCTL" probe --json
	checks=$(json '.verdict.can_run, .verdict.exit, [.checks[] | select(.needed and .answer == "no")],
		(.checks[] | "\(.id) \(.answer) \(.why)") | tostring')
	[[ "$checks" == $'true\n0\n[]\n'* ]]
	[[ "$checks" =~ $'\n'"loop-params yes "[^$'\n']*cq_wait_idx ]]
	[[ "$checks" =~ $'\n'"context-type yes "(iou_ctx|io_ring_ctx)$'\n' ]]
	for id in struct-type kfunc-submit-sqes kfunc-get-region kfunc-task-work-signal \
		iter-task-file iter-bpf-map ring-sq-rewind ring-no-sqarray run; do
		has $'\n'"$id yes " "$checks"
	done
	expect 0 "$IOUCTL" probe
	has "can run here" "$output"
	expect 4 as_nobody "$IOUCTL" probe
	has "cannot run here (permission)" "$output"
}

