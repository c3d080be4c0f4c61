#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# How a run ends when it is not done: signals, timeouts, loops that fail.

load helper

@test "SIGINT and SIGTERM: partial statistics, then the signal is raised again" {
	for signal in INT TERM HUP; do
		# A background job of a script ignores SIGINT; env gives it back.
		start env --default-signal=INT "$IOUCTL" run nop-chain --count $forever --json
		attached
		sleep 0.3
		kill -$signal $pid
		finish $((128 + $(kill -l $signal)))
		[ "$(json '.run.stop.reason, .run.stop.signal')" = "interrupted"$'\n'"SIG$signal" ]
		[ "$(json '.stats.completed > 1000, .stats.completed == .run.ring.cq_tail, .run.ring.in_flight')" = \
			$'true\ntrue\n0' ]
	done
}

@test "an ignored signal stays ignored" {
	start bash -c "trap '' INT HUP; exec \"$IOUCTL\" run nop-chain --count $forever --timeout 4s --json"
	attached
	kill -INT $pid
	kill -HUP $pid
	sleep 0.3
	kill -0 $pid
	finish 124
	[ "$(json .run.stop.reason)" = timed-out ]
}

@test "SIGKILL leaves nothing attached" {
	start "$IOUCTL" run nop-chain --count $forever
	attached
	sleep 0.2
	kill -KILL $pid
	finish 137
	[ -z "$output" ]
	gone
}

@test "SIGSTOP and SIGCONT: it goes on" {
	start "$IOUCTL" run nop-chain --count 3000000 --json
	attached
	sleep 0.1
	kill -STOP $pid
	sleep 0.5
	kill -CONT $pid
	finish 0
	[ "$(json '.stats.completed, .run.stop.reason')" = $'3000000\ndone' ]
	[ "$(json '.run.enter_calls >= 1')" = true ]
}

@test "SIGSTOP and SIGCONT: a sleeping loop is entered again" {
	mkfifo "$BATS_TEST_TMPDIR/fifo"
	exec 9<>"$BATS_TEST_TMPDIR/fifo"
	start "$IOUCTL" run "$OBJECTS/sleeper.bpf.o" fd=9 --json
	attached
	sleep 0.3
	kill -STOP $pid
	sleep 0.2
	kill -CONT $pid
	sleep 0.3
	echo x >&9
	exec 9>&-
	finish 0
	[ "$(json '.stats.polled, .run.stop.reason')" = $'1\ndone' ]
	[ "$(json '.run.enter_calls >= 2')" = true ]
}

@test "--timeout: exit code 124, queues and requests in flight" {
	expect 124 "$IOUCTL" run nop-chain --count $forever --timeout 200ms --json
	[ "$(json '.run.stop.reason')" = timed-out ]
	[ "$(json '.run.elapsed_ns > 100000000 and .run.elapsed_ns < 10000000000')" = true ]
	[ "$(json '.run.ring.in_flight')" = 0 ]
	has "did not finish in 200 ms" "$stderr"
	expect 124 "$IOUCTL" run nop-chain --count $forever --timeout 200ms
	[[ "$output" =~ stop\ +timed-out ]]
	[[ "$output" =~ queues\ +SQ\ head\ 0,\ tail\ 0\;\ CQ\ head\ [0-9]+,\ tail\ [0-9]+ ]]
	[[ "$output" =~ in\ flight\ +0 ]]
}

