#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# run --trace: each SQE and CQE, in order, and nothing when it is off.

load helper

# The trace in $1 without its times, which must not go back.
lines() {
	awk '{ if ($1 < last) print "time goes back in: " $0; last = $1; $1 = ""; print substr($0, 2) }' "$1"
}

@test "each SQE submitted and each CQE reaped, in order, on standard error" {
	for flag in sq-rewind -sq-rewind -no-sqarray; do
		[ "$flag" != -no-sqarray ] || set -- --ring-flag -sq-rewind
		expect 0 "$IOUCTL" run nop-chain --count 3 --trace --ring-flag "$flag" "$@" --json
		printf '%s\n' "$stderr" >"$BATS_TEST_TMPDIR/trace"
		diff - <(lines "$BATS_TEST_TMPDIR/trace") <<-'END'
			0 sqe NOP user_data=0x0
			1 cqe user_data=0x0 res=0
			2 sqe NOP user_data=0x1
			3 cqe user_data=0x1 res=0
			4 sqe NOP user_data=0x2
			5 cqe user_data=0x2 res=0
		END
		[ "$(json '.schema, .stats.completed')" = $'iouctl.run/1\n3' ]
	done
}

@test "--trace-file: requests with their fields, results with their errno" {
	printf 'four' >"$BATS_TEST_TMPDIR/in"
	expect 0 "$IOUCTL" run "$OBJECTS/blocks.bpf.o" in="$BATS_TEST_TMPDIR/in" \
		out="$BATS_TEST_TMPDIR/out" bs=4K via=mem --trace-file "$BATS_TEST_TMPDIR/trace"
	[ "$stderr" = "" ]
	lines "$BATS_TEST_TMPDIR/trace" >"$BATS_TEST_TMPDIR/lines"
	addr=$(sed -n 's/.* addr=\(0x[0-9a-f]*\) .*/\1/p' "$BATS_TEST_TMPDIR/lines" | head -1)
	in=$(sed -n 's/^0 sqe READ fd=\([0-9]*\) .*/\1/p' "$BATS_TEST_TMPDIR/lines")
	out=$(sed -n 's/^2 sqe WRITE fd=\([0-9]*\) .*/\1/p' "$BATS_TEST_TMPDIR/lines")
	[ "$in" -gt 2 ]
	[ "$out" -gt 2 ]
	[ "$in" != "$out" ]
	diff "$BATS_TEST_TMPDIR/lines" - <<-END
		0 sqe READ fd=$in off=0 len=4096 addr=$addr user_data=0x1
		1 cqe user_data=0x1 res=4
		2 sqe WRITE fd=$out off=0 len=4 addr=$addr user_data=0x2
		3 cqe user_data=0x2 res=4
		4 sqe READ fd=$in off=4 len=4096 addr=$addr user_data=0x1
		5 cqe user_data=0x1 res=0
	END
	expect 1 "$IOUCTL" run "$OBJECTS/blocks.bpf.o" in=/ out=/dev/null via=fixed \
		--trace-file "$BATS_TEST_TMPDIR/trace"
	has "sqe READ_FIXED fd=" "$(cat "$BATS_TEST_TMPDIR/trace")"
	has "buf_index=1 user_data=0x1" "$(cat "$BATS_TEST_TMPDIR/trace")"
	has "1 cqe user_data=0x1 res=-21 EISDIR (Is a directory)" "$(cat "$BATS_TEST_TMPDIR/trace")"
}

@test "a long trace loses nothing: steps wait for its reader" {
	expect 0 "$IOUCTL" run nop-chain --count 60000 --trace-file "$BATS_TEST_TMPDIR/trace"
	[ "$(awk '$2 != NR - 1' "$BATS_TEST_TMPDIR/trace" | wc -l)" = 0 ]
	[ "$(tail -1 "$BATS_TEST_TMPDIR/trace" | cut -d' ' -f2-)" = "119999 cqe user_data=0xea5f res=0" ]
}

