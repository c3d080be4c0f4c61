#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# bats file_tags=any-kernel
# tests/tools/app, on rings that have no loop: what it finds wrong is wrong, and it finds nothing else.

load helper

app() {
	"$TOOLS/app" "$@"
}

# ready FILE: waits for it.
ready() {
	for ((i = 0; i < 500; i++)); do
		[ ! -s "$1" ] || return 0
		sleep 0.02
	done
	echo "no $1"
	return 1
}

# Each ring in a run of its own, that has all jobs.
right() {
	local seeds=(1 ${LONG:+2 3 4 5 6 7 8 9})
	for seed in "${seeds[@]}"; do
		expect 0 app --seed "$seed" "${without[@]}" "$@" all
		has '{"ok": true, ' "$output"
		has '"zero_returns": 0, "efault": 0, "eintr": 0, "early": 0, ' "$output"
	done
}

@test "app: all is right on a ring of liburing's" {
	right
}

@test "app: all is right on a ring without an SQ array" {
	right --ring no-sqarray
}

@test "app: all is right on a ring with SQ_REWIND" {
	right --ring sq-rewind
}

@test "app: all is right with SQ_REWIND, where one call submits and waits" {
	right --ring sq-rewind --one-call
}

@test "app: all is right on a small ring, and on two at a time" {
	right --entries 8 --depth 8 --threads 2
}

# JOB LIE: each job finds at least one thing that is wrong.
@test "app: what is wrong is found" {
	local lies=(
		"rw data" "rw offset" "chains unlink" "chains split" "chains swap" "timeouts haste"
		"nowait block" "waits early" "drain undrain" "deep swap" "latency haste" "sockets data"
		"mixed res" "idle late" "spin block" "resize twice" "multishot more" "cancel res"
		"bufs buffer" "overflow swap" "skip noskip"
	)
	local rings=("--ring no-sqarray" ${LONG:+"--ring plain" "--ring sq-rewind"})
	# Of these, most are found because the job waits for what does not come.
	[ -z "${LONG-}" ] || lies+=(
		"rw lose" "rw twice" "rw res" "rw early" "chains lose" "chains twice" "chains res" "chains early"
		"timeouts lose" "timeouts twice" "timeouts split" "timeouts late" "nowait lose" "nowait res"
		"waits lose" "waits late" "drain lose" "drain swap" "deep lose" "deep twice" "latency late"
		"sockets lose" "resize lose" "multishot lose" "cancel lose" "bufs lose"
		"overflow lose" "overflow twice" "skip lose"
	)
	for lie in "${lies[@]}"; do
		does "${lie% *}" || continue
		for ring in "${rings[@]}"; do
			echo "$lie, $ring"
			# shellcheck disable=SC2086
			expect 1 app $ring --patience 2 --late 400 --rounds 1000 --lie "${lie#* }" "${lie% *}"
			has '{"ok": false, ' "$output"
		done
	done
}

@test "app: a loop that admits more or fewer than it shall is found" {
	expect 1 app --limit 31 --rounds 300 deep
	has 'at most 32 requests were under way at a time, not 31' "$output"
	expect 1 app --limit 33 --rounds 300 deep
	has 'at most 32 requests were under way at a time, not 33' "$output"
}

@test "app: waits with its rings until it is told to go, and keeps them then" {
	cd "$BATS_TEST_TMPDIR"
	start "$TOOLS/app" --threads 2 --ready ready --go go --hold nowait
	ready ready
	seen=0
	while read -r of fd tid; do
		[ "$of" = "$pid" ]
		[ -d "/proc/$pid/task/$tid" ]
		[ "$(readlink "/proc/$pid/fd/$fd")" = 'anon_inode:[io_uring]' ]
		seen=$((seen + 1)) ring=$fd
	done <ready
	[ "$seen" = 2 ]
	[ ! -s out ]
	: >go
	ready out
	[ "$(readlink "/proc/$pid/fd/$ring")" = 'anon_inode:[io_uring]' ]
	kill -TERM "$pid"
	finish 0
	has '{"ok": true, "stopped": false, ' "$output"
}

@test "app: SIGUSR1 lets it go, SIGTERM ends each job in order" {
	cd "$BATS_TEST_TMPDIR"
	for job in rw idle latency ${LONG:+chains timeouts nowait waits drain deep sockets mixed spin resize}; do
		does "$job" || continue
		rm -f ready
		start "$TOOLS/app" --ready ready --go - --seconds 60 "$job"
		ready ready
		kill -USR1 "$pid"
		sleep 0.3
		kill -TERM "$pid"
		finish 0
		has '{"ok": true, "stopped": true, ' "$output"
	done
}
