#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# pass, min-wait and busy-poll: when a call returns, and with how many completions.

load helper
load policy

setup() {
	quiet
	cd "$BATS_TEST_TMPDIR" || return
}

# took NR FROM TO GOT: the call number NR returned after FROM ms, and before TO, with GOT completions.
took() {
	local ms got
	read -r ms got < <(sed -n "$1p" <<<"$program")
	((ms >= $2 && ms < $3 && got == $4)) || {
		echo "call $1: $ms ms, $got completions"
		return 1
	}
}

# same: the calls took as long as those in the file without, or so, with as many completions.
same() {
	local ms got nr=0 line_ms line_got
	while read -r ms got <&4 && read -r line_ms line_got; do
		nr=$((nr + 1))
		((line_got == got && line_ms < ms + 150 && line_ms + 50 > ms)) || {
			echo "call $nr: $line_ms ms, $line_got completions; without a loop $ms ms, $got"
			return 1
		}
	done 4<without <<<"$program"
	[ "$nr" -gt 1 ]
}

# The same with the loop and without: what a timeout means is what the kernel says.
@test "pass: timeouts of all kinds end when they do without a loop" {
	local calls=(1:A0:200 1:A-5:200 1:R-1:200 1:R-100000000000:200 1:R9223372036854775807:200
		1:A9223372036854775807:200 1:a300:900 2:0m300:50,900 2:0m300:700,900 2:50m300:700
		2:1500m100:300,1500 boot 1:a300:900 1:300:900)
	: >go
	"$TOOLS/waiter" ready go "${calls[@]}" >without
	with_loop pass -- "$TOOLS/waiter" ready go "${calls[@]}"
	same
	[ "$(json '.stats["not-read"], .stats["not-timed"]')" = $'0\n0' ]
}

@test "pass: absolute timeouts in a time namespace" {
	local calls=(1:a300:900 boot 1:a300:900)
	unshare -T --monotonic 1000 --boottime 5000 true || skip "no time namespaces"
	: >go
	unshare -T --monotonic 1000 --boottime 5000 --fork "$TOOLS/waiter" ready go "${calls[@]}" >without
	with_loop pass -- unshare -T --monotonic 1000 --boottime 5000 --fork "$TOOLS/waiter" ready go \
		"${calls[@]}"
	same
}

@test "min-wait: fewer and fewer are enough, but never more than asked for, nor later" {
	with_loop min-wait steps=3@200ms,1@600ms -- "$TOOLS/waiter" ready go \
		4:0:100,300,500,1000 2:0:50,1500 2:0:20,40 1:300:1500 2:0:900,1500 4:0:10,20,30,1500
	took 1 400 1000 3
	took 2 600 1500 1
	took 3 20 200 2
	took 4 300 1500 0
	took 5 800 1500 1
	took 6 200 1500 3
	[ "$(json '.stats.early, .params.steps | tojson')" = $'4\n["3@200ms","1@600ms"]' ]
}

@test "busy-poll: so many steps that do not sleep, in each call that waits" {
	with_loop busy-poll spins=20 -- "$TOOLS/waiter" ready go 1:0:100 2:0:100,200 1:150:400
	took 1 80 400 1
	took 2 150 400 2
	took 3 150 400 0
	# One call more waits for the third one's request.
	[ "$(json '.stats.waited, .stats.slept, .stats.spun')" = $'4\n4\n80' ]
	with_loop busy-poll spins=1000000 -- "$TOOLS/waiter" ready go 1:0:100
	took 1 80 500 1
	[ "$(json '.stats.waited, .stats.slept')" = $'1\n0' ]
	[ "$(json '.stats.spun')" -gt 10 ]
}
