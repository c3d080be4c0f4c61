#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What it takes to start a loop. How many instructions that is, is for tests/bench.

load helper

@test "objects find in an excerpt of the kernel's BTF what they find in all of it" {
	expect 0 "$TOOLS/kernelids" "$BUILD"/bpf/{copy,nop-chain,survey,wake}.bpf.o \
		"$OBJECTS"/{othersnops,authors/hello}.bpf.o
	[[ "$output" =~ [0-9]+\ names,\ [0-9]+\ types,\ .*/copy.bpf.o:\ the\ same ]]
	[ "$(grep -c ': the same$' <<<"$output")" -eq 6 ]
}

# within KILOBYTES COMMAND...: it never has more memory than that.
within() {
	local most=$1 took status=0
	shift
	took=$("$TOOLS/spent" "$@") || status=$?
	[ "$status" -eq "${code:-0}" ]
	[ "${took#* }" -gt 1000 ]
	[ "${took#* }" -le "$most" ] || {
		echo "$*: ${took#* } kilobytes"
		return 1
	}
}

@test "a run takes little memory, whatever its count" {
	cd "$BATS_TEST_TMPDIR"
	head -c 50000 /dev/zero >in
	# A sanitizer has its own.
	factor=1
	[[ "$(nm -D "$IOUCTL")" != *__asan_* ]] || factor=100
	within $((factor * 12000)) "$IOUCTL" run nop-chain --count 1
	within $((factor * 12000)) "$IOUCTL" run nop-chain --count 1000${LONG:+000}
	within $((factor * 24000)) "$IOUCTL" run copy in=in out=out
	within $((factor * 24000)) "$IOUCTL" run digest in=in
	code=124 within $((factor * 24000)) "$IOUCTL" run echo listen=127.0.0.1:7099 --timeout 200ms
}
