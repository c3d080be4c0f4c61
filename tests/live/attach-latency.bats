#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# latency: against an application's own timing, and which requests are timed.

load helper
load policy

setup() {
	quiet
	cd "$BATS_TEST_TMPDIR" || return
}

# like OPCODE: the loop's median is the application's, to 10%, and but for what it takes the application
# to queue and to reap a request: the time of a NOP.
like() {
	local own its nop
	read -r own nop < <(jq -er ".threads[0].jobs[0] | \"\(.$1_p50_us) \(.nop_p50_us)\"" <<<"$program")
	its=$(json ".stats.took.$1.p50")
	((its >= own * 900 - nop * 1000 && its <= own * 1100)) || {
		echo "$1: $its ns, and $own us in the application"
		return 1
	}
}

@test "latency: medians are those of the application" {
	local ring
	for ring in plain ${LONG:+no-sqarray sq-rewind}; do
		with_loop latency -- "$TOOLS/app" --ready ready --go go --ring $ring --rounds 40 latency
		[ "$(json '.stats.took.readv.count, .stats.took.timeout.count, .stats.took.read.count')" = \
			$'40\n40\n40' ]
		like readv
		like timeout
		[ "$(json '.stats.pending, .stats.ambiguous, .stats.silent, .stats.unknown')" = \
			$'0\n0\n0\n0' ]
	done
}

@test "latency: SQEs that are submitted again, and user_data that is not" {
	with_loop latency -- "$TOOLS/steady" sq-rewind 30 5 reads ready go
	[ "$(json '.stats.took.read.count, .stats.ambiguous, .stats.pending, .stats.unknown')" = \
		$'480\n0\n0\n0' ]
	with_loop latency -- "$TOOLS/steady" plain 30 5 same ready go
	[ "$(json '.stats.took | length')" = 0 ]
	[ "$(json '.stats.ambiguous, .stats.pending, .stats.unknown')" = $'480\n0\n0' ]
}
