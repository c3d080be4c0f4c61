#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# nop-batch.

load helper

@test "nop-batch: counts are exact, whatever the depth and the ring" {
	for args in "count=1 depth=1" "count=100001 depth=1000" "count=1023 depth=32" \
		"count=40000 depth=32768" "count=1000 depth=100 --entries 4 --cq-entries 4" \
		"count=1000 depth=7 --ring-flag -sq-rewind --ring-flag -no-sqarray"; do
		# shellcheck disable=SC2086
		expect 0 "$IOUCTL" run nop-batch $args --json
		[ "$(json '.stats.completed == .params.count, .run.ring.in_flight, .run.enter_calls')" = \
			$'true\n0\n1' ]
	done
}

@test "nop-batch: so many submissions as batches" {
	expect 0 "$IOUCTL" run nop-batch count=1001 depth=10 --json
	[ "$(json .stats.batches)" = 101 ]
	expect 0 "$IOUCTL" run nop-batch count=1000 depth=100 --entries 4 --json
	[ "$(json .stats.batches)" = 250 ]
}

@test "nop-batch: finishes when it is asked to" {
	expect 124 "$IOUCTL" run nop-batch count="$forever" --timeout 200ms --json
	[ "$(json '.run.stop.reason, .run.ring.in_flight')" = $'timed-out\n0' ]
	[ "$(json '.stats.completed == .run.ring.cq_tail')" = true ]
}
