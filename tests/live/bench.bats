#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# iouctl bench, by jobs that are as small as can be: what it says of them, not how fast they are.

load helper

@test "bench: what is measured is what was asked for" {
	expect 0 "$IOUCTL" bench nop-batch count=100 depth=10 --rounds 2 --json
	[ -z "$stderr" ]
	[ "$(json '.schema, .job, .unit, .rounds, .params.count, .params.depth, .threads')" = \
		$'iouctl.bench/1\nnop-batch\nns\n2\n100\n10\n1' ]
	[ "$(json '[.variants[] | .name, .requests] | tojson')" = \
		'["loop",100,"liburing",100,"tuned",100]' ]
	# One call for all that a loop does; one for each batch of the others.
	[ "$(json '[.variants[].enters] | tojson')" = '[0.01,0.1,0.1]' ]
	# To itself. Two rounds are too few for a verdict.
	[ "$(json '.variants[0].ratio | tojson')" = \
		'{"median":1,"low":null,"high":null,"verdict":"open"}' ]
	[ "$(json '.variants[0].break_even')" = null ]
	[ "$(json '.variants | all(.time_ns.median > 0 and .time_ns.low <= .time_ns.high and .setup > 0)')" = true ]
}

@test "bench: what a start-up is made of" {
	expect 0 "$IOUCTL" bench nop count=32 --rounds 1 --json
	[ "$(json '.startup | .total == .open + .ring + .load + .attach + .first + .detach and
		.load > .verifier and .verifier > 0 and .first > 0')" = true ]
	expect 0 "$IOUCTL" bench nop count=32 --rounds 1
	has "start-up" "$output"
	has "first completion" "$output"
}

@test "bench: a loop that is slow on purpose is seen to be" {
	expect 0 "$IOUCTL" bench nop-batch count=200 depth=1 --rounds 6 \
		--loop "$OBJECTS/dawdle.bpf.o" --json -- count=200
	[ "$(json '.variants[0] | .help, .requests, .ratio.low, .ratio.verdict')" = \
		"$OBJECTS/dawdle.bpf.o"$'\n200\n1\nopen' ]
	# The others take less than it, and it never pays.
	[ "$(json '[.variants[1:][] | .ratio.verdict, .break_even, .ratio.high < 0.5] | tojson')" = \
		'["less",null,true,"less",null,true]' ]
	[ "$(json .startup.first)" = null ]
}

@test "bench: a table for people, lines for programs, a chart" {
	cd "$BATS_TEST_TMPDIR"
	expect 0 "$IOUCTL" bench nop-batch count=50 depth=10 --rounds 1 --threads 2 --csv --svg chart.svg
	[ "${#lines[@]}" -eq 4 ]
	[[ ${lines[0]} == job,variant,kind,unit,requests,median,* ]]
	[[ ${lines[1]} == nop-batch,loop,loop,ns,100,* ]]
	[[ ${lines[3]} == nop-batch,tuned,tuned,ns,100,*,,open,,*,*,,,, ]]
	text_of chart chart.svg
	has "<svg " "$chart"
	has "2 threads" "$chart"
	has ">batches, tuned</text>" "$chart"
	[[ $chart == *'</svg>' ]]
	[ "$(echo *)" = chart.svg ]
}

@test "bench: who fails is named" {
	expect 1 "$IOUCTL" bench nop-batch count=50 --rounds 1 --loop "$OBJECTS/failing.bpf.o"
	has "variant 'loop': " "$stderr"
	expect 5 "$IOUCTL" bench nop-batch count=50 --rounds 1 --threads 2 --loop "$OBJECTS/rejected.bpf.o"
	has "variant 'loop': the verifier rejects" "$stderr"
	expect 4 as_nobody "$IOUCTL" bench nop count=32 --rounds 1
	has "variant 'loop': " "$stderr"
}

@test "bench: a signal ends it and all it has started" {
	# A background job of a script ignores SIGINT; env gives it back.
	start env --default-signal=INT "$IOUCTL" bench nop count=100000000 --threads 2
	attached
	kill -INT "$pid"
	finish 130
	[ -z "$output$stderr" ]
	! pgrep -f 'iouctl bench'
}
