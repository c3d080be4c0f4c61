#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# iouctl run on a real kernel: what comes out is what was asked for.

load helper

@test "counts are exact, around the sizes of batches and steps" {
	for count in 1 33 1025 100000 ${LONG:+7 31 32 1023}; do
		expect 0 "$IOUCTL" run nop-chain --count $count --json
		[ "$(json '.schema, .stats.completed, .params.count, .run.stop.reason, .run.enter_calls')" = \
			"$(printf 'iouctl.run/1\n%s\n%s\ndone\n1' $count $count)" ]
		[ "$(json '.run.ring.in_flight, .run.ring.cq_head, .run.ring.cq_tail, .run.steps')" = \
			"$(printf '%s\n' 0 $count $count $(((count + 1023) / 1024)))" ]
		[ -z "$stderr" ]
	done
}

@test "--count N, --count=N and count=N are the same" {
	for args in "--count 7" "--count=7" "count=7"; do
		# shellcheck disable=SC2086
		expect 0 "$IOUCTL" run nop-chain $args --json
		[ "$(json .stats.completed)" = 7 ]
	done
	expect 0 "$IOUCTL" run --json nop-chain count=6 count=7
	[ "$(json .stats.completed)" = 7 ]
}

@test "text and JSON say the same" {
	expect 0 "$IOUCTL" run nop-chain --count 12345
	[[ "$output" =~ loop\ +nop-chain\ \(built-in\) ]]
	[[ "$output" =~ completed\ +12,345\ requests ]]
	[[ "$output" =~ enter\ +1\ call\ of\ io_uring_enter ]]
	[[ "$output" =~ steps\ +13 ]]
	[[ "$output" =~ stop\ +done ]]
	[ "$(sed -n "s/^kernel *//p" <<<"$output")" = "$(uname -r)" ]
	text_ring=$(sed -n 's/^ring *//p' <<<"$output")
	expect 0 "$IOUCTL" run nop-chain --count 12345 --json
	[ "$(json '"SQ \(.ring.sq_entries), CQ \(.ring.cq_entries); \(.ring.flags | join(" "))"')" = "$text_ring" ]
	[ "$(json '.stats.completed, .run.steps, .run.elapsed_ns > 12345, .kernel')" = \
		$'12345\n13\ntrue\n'"$(uname -r)" ]
	expect 0 "$IOUCTL" run nop-chain --count 3 --json=pretty
	[ "$(json .stats.completed)" = 3 ]
	[ "$(wc -l <<<"$output")" -gt 20 ]
}

@test "64-bit parameters are exact in JSON" {
	expect 124 "$IOUCTL" run nop-chain --count $forever --timeout 100ms --json
	has "\"count\":$forever" "$output"
}

@test "rings of 1 to 4096 entries, with CQs as small as they go" {
	for entries in 1 3 4096 ${LONG:+2 8 64}; do
		expect 0 "$IOUCTL" run nop-chain --count 3000 --entries $entries --json
		[ "$(json ".stats.completed, .ring.sq_entries >= $entries and .ring.sq_entries < $((2 * entries))")" = \
			$'3000\ntrue' ]
		expect 0 "$IOUCTL" run nop-chain --count 3000 --entries $entries --cq-entries $entries --json
		[ "$(json '.stats.completed, .run.stop.reason, .ring.cq_entries == .ring.sq_entries')" = \
			$'3000\ndone\ntrue' ]
	done
	expect 0 "$IOUCTL" run nop-chain --count 3000 --entries 32768 --cq-entries 65536 --json
	[ "$(json '.stats.completed, .ring.cq_entries')" = $'3000\n65536' ]
}

@test "both forms of the SQ: rewinding, moving, with and without an SQ array" {
	for flag in -sq-rewind -no-sqarray sq-rewind; do
		args=(--ring-flag "$flag")
		[ $flag != -no-sqarray ] || args+=(--ring-flag=-sq-rewind)
		expect 0 "$IOUCTL" run nop-chain --count 5000 "${args[@]}" --json
		[ "$(json '.stats.completed, .run.ring.sq_head')" = \
			$'5000\n'$([ $flag = sq-rewind ] && echo 0 || echo 5000) ]
		expect 0 "$IOUCTL" run nop-chain --count 5000 --entries 1 --cq-entries 1 "${args[@]}" --json
		[ "$(json .stats.completed)" = 5000 ]
	done
}

@test "a ring that loops cannot be bound to: what is wrong with it is said" {
	expect 2 "$IOUCTL" run nop-chain --ring-flag=-defer-taskrun
	has "a ring without 'defer-taskrun' can have no loop" "$stderr"
	expect 3 "$IOUCTL" run nop-chain --ring-flag sqe-mixed --ring-flag sqe128 --json
	[ "$(json '.schema, .stage, .errno, .exit')" = $'iouctl.error/1\nring\nEINVAL\n3' ]
	[[ "$(json .hint)" != *"iouctl vm"* ]]
	expect 2 "$IOUCTL" run nop-chain --ring-flag cqe32
	has "cqe32" "$stderr"
}

@test "a CQ that overflows loses nothing" {
	for args in "--entries 8 --cq-entries 8" "--entries 1 --cq-entries 1" \
		"--entries 8 --cq-entries 8 --ring-flag=-sq-rewind" ${LONG:+"--entries 64 --cq-entries 64"}; do
		# shellcheck disable=SC2086
		expect 0 "$IOUCTL" run "$OBJECTS/flood.bpf.o" batches=40 $args --json --timeout 60s
		{ read -r entries && read -r n; } < <(json '.ring.sq_entries, .stats["sent-nr"]')
		[ "$n" = $((40 * entries)) ]
		[ "$(json '.stats["read-nr"], .stats.sum, .stats["full-steps"] > 10, .run.steps < 2000')" = \
			"$n"$'\n'$((n * (n - 1) / 2))$'\ntrue\ntrue' ]
	done
}

@test "what is behind a refused request is not sent with the next batch" {
	for flag in sq-rewind -sq-rewind; do
		expect 0 "$IOUCTL" run "$OBJECTS/partial.bpf.o" --json --timeout 60s --ring-flag $flag
		[ "$(json '.stats["first-taken"], .stats["second-taken"], .stats["third-taken"], .stats.seen')" = \
			$'1\n3\n1\n5' ]
		[ "$(json .stats.mask)" = $((1 << 0 | 7 << 8 | 1 << 16)) ]
		[ "$(json .run.ring.in_flight)" = 0 ]
	done
}

@test "two runs at once" {
	"$IOUCTL" run nop-chain --count 300000 --json >"$BATS_TEST_TMPDIR/other" 3>&- &
	other=$!
	expect 0 "$IOUCTL" run nop-chain --count 300001 --json
	[ "$(json .stats.completed)" = 300001 ]
	wait $other
	[ "$(jq .stats.completed "$BATS_TEST_TMPDIR/other")" = 300000 ]
}

@test "an object from a file is what the same loop is when built in" {
	cp "$BUILD/bpf/nop-chain.bpf.o" "$BATS_TEST_TMPDIR/my loop.bpf.o"
	expect 0 "$IOUCTL" run "$BATS_TEST_TMPDIR/my loop.bpf.o" --count 77 --json
	[ "$(json '.stats.completed, .loop.name')" = $'77\nmy loop' ]
	[ "$(json .loop.source)" = "$BATS_TEST_TMPDIR/my loop.bpf.o" ]
	cd "$BATS_TEST_TMPDIR"
	mv "my loop.bpf.o" x.o
	expect 0 "$IOUCTL" run x.o --count 5
}

@test "--ops chooses one of several loops, and only that one is loaded" {
	expect 0 "$IOUCTL" run "$OBJECTS/two.bpf.o" --ops other --json
	[ "$(json '.stats["first-runs"], .stats["second-runs"]')" = $'0\n1' ]
	expect 0 "$IOUCTL" run "$OBJECTS/two.bpf.o" --ops one --json
	[ "$(json '.stats["first-runs"], .stats["second-runs"]')" = $'1\n0' ]
}

@test "output closed early, and output that cannot be written" {
	run bash -c "\"$IOUCTL\" run nop-chain --count 1000 | head -1; echo \${PIPESTATUS[0]}"
	[[ "${lines[0]}" =~ ^loop\ +nop-chain ]]
	[ "${lines[1]}" = 0 ] || [ "${lines[1]}" = 141 ]
	run bash -c "\"$IOUCTL\" run nop-chain --count 1000 | true; echo \${PIPESTATUS[0]}"
	[ "${lines[0]}" = 0 ] || [ "${lines[0]}" = 141 ]
	expect 1 bash -c "\"$IOUCTL\" run nop-chain --count 1000 >/dev/full"
	has "No space left on device" "$stderr"
	expect 1 bash -c "\"$IOUCTL\" run nop-chain --count 1000 >&-"
}

@test "progress on a terminal for runs over a second; none with -q or in a pipe" {
	run script -qec "\"$IOUCTL\" run nop-chain --count $forever --timeout 2500ms" /dev/null
	has "requests (0%)," "$output"
	[[ "$output" =~ [0-9.]+\ [kM]/s ]]
	run script -qec "\"$IOUCTL\" run nop-chain -q --count $forever --timeout 2s" /dev/null
	[[ "$output" != *"(0%)"* ]]
	expect 124 "$IOUCTL" run nop-chain --count $forever --timeout 2s
	[[ "$stderr" != *"(0%)"* ]]
}

