#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What attach, detach and stats say before there is a loop, on any kernel.

load ../helper

teardown() {
	# Of a plain user's the job is a shell that waits for it.
	[ -z "${pid-}" ] || kill -KILL "$pid" 2>/dev/null || :
	# shellcheck disable=SC2046
	[ -z "${!-}" ] || kill -KILL $(jobs -p) 2>/dev/null || :
}

# of COMMAND...: in the background a process with a ring, which says so; sets $pid and $fd.
of() {
	"$@" >"$BATS_TEST_TMPDIR/ring" 2>/dev/null 3>&- &
	for _ in $(seq 100); do
		read -r pid fd <"$BATS_TEST_TMPDIR/ring" && return
		jobs %% >/dev/null 2>&1 || break
		sleep 0.05
	done
	skip "no such ring here"
}

# ring COMMAND...: tests/tools/bound, started by it.
ring() {
	of "$@" "$TOOLS/bound" -
}

# refused CODE TEXT ARGUMENT...: with this in its message, and as JSON, too.
refused() {
	local code=$1 text=$2
	shift 2
	expect "$code" "$IOUCTL" "$@"
	has "$text" "$stderr"
	[ -z "$output" ]
	expect "$code" "$IOUCTL" "${@:1:1}" --json "${@:2}"
	[ "$(json '.schema, .exit')" = $'iouctl.error/1\n'"$code" ]
	[ -z "$stderr" ]
}

@test "attach: usage" {
	refused 2 "no LOOP was given" attach --ring-fd 3
	refused 2 "no ring was named" attach pass
	refused 2 "no ring was named" attach pass --pid $$
	refused 2 "there is no command behind '--'" attach pass --
	refused 2 "are two programs" attach pass --pid $$ -- true
	refused 2 "--pin returns at once" attach pass --ring-fd 3 --pin /x --duration 1s
	refused 2 "--pin is for one ring" attach pass --ring-fd all --pid $$ --pin /x
	refused 2 "'x' is neither a descriptor nor 'auto' or 'all'" attach pass --ring-fd x --pid $$
	refused 2 "'0' is not the number of a process" attach pass --ring-fd 3 --pid 0
	refused 2 "'0' is not a duration above 0" attach pass --ring-fd 3 --duration 0
	refused 2 "has no parameter or option 'depht'" attach pass --ring-fd 3 depht=5
	refused 2 "no loop is called 'passs'" attach passs --ring-fd 3
}

@test "a loop is for run or for attach" {
	refused 2 "it is no loop for the ring of another program" attach copy in=a out=b --ring-fd 3
	refused 2 "'pass' is for the rings of other programs" run pass
	has "'iouctl attach pass' binds it" "$output"
	refused 2 "'counting' is for the rings of other programs" run "$OBJECTS/counting.bpf.o" --entries 8
	# Written without our header, it may be either.
	refused 2 "cannot open process 2147483647" attach "$OBJECTS/foreign.bpf.o" --pid 2147483647 --ring-fd 3
	expect 0 "$IOUCTL" list --json
	[ "$(json '[.loops[] | select(.name == ("pass", "copy")) | .command] | sort | tojson')" = '["attach","run"]' ]
	expect 0 "$IOUCTL" show pass --json
	[ "$(json '.loops[0] | [.command, .ring.sq, .ring.sq_entries, .ring.cq_entries] | tojson')" = '["attach",null,null,null]' ]
	expect 0 "$IOUCTL" show "$OBJECTS/foreign.bpf.o" --json
	[ "$(json '.loops[0].command')" = null ]
}

@test "attach: descriptors that are not there, or no rings" {
	refused 2 "descriptor 77 is not open" attach pass --ring-fd 77
	refused 2 "is no io_uring" attach pass --ring-fd 0
	refused 2 "iouctl was started with no ring" attach pass --ring-fd auto
	sleep 100 3>&- &
	refused 2 "process $! has no ring" attach pass --pid $! --ring-fd auto
	refused 2 "process $! has no ring" attach pass --pid $! --ring-fd all
	refused 2 "descriptor 77" attach pass --pid $! --ring-fd 77
	refused 2 "is no io_uring" attach pass --pid $! --ring-fd 1
}

@test "attach: commands that are none, or have no ring" {
	refused 2 "/nonexistent" attach pass -- /nonexistent
	refused 1 "had no ring that was seen" attach pass -- true
}