@test "a trace that nobody reads: --timeout and signals are heard" {
	mkfifo "$BATS_TEST_TMPDIR/fifo"
	exec 8<>"$BATS_TEST_TMPDIR/fifo"
	expect 124 timeout 20 "$IOUCTL" run nop-chain --count "$forever" --timeout 300ms \
		--trace-file "$BATS_TEST_TMPDIR/fifo" --json
	[ "$(json .run.stop.reason)" = timed-out ]
	[[ "$stderr" == *"the trace is cut short"* ]]
	start "$IOUCTL" run nop-chain --count "$forever" --trace-file "$BATS_TEST_TMPDIR/fifo"
	attached
	kill -TERM "$pid"
	finish 143
	exec 8>&-
}

@test "a loop that counts its rounds is verified when it is traced, too" {
	for flag in sq-rewind -sq-rewind; do
		expect 0 "$IOUCTL" run "$OBJECTS/reaper.bpf.o" depth=3 --ring-flag "$flag" --trace --json
		[ "$(json '.stats.completed, .trace.written')" = $'9\n18' ]
		[ "$(grep -c sqe <<<"$stderr")" = 9 ]
	done
}

@test "a step with more than the buffer holds: what is lost is counted, and where it was" {
	# On one processor: who reads it does not while the step runs.
	expect 0 taskset -c 0 "$IOUCTL" run "$OBJECTS/torrent.bpf.o" --count 130000 \
		--trace-file "$BATS_TEST_TMPDIR/trace"
	written=$(grep -c -E '^[0-9]+\.[0-9]{9} ' "$BATS_TEST_TMPDIR/trace")
	inline=$(awk '$1 == "..." { n += $2 } END { print n + 0 }' "$BATS_TEST_TMPDIR/trace")
	lost=$(sed -n 's/^iouctl: the trace lost \([0-9,]*\) of \([0-9,]*\) records.*/\1/p' <<<"$stderr" | tr -d ,)
	[ -n "$lost" ]
	[ $((written + lost)) = 260000 ]
	[ "$inline" -le "$lost" ]
	# Each line is where its number says.
	awk '$1 == "..." { at += $2; next } $2 != at { bad = 1 } { at++ } END { exit bad }' "$BATS_TEST_TMPDIR/trace"
}

@test "a trace that cannot be written is a failure, an object without our header cannot be traced" {
	expect 1 "$IOUCTL" run nop-chain --count 5 --trace-file /dev/full
	has "cannot write the trace to '/dev/full': No space left on device" "$stderr"
	expect 2 "$IOUCTL" run nop-chain --count 5 --trace-file /nonexistent/trace
	expect 2 "$IOUCTL" run "$OBJECTS/foreign.bpf.o" --trace
	has "cannot be traced" "$stderr"
	expect 2 "$IOUCTL" run "$OBJECTS/untraced.bpf.o" --trace
}

@test "when it is off, the program has nothing of it" {
	expect 0 "$IOUCTL" check nop-chain --json
	with=$(json .xlated_bytes)
	expect 0 "$IOUCTL" check "$OBJECTS/untraced.bpf.o" --json
	without=$(json .xlated_bytes)
	expect 0 "$IOUCTL" check nop-chain --trace --json
	traced=$(json .xlated_bytes)
	echo "with $with, without $without, traced $traced"
	# The compiler lays out the same code a little differently beside more of it.
	[ "$with" -le $((without * 11 / 10)) ]
	[ "$traced" -gt $((2 * with)) ]
	start "$IOUCTL" run nop-chain --count "$forever"
	attached
	id=$(bpftool prog list | sed -n 's/^\([0-9]*\): struct_ops .*/\1/p')
	run -0 bpftool prog dump xlated id "$id"
	has bpf_io_uring_submit_sqes "$output"
	[[ "$output" != *ringbuf* ]]
	[[ "$(bpftool map list)" != *ringbuf* ]]
	kill -TERM "$pid"
	finish 143
	start "$IOUCTL" run nop-chain --count "$forever" --trace-file /dev/null
	attached
	has ringbuf "$(bpftool map list)"
	kill -TERM "$pid"
	finish 143
}
