#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What status shows to plain users, on any kernel.

load ../helper

teardown() {
	# shellcheck disable=SC2046
	[ -z "${!-}" ] || kill -KILL $(jobs -p) 2>/dev/null || :
}

# ring COMMAND...: in the background a process with a ring; sets $pid and $fd.
ring() {
	"$@" "$TOOLS/bound" - >"$BATS_TEST_TMPDIR/ring" 2>/dev/null 3>&- &
	for _ in $(seq 100); do
		read -r pid fd <"$BATS_TEST_TMPDIR/ring" && return
		jobs %% >/dev/null 2>&1 || break
		sleep 0.05
	done
	skip "no io_uring here"
}

# own: the row of $output for $pid's ring.
own() {
	json ".rings[] | select(.descriptors[0].pid == $pid)"
}

@test "a plain user sees the own rings, and what is not seen" {
	ring "${nobody[@]}"
	expect 0 as_nobody "$IOUCTL" status --json
	[ -z "$stderr" ]
	[ "$(json '.schema, .loops')" = $'iouctl.status/1\n[]' ]
	row=$(own)
	[ "$(jq -c '[.sq_entries, .cq_entries, .sq_tail - .sq_head, .cq_tail - .cq_head, .flags,
		.in_flight, .cq_overflowed, .submitter, .bound, .loop]' <<<"$row")" = \
		'[16,64,0,1,null,null,null,null,null,null]' ]
	[ "$(jq -r .inode <<<"$row")" = "$(stat -Lc %i "/proc/$pid/fd/$fd")" ]
	[ "$(jq '.descriptors | length' <<<"$row")" = 2 ]
	[ "$(jq -c '.descriptors[0] | [.process, .pid, .tid, .fd]' <<<"$row")" = "[\"bound\",$pid,$pid,$fd]" ]
	[ "$(json '[.unseen[].id] | join(" ")')" = "ring-setup processes" ] ||
		[ "$(json '[.unseen[].id] | join(" ")')" = "ring-setup processes pins" ]
	expect 0 as_nobody "$IOUCTL" status
	has "none seen" "$output"
	has "this needs CAP_BPF and CAP_PERFMON" "$output"
	[[ "$output" =~ bound\ +$pid\ +$fd\ \+1\ +16\ +64\ +0\ +\?\ +1\ +\?\ +\? ]]
}

@test "filters: a process, rings, loops" {
	ring "${nobody[@]}"
	expect 0 as_nobody "$IOUCTL" status --pid "$pid" --rings --json
	[ "$(json '.loops, (.rings | length), .rings[0].descriptors[0].pid')" = $'null\n1\n'$pid ]
	expect 0 as_nobody "$IOUCTL" status --pid $$ --rings --json
	[ "$(json '.rings')" = '[]' ]
	expect 0 as_nobody "$IOUCTL" status --loops --json
	[ "$(json '.rings, .loops')" = $'null\n[]' ]
	expect 0 as_nobody "$IOUCTL" status --pid 2147483647
	has "none seen" "$output"
}

@test "usage" {
	for pid in 0 -1 x 2147483648 ""; do
		expect 2 "$IOUCTL" status --pid "$pid"
		has "not the number of a process" "$stderr"
	done
	for interval in 0 x 1d; do
		expect 2 "$IOUCTL" status "--watch=$interval"
	done
	expect 2 "$IOUCTL" status 5
	has "takes no arguments" "$stderr"
}

@test "--watch: one after the other, and not for ever" {
	"${nobody[@]}" "$IOUCTL" status --watch=10ms --json >"$BATS_TEST_TMPDIR/out" 3>&- &
	for _ in $(seq 200); do
		[ "$(wc -l <"$BATS_TEST_TMPDIR/out")" -lt 3 ] || break
		sleep 0.05
	done
	kill -TERM $!
	status=0
	wait $! || status=$?
	[ "$status" -eq 143 ]
	[ "$(head -3 "$BATS_TEST_TMPDIR/out" | jq -r .schema | uniq -c | tr -s ' ')" = " 3 iouctl.status/1" ]
	# Whoever reads it goes.
	run timeout 20 bash -c "\"$IOUCTL\" status --watch=10ms | head -1"
	[ "$status" -eq 0 ]
	expect 1 timeout 20 bash -c "\"$IOUCTL\" status --watch=10ms >/dev/full"
}

@test "a process that comes and goes is no error" {
	(
		while :; do
			"$TOOLS/bound" - >/dev/null &
			sleep 0.02
			kill -KILL $!
			wait $! 2>/dev/null || :
		done
	) 3>&- &
	for _ in 1 2 3 4 5 6 7 8; do
		expect 0 as_nobody "$IOUCTL" status --json
		[ "$(json .schema)" = iouctl.status/1 ]
		expect 0 "$IOUCTL" status --json
		[ "$(json .schema)" = iouctl.status/1 ]
	done
	# It is still at it, and leaves none behind.
	kill -STOP $!
	# shellcheck disable=SC2046
	kill -KILL $(<"/proc/$!/task/$!/children") || :
	kill -KILL $!
}