# begin SIGNAL COMMAND...: attach with it in the background, and the signal when it has started.
begin() {
	local sig=$1
	shift
	env --default-signal=INT,TERM "$IOUCTL" attach pass -- "$@" >out 2>err 3>&- &
	attach=$!
	until [ -s started ]; do sleep 0.05; done
	kill -"$sig" $attach
}

@test "attach: a signal before the command has a ring is the command's, too" {
	cd "$BATS_TEST_TMPDIR"
	local sig code
	for sig in TERM INT; do
		rm -f started
		begin $sig sh -c 'trap "echo got it >started; exit 5" TERM INT; echo >started; while :; do sleep 0.05; done'
		code=0
		wait $attach || code=$?
		[ $code = $((128 + $(kill -l $sig))) ]
		[ "$(<started)" = "got it" ]
	done
}

@test "attach: a second signal leaves a command that does not end" {
	cd "$BATS_TEST_TMPDIR"
	local left code=0
	begin TERM sh -c 'trap "" TERM; echo $$ >started; while :; do sleep 0.05; done'
	sleep 0.3
	kill -TERM $attach
	wait $attach || code=$?
	[ $code = 143 ]
	# It goes on.
	left=$(<started)
	kill -KILL "$left"
	has "goes on: pid $left" "$(<err)"
}

@test "attach --dry-run: a command is ended, and rings that are none for the loop are passed over" {
	cd "$BATS_TEST_TMPDIR"
	ring env
	[ "$("$IOUCTL" status --pid "$pid" --json | jq -r '.rings[0].flags | length')" != 0 ] ||
		skip "flags of rings cannot be seen here"
	expect 0 "$IOUCTL" attach pass --dry-run -- "$TOOLS/ring"
	has "may be bound" "$output"
	# It has said its number first.
	! kill -0 "${output%% *}" 2>/dev/null || return 1
	expect 0 "$IOUCTL" attach pass --dry-run -- "$TOOLS/ring" -defer-taskrun -single-issuer probe
	has "may be bound" "$output"
	expect 1 "$IOUCTL" attach pass --dry-run -- "$TOOLS/ring" -defer-taskrun
	has "without 'defer-taskrun'" "$stderr"
	expect 0 "$IOUCTL" attach pass --dry-run --ring-fd all -- "$TOOLS/ring"
}

@test "attach --dry-run: a ring of somebody's" {
	ring env
	# That of bound has no DEFER_TASKRUN where the kernel has no loops, or it has: both are told.
	expect "$([ -n "$(jq -r '.rings[0].flags | select(index("defer-taskrun"))' <<<"$(
		"$IOUCTL" status --pid "$pid" --json)")" ] && echo 0 || echo 1)" \
		"$IOUCTL" attach pass --pid "$pid" --ring-fd "$fd" --dry-run --json
	if [ "$status" -eq 0 ]; then
		[ "$(json '[.schema, .target.pid, .target.name, .target.ring_fd, .ring.sq_entries, .ring.cq_entries,
			.verdict, .attach] | tojson')" = \
			"[\"iouctl.attach/1\",$pid,\"bound\",$fd,16,64,\"may be bound\",null]" ]
		[ "$(json .target.ring_ino)" = "$(stat -Lc %i "/proc/$pid/fd/$fd")" ]
	else
		has "defer-taskrun" "$(json .message)"
	fi
}

@test "attach --dry-run: what a loop does not look at may have any size" {
	of "$TOOLS/ring" sqe128 cqe32
	[ "$("$IOUCTL" status --pid "$pid" --json | jq -r '.rings[0].flags | index("sqe128")')" != null ] ||
		skip "flags of rings cannot be seen here"
	expect 0 "$IOUCTL" attach pass --pid "$pid" --ring-fd "$fd" --dry-run
	has "may be bound" "$output"
	expect 2 "$IOUCTL" attach inject --pid "$pid" --ring-fd "$fd" --dry-run
	has "'inject' cannot work on a ring with 'sqe128'; the program has to set up" "$stderr"
}

@test "attach: another user's process" {
	ring env
	expect 4 as_nobody "$IOUCTL" attach pass --pid "$pid" --ring-fd "$fd" --dry-run
	expect 4 as_nobody "$IOUCTL" attach pass --pid "$pid" --ring-fd "$fd" --dry-run --json
	[ "$(json '.exit, .stage')" = $'4\ntarget' ]
	for which in auto all; do
		expect 4 as_nobody "$IOUCTL" attach pass --pid "$pid" --ring-fd $which --dry-run
		has "CAP_SYS_PTRACE" "$stderr"
	done
	expect 2 "$IOUCTL" attach pass --pid 999999999 --ring-fd auto --dry-run
	has "there is no process 999999999" "$stderr"
}

