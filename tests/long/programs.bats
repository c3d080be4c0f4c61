#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Programs that nobody here wrote, with a loop on their rings: what docs/iouctl-attach.1.scd says of them.

load ../helper

@test "fio: the loop is bound and taken off, and fio does not get out of its call" {
	expect 0 "$IOUCTL" vm -q --share "$BATS_TEST_TMPDIR" --exec -- \
		bash "$BATS_TEST_DIRNAME/fio" "$IOUCTL" "$BATS_TEST_TMPDIR"
	output=$(<"$BATS_TEST_TMPDIR/attach.json")
	[ "$(json '.target.name == "fio" and .attach.end == "duration" and .attach.left == "in-order"')" = true ]
	[ "$(json '.stats.calls > 1000 and .stats.submitted < 9')" = true ]
	output=$(<"$BATS_TEST_TMPDIR/status.json")
	[ "$(json '.loops == [] and .rings[0].bound == false and .rings[0].in_flight == 0')" = true ]
	[ "$(json '.rings[0].cq_tail - .rings[0].cq_head > 0')" = true ]
}
