#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# depth-limit and drain, on the ring of a program that checks what it gets.

load helper

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	quiet
}

# begin COMMAND...: a program that says "PID FD" in the file ready, and waits for SIGUSR1.
begin() {
	rm -f ready app.out
	"$@" >app.out 2>app.err 3>&- &
	app=$!
	until [ -s ready ] || [ -s app.out ]; do sleep 0.05; done
	read -r ring_pid ring_fd _ <"$([ -s ready ] && echo ready || echo app.out)"
}

# take LOOP [NAME=VALUE...]: to its ring, and go.
take() {
	start "$IOUCTL" attach --json --pid "$ring_pid" --ring-fd "$ring_fd" "$@"
	attached
	kill -USR1 "$ring_pid"
}

# all_right: the program found nothing wrong.
all_right() {
	local code=0
	wait "$app" || code=$?
	[ "$code" -eq 0 ] || {
		cat app.out app.err
		return 1
	}
}

# under LOOP [NAME=VALUE...] -- ARGUMENTS...: the application's jobs with the loop on its ring.
under() {
	local loop=()
	while [ "$1" != -- ]; do
		loop+=("$1")
		shift
	done
	shift
	begin "$TOOLS/app" --ready ready --go - "$@"
	take "${loop[@]}"
	all_right
	finish 0
}

# counted NAME VALUE...: statistics of the loop.
counted() {
	while [ $# -gt 0 ]; do
		[[ $output == *"\"$1\":$2,"* || $output == *"\"$1\":$2}"* ]] || {
			echo "$1 is not $2: ${output%%\"globals\"*}"
			return 1
		}
		shift 2
	done
}

# more_than VALUE NAME
more_than() {
	[[ $output =~ \"$2\":([0-9]+) ]] && [ "${BASH_REMATCH[1]}" -gt "$1" ]
}

@test "attach: depth-limit has so many requests under way, and no more, in order" {
	local rounds=${LONG:+100000} kind
	for kind in plain no-sqarray; do
		under depth-limit depth=16 -- --ring $kind --depth 64 --limit 16 \
			--rounds "${rounds:-4000}" deep
		counted submitted "${rounds:-4000}" in-flight 0 held 0 in-flight-max 16 unmatched 0
	done
}

@test "attach: depth-limit leaves a program's requests what they are" {
	under depth-limit depth=16 -- cancel skip multishot timeouts
	counted held 0 multishot 10 in-flight 0
	under depth-limit depth=3 -- "${without[@]}" rw chains drain mixed waits
	counted held 0 in-flight 0
	more_than 10 longer
}

# Without a loop, and with one that admits two.
@test "attach: what depth-limit holds back, and what not" {
	begin "$TOOLS/held" 0
	kill -USR1 "$ring_pid"
	all_right
	begin "$TOOLS/held" 2
	take depth-limit depth=2
	until [[ $(<app.out) == *leave* ]]; do sleep 0.05; done
	# shellcheck disable=SC2154 # start() sets it
	kill -TERM "$pid"
	all_right
	finish 143
	counted held 0 multishot 1 skipping 1 cancelling 2 untracked 0 longer 1
	more_than 0 let-go
}

# few_wrong ARGUMENT...: where the kernel's drains do not keep the order, the loop's do. The first one is
# the kernel's, since the loop cannot know what is under way, and so are those queued with it.
few_wrong() {
	local kernels loops
	kernels=$("$TOOLS/app" "$@" drain | "$TOOLS/pick" '.threads[0].jobs[0].failures') || :
	begin "$TOOLS/app" --ready ready --go - "$@" drain
	take drain
	wait "$app" || [ $? = 1 ]
	finish 0
	loops=$("$TOOLS/pick" '.threads[0].jobs[0].failures' <app.out)
	echo "$kernels by the kernel, $loops by the loop"
	[ "$loops" -lt 10 ]
	[ "$loops" -lt "$kernels" ] || [ "$kernels" = 0 ]
}

@test "attach: drain has the order of the kernel's drains" {
	local rounds=${LONG:+1000} kind
	for kind in plain no-sqarray; do
		if is_patched; then
			few_wrong --ring $kind --rounds "${rounds:-40}"
		else
			expect 0 "$TOOLS/app" --ring $kind --rounds "${rounds:-40}" drain
			under drain -- --ring $kind --rounds "${rounds:-40}" drain
		fi
		counted held 0 in-flight 0
		more_than 100 drained
	done
}

@test "attach: drain leaves an SQE's flag, and a program's other requests, as they are" {
	begin "$TOOLS/held" 0 drain
	take drain
	all_right
	finish 0
	counted drained 2 left 1
	under drain -- "${without[@]}" drain rw chains mixed waits timeouts
}