@test "attach: one's own, whose flags a plain user cannot see" {
	ring as_nobody
	expect 0 as_nobody "$IOUCTL" attach pass --pid "$pid" --ring-fd "$fd" --dry-run --json
	[ "$(json '[.target.pid, .ring.sq_entries, .ring.flags] | tojson')" = "[$pid,16,[]]" ]
}

@test "detach: usage, and nothing to take off" {
	refused 2 "no loop was named" detach
	refused 2 "--ring-fd needs --pid" detach --ring-fd 3
	refused 2 "'x' is neither the ID of a loop nor the path of a pin" detach x
	refused 2 "'-1' is not a descriptor" detach --pid 5 --ring-fd=-1
	expect 0 "$IOUCTL" detach /nonexistent/pin --json
	[ "$output" = '{"schema":"iouctl.detach/1","detached":[],"failures":[]}' ]
	has "nothing to take off" "$stderr"
	"$IOUCTL" status --json | jq -e 'all(.unseen[]; .id != "ring-setup")' >/dev/null ||
		skip "loops cannot be seen here"
	for args in "--all" "--clean" "4294967295" "--pid $$"; do
		# shellcheck disable=SC2086
		expect 0 "$IOUCTL" detach $args --json
		[ "$output" = '{"schema":"iouctl.detach/1","detached":[],"failures":[]}' ]
		has "nothing to take off" "$stderr"
	done
}

@test "detach: who cannot see loops is not told that there is none" {
	for args in "--all" "4294967295"; do
		# shellcheck disable=SC2086
		expect 4 as_nobody "$IOUCTL" detach $args --json
		[ "$(json '.detached == [], .failures[0].errno')" = $'true\nEPERM' ]
	done
	expect 4 as_nobody "$IOUCTL" detach --all
	has "CAP_BPF and CAP_PERFMON" "$stderr"
}

@test "detach --json: one document, with all that failed" {
	expect 2 "$IOUCTL" detach /dev/null/a /nonexistent/pin /dev/null/b --json
	[ "$(json '[.schema, .detached, (.failures | map([.id, .pin, .stage, .errno]))] | tojson')" = \
		'["iouctl.detach/1",[],[[null,"/dev/null/a","open","ENOTDIR"],[null,"/dev/null/b","open","ENOTDIR"]]]' ]
	has "'/dev/null/b'" "$(json '.failures[1].message')"
	expect 2 "$IOUCTL" detach /dev/null/a /dev/null/b
	has "'/dev/null/a'" "$stderr"
	has "'/dev/null/b'" "$stderr"
}

@test "what others named does nothing to a terminal" {
	local name=$BATS_TEST_TMPDIR/$'\e[31mred\a'
	mkdir "$name"
	expect 0 "$IOUCTL" detach "$name"
	has '\x1b[31mred\x07' "$stderr"
	[[ $stderr != *$'\e'* ]]
}

@test "stats: usage, and what is not there" {
	refused 2 "no loop was named" stats
	refused 2 "--ring-fd needs --pid" stats --ring-fd 3
	refused 2 "'x' is neither the ID of a loop nor the path of a pin" stats x
	refused 2 "'xml' is not text, json or openmetrics" stats --all --format xml
	refused 2 "--duration needs --interval" stats --all --duration 1s
	refused 2 "'0' is not a duration above 0" stats --all --interval 0
	expect 2 "$IOUCTL" stats --all --format openmetrics --interval 1s
	expect 2 "$IOUCTL" stats --all --format openmetrics --get x
	expect 2 "$IOUCTL" stats --all --format openmetrics --json
	refused 2 "no loop is pinned in '/nonexistent/pin'" stats /nonexistent/pin
	refused 2 "no loop with the ID 4294967295 is there" stats 4294967295
	refused 2 "no loop with the ID 4294967297 is there" stats 4294967297
	refused 2 "no loop is on a ring of $$" stats --pid $$
	expect 0 "$IOUCTL" stats --all
	has "no loop is bound that iouctl attached" "$stderr"
	expect 0 "$IOUCTL" stats --all --format openmetrics -q
	[ "$output" = "# EOF" ]
	[ -z "$stderr" ]
	# Who sees none cannot say that there is none.
	expect 4 as_nobody "$IOUCTL" stats --all --format openmetrics
	has "no loop can be seen" "$stderr"
	expect 4 as_nobody "$IOUCTL" stats 5 --format json
	[ "$(json '.exit')" = 4 ]
}
