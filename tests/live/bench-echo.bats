#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# bench echo: all servers answer the same clients, as often as they were asked.

load helper

# bench ARGUMENT...: a round of each, and one to warm up; $output is a line for each variant.
bench() {
	expect 0 "$IOUCTL" bench echo --rounds 1 --json "$@"
	json '.variants[] | [.name, .requests, (.enters * .requests | round),
		.latency_ns.p50 > 1000 and .latency_ns.p50 <= .latency_ns.p90 and
		.latency_ns.p90 <= .latency_ns.p99 and .latency_ns.p99 <= .latency_ns.p999] | @tsv' |
		tr '\t' ' ' >rows
}

# row NAME: the rest of its line.
row() {
	local name rest
	while read -r name rest; do
		[ "$name" != "$1" ] || echo "$rest"
	done <rows
}

# counts ROUND-TRIPS CONNECTIONS: what each needs at least, and hardly more.
counts() {
	local name nr calls sane
	# One call; two for each round trip, and for each connection one that accepts it and one
	# that hears of its end.
	[ "$(row loop)" = "$1 1 true" ]
	[ "$(row threads)" = "$1 $((2 * $1 + 2 * $2)) true" ]
	for name in liburing tuned epoll; do
		read -r nr calls sane < <(row $name)
		[ "$nr $sane" = "$1 true" ]
		[ "$calls" -ge $(($1 / $2)) ]
		[ "$calls" -le $((3 * $1 + 8 * $2)) ]
	done
}

@test "bench echo: several connections, and what does not divide among them" {
	cd "$BATS_TEST_TMPDIR"
	bench count=50 connections=3 size=16K
	counts 50 3
}

@test "bench echo: one connection, and many" {
	[ -n "${LONG-}" ] || return 0
	cd "$BATS_TEST_TMPDIR"
	bench count=1000
	counts 1000 1
	bench count=2000 connections=64
	counts 2000 64
}

@test "bench echo: a loop that does not listen is none" {
	expect 2 "$IOUCTL" bench echo count=1 --loop nop-chain -- count=1
	has "does not listen" "$stderr"
}
