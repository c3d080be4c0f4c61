#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What is said where loops cannot run: of this kernel, if it has none, and of a filtered process.

load ../helper

# Whether this kernel has loops: asked of its BTF by another tool than the one under test.
kernel_has_loops() {
	bpftool btf dump file /sys/kernel/btf/vmlinux | grep -q "STRUCT 'io_uring_bpf_ops'"
}

@test "a kernel without loops: exit code 3, what is missing, and the micro-VM" {
	if kernel_has_loops; then
		expect 0 "$IOUCTL" run nop-chain --count 3
		return
	fi
	expect 3 "$IOUCTL" run nop-chain --count 5
	has "no struct io_uring_bpf_ops in its BTF" "$stderr"
	has "CONFIG_IO_URING_BPF_OPS" "$stderr"
	has '"iouctl vm -- run nop-chain --count 5"' "$stderr"
	[ -z "$output" ]
	expect 3 "$IOUCTL" run nop-chain --json
	[ "$(json '.schema, .stage, .exit')" = $'iouctl.error/1\nload\n3' ]
	has "iouctl vm -- run nop-chain --json" "$(json .hint)"
	expect 3 "$IOUCTL" probe
	has "cannot run here (kernel)" "$output"
}

@test "probe: every check answered, exit code and verdict agree" {
	run --separate-stderr "$IOUCTL" probe --json
	[ "$(json .schema)" = iouctl.probe/1 ]
	[ "$(json .verdict.exit)" = "$status" ]
	[ "$(json .kernel)" = "$(uname -r)" ]
	[ "$(json '[.checks[].answer] - ["yes", "no", "unknown"] | length')" = 0 ]
	[ "$(json '.checks | map(.id) | length == (unique | length)')" = true ]
	for id in btf struct-type context-type loop-params kfunc-submit-sqes kfunc-get-region \
		kfunc-task-work-signal iter-task-file iter-bpf-map op-bpf io-uring \
		ring-defer-taskrun ring-no-sqarray ring-sq-rewind io-uring-enabled seccomp-bpf \
		seccomp-io-uring-setup cap-bpf cap-perfmon jit memlock run; do
		[ "$(json "[.checks[] | select(.id == \"$id\")] | length")" = 1 ] ||
			[ "$(json '.checks[] | select(.id == "struct-type") | .answer')" = no ]
	done
}

@test "probe: capabilities are those that the process holds" {
	has_cap() {
		json ".checks[] | select(.id == \"$1\") | .answer"
	}
	run --separate-stderr as_nobody "$IOUCTL" probe --json
	[ "$(has_cap cap-bpf)" = no ]
	[ "$(has_cap cap-perfmon)" = no ]
	[ "$status" -eq 3 ] || [ "$status" -eq 4 ]
}

@test "a seccomp filter that forbids bpf(2): named, exit code 4" {
	expect 4 "$TOOLS/forbid" bpf 1 "$IOUCTL" probe --json
	[ "$(json '.checks[] | select(.id == "seccomp-bpf") | .answer')" = no ]
	has EPERM "$(json '.checks[] | select(.id == "seccomp-bpf") | .why')"
	[ "$(json '.checks[] | select(.id == "seccomp-io-uring-setup") | .answer')" = yes ]
}

@test "a seccomp filter that forbids io_uring_setup(2): named, exit code 4" {
	expect 4 "$TOOLS/forbid" io_uring_setup 1 "$IOUCTL" probe --json
	[ "$(json '.checks[] | select(.id == "seccomp-io-uring-setup") | .answer')" = no ]
	[ "$(json '.checks[] | select(.id == "io-uring") | .answer')" = no ]
	expect 4 "$TOOLS/forbid" io_uring_setup 1 "$IOUCTL" run nop-chain
	has "seccomp" "$stderr"
	expect 4 "$TOOLS/forbid" io_uring_setup 1 "$IOUCTL" run nop-chain --json
	[ "$(json '.stage, .errno, .exit')" = $'ring\nEPERM\n4' ]
}