@test "--timeout of a loop that sleeps: what it waits for is in flight" {
	for flag in sq-rewind -sq-rewind; do
		mkfifo "$BATS_TEST_TMPDIR/fifo$flag"
		exec 9<>"$BATS_TEST_TMPDIR/fifo$flag"
		expect 124 "$IOUCTL" run "$OBJECTS/sleeper.bpf.o" fd=9 tidy=yes --timeout 300ms --json --ring-flag $flag
		exec 9>&-
		[ "$(json '.run.ring.in_flight, .stats.polled, .run.stop.reason, .run.ring.cq_tail,
			.run.elapsed_ns > 290000000 and .run.elapsed_ns < 1000000000')" = $'1\n0\ntimed-out\n0\ntrue' ]
	done
}

@test "--timeout of a loop that does not stop when asked: it is ended" {
	mkfifo "$BATS_TEST_TMPDIR/fifo"
	exec 9<>"$BATS_TEST_TMPDIR/fifo"
	expect 124 "$IOUCTL" run "$OBJECTS/sleeper.bpf.o" fd=9 deaf=yes --timeout 300ms --json
	exec 9>&-
	[ "$(json '.run.ring.in_flight, .run.stop.reason')" = $'1\ntimed-out' ]
	[ "$(json '.run.elapsed_ns > 1100000000 and .run.elapsed_ns < 9000000000')" = true ]
}

@test "a second signal ends a loop that does not stop when asked" {
	mkfifo "$BATS_TEST_TMPDIR/fifo"
	exec 9<>"$BATS_TEST_TMPDIR/fifo"
	start "$IOUCTL" run "$OBJECTS/sleeper.bpf.o" fd=9 deaf=yes --json
	exec 9>&-
	attached
	sleep 0.2
	kill -TERM $pid
	sleep 0.5
	kill -0 $pid
	kill -TERM $pid
	finish 143
	[ "$(json '.run.stop.reason')" = interrupted ]
}

@test "a loop without our header sleeps for ever: signals and timeouts end it" {
	start "$IOUCTL" run "$OBJECTS/foreign.bpf.o" --json
	attached
	sleep 0.2
	kill -TERM $pid
	finish 143
	[ "$(json '.run.stop.reason, .run.steps')" = $'interrupted\nnull' ]
	expect 124 "$IOUCTL" run "$OBJECTS/foreign.bpf.o" --timeout 200ms --json
	[ "$(json '.run.stop.reason, .run.ring.in_flight')" = $'timed-out\nnull' ]
	expect 124 "$IOUCTL" run "$OBJECTS/foreign.bpf.o" --timeout 200ms --json --ring-flag=-sq-rewind
	[ "$(json '.run.ring.in_flight')" = 0 ]
	expect 124 "$IOUCTL" run "$OBJECTS/foreign.bpf.o" --timeout 200ms
	[[ "$output" =~ in\ flight\ +unknown ]]
}

@test "a loop whose variables are not what the tool expects is ended, not written to" {
	expect 124 "$IOUCTL" run "$OBJECTS/readonly.bpf.o" --timeout 200ms --json
	[ "$(json '.run.stop.reason, .run.steps')" = $'timed-out\nnull' ]
}

@test "a loop that fails: exit code 1, errno and text, made safe" {
	expect 1 "$IOUCTL" run "$OBJECTS/failing.bpf.o"
	[[ "$output" =~ stop\ +failed:\ no\ .x1b\[31mroom.x07:\ No\ space\ left\ on\ device ]]
	has "'failing' failed: no \\x1b[31mroom\\x07: No space left on device" "$stderr"
	expect 1 "$IOUCTL" run "$OBJECTS/failing.bpf.o" --json
	[ "$(json '.run.stop.reason, .run.stop.errno, .stats["steps-seen"]')" = $'failed\nENOSPC\n3' ]
	[ "$(json '.run.stop.text')" = 'no \x1b[31mroom\x07' ]
}

@test "a step that returns neither CONTINUE nor STOP" {
	expect 1 "$IOUCTL" run "$OBJECTS/badreturn.bpf.o" --json
	[ "$(json '.run.stop.reason, .run.stop.errno')" = $'bad-return\nEINVAL' ]
	has "neither IOU_LOOP_CONTINUE nor IOU_LOOP_STOP" "$stderr"
}

@test "a loop that is taken off while it runs: ejected" {
	mkfifo "$BATS_TEST_TMPDIR/fifo"
	exec 9<>"$BATS_TEST_TMPDIR/fifo"
	start "$IOUCTL" run "$OBJECTS/sleeper.bpf.o" fd=9 --json
	attached
	sleep 0.2
	timeout 20 bpftool link detach id "$("$TOOLS/loops" | sed -n 's/^link //p')"
	# It sleeps on, and finds out when it wakes.
	echo x >&9
	exec 9>&-
	finish 1
	[ "$(json '.run.stop.reason, .run.stop.errno')" = $'ejected\nEFAULT' ]
	has "taken off" "$stderr"
}

@test "SIGINT and SIGKILL at random moments of many runs leave nothing" {
	for ((i = 0; i < ${LONG:+16}+4; i++)); do
		start env --default-signal=INT "$IOUCTL" run nop-chain --count $forever --json
		# Before that, SIGINT is ignored, as it is for all that bash starts in the background.
		until [ "$(cat /proc/$pid/comm)" = iouctl ] || ! kill -0 $pid; do :; done
		sleep "0.$(printf %03d $((RANDOM % 200)))"
		signal=$([ $((i % 2)) = 0 ] && echo INT || echo KILL)
		kill -$signal $pid
		finish $((128 + $(kill -l $signal)))
	done
	gone
}
