#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# iouctl vm --fetch from the distribution's own mirror.

load ../helper

setup() {
	export HOME=$BATS_TEST_TMPDIR XDG_CACHE_HOME=
	kernels=$HOME/.cache/iouctl/kernels
}

@test "fetched, listed, booted" {
	expect 0 "$IOUCTL" vm --fetch
	kernel=$output
	[ -f "$kernel" ]
	expect 0 "$IOUCTL" vm --list --json
	[ "$(json '.kernels[] | select(.default) | .path')" = "$kernel" ]
	expect 0 "$IOUCTL" vm -- run nop-chain --count 9 --json
	[ "$(json .kernel)" = "$(basename "$(dirname "$kernel")")" ]
}

@test "killed at 10 different moments, then fetched" {
	for i in $(seq 10); do
		timeout --foreground -s "$([ $((i % 2)) = 0 ] && echo KILL || echo TERM)" "$((i / 2)).$((i % 2 * 5))" \
			"$IOUCTL" vm --fetch || true
		[ -z "$(find "$kernels" -mindepth 1 -maxdepth 1 ! -name '.*' 2>/dev/null)" ] || break
	done
	expect 0 "$IOUCTL" vm --fetch
	[ -f "$output" ]
	[ "$(ls -A "$kernels" | wc -l)" = 2 ] # the lock is the other one
}
