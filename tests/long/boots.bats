#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The micro-VM many times over, and a machine with more to do than it can.

load ../vm/helper

@test "40 boots, four at a time, each with its own result" {
	one() {
		"$IOUCTL" vm --cpus 1 --memory 512M -- run nop-chain --count "$1" --json >"out.$1" 2>"err.$1"
	}
	for round in $(seq 10); do
		for i in 1 2 3 4; do
			one $((round * 10 + i)) 3>&- &
		done
		wait
	done
	for round in $(seq 10); do
		for i in 1 2 3 4; do
			nr=$((round * 10 + i))
			[ "$(jq .stats.completed "out.$nr")" = $nr ] || { cat "err.$nr"; false; }
		done
	done
}

@test "killed at 20 different moments, nothing is left" {
	for i in $(seq 20); do
		"$IOUCTL" vm --exec -- sleep 30 >out 2>err 3>&- &
		pid=$!
		sleep "$((i / 4)).$((i % 4 * 25))"
		kill -KILL $pid
		wait $pid || true
		for _ in $(seq 50); do
			[ "$(traces)" != "$before" ] || break
			sleep 0.1
		done
		[ "$(traces)" = "$before" ]
	done
}

@test "interrupted at 10 different moments: the signal, nothing left" {
	for i in $(seq 10); do
		status=0
		timeout --foreground -s INT "$((i / 2)).$((i % 2 * 5))" \
			"$IOUCTL" vm --exec -- sleep 30 >out 2>err || status=$?
		[ $status -eq 124 ] || [ $status -eq 130 ]
		[ "$(traces)" = "$before" ]
	done
}
