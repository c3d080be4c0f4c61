#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Loops on rings that other programs made: bound, held, pinned, and taken off while these go on.

load helper

pins=/sys/fs/bpf/attach

setup() {
	quiet
	cd "$BATS_TEST_TMPDIR"
	mountpoint -q /sys/fs/bpf || mount -t bpf bpf /sys/fs/bpf
	mkdir "$pins"
}

teardown() {
	# shellcheck disable=SC2046
	[ -z "${!-}" ] || kill -KILL $(jobs -p) 2>/dev/null || :
	for pin in "$pins"/*; do
		rm -rf "$pin"/maps "$pin"
	done
	rm -rf "$pins"
	tidy
}

# app ARGUMENT...: in the background; sets $app, and $fd, the first of its rings.
app() {
	rm -f ready go
	"$TOOLS/app" --ready ready --go go "$@" >app.out 2>app.err 3>&- &
	app=$!
	until [ -s ready ]; do
		kill -0 "$app"
		sleep 0.05
	done
	read -r _ fd _ <ready
}

# right [JQ]: the application ends, and found nothing wrong. With "stop" it is told to end.
right() {
	touch go
	[ "${1-}" != stop ] || {
		kill "$app"
		shift
	}
	wait "$app" || {
		cat app.err app.out
		return 1
	}
	[ "$("$TOOLS/pick" "${1:-.ok}" <app.out)" = "${2:-true}" ]
}

# ring WORD...: tests/tools/ring in the background; sets $ring and $fd.
ring() {
	rm -f ring.out
	# Its input by name: the shell of bats has what is in the background read from /dev/null.
	"$TOOLS/ring" "$@" <&0 >ring.out 2>ring.err 3>&- &
	ring=$!
	until [ -s ring.out ] && read -r _ fd <ring.out; do
		kill -0 "$ring"
		sleep 0.05
	done
}

# enter_anew: ring calls again, since the loop is not in the call that it sleeps in.
enter_anew() {
	sleep 0.1
	kill -USR1 "$ring"
	until [ "$(wc -l <ring.out)" -gt 1 ]; do sleep 0.05; done
	sleep 0.2
}

# hold ARGUMENT...: iouctl attach in the background, bound; sets $pid.
hold() {
	start "$IOUCTL" attach "$@"
	attached
}

# nothing_left: no loop, and no pin.
nothing_left() {
	rmdir "$pins"
	gone
	mkdir "$pins"
}

# status_has JQ VALUE: that is what there is now.
status_has() {
	expect 0 "$IOUCTL" status --json
	[ "$(json "$1")" = "$2" ]
}

# left VALUE: a loop was taken off in order. Where a guest gets too little of its processors, that
# cannot always be made sure of, and is said; efaults tells whether a call did fail.
left() {
	[ "$1" = in-order ] || [ "$1" = unheard ]
}

# efaults: how often calls of the application failed with EFAULT.
efaults() {
	"$TOOLS/pick" '.threads[0].efault' <app.out
}

@test "pass: the program cannot tell that it is there" {
	for kind in plain no-sqarray sq-rewind; do
		app --ring $kind "${without[@]}" all
		hold pass --pid "$app" --ring-fd "$fd" --json
		right
		finish 0
		[ "$(efaults)" = 0 ]
		[ "$(json '[.attach.end, .attach.left] | tojson')" = '["closed","in-order"]' ] ||
			[ "$(json '[.attach.end, .attach.left] | tojson')" = '["exit","in-order"]' ]
		[ "$(json '.stats.submitted > 1000 and .stats["not-read"] == 0 and .stats["not-applied"] == 0')" = true ]
	done
}

@test "a duration, statistics at intervals, and what is printed of the ring" {
	app --hold rw
	expect 0 "$IOUCTL" attach pass --pid "$app" --ring-fd "$fd" --duration 700ms --interval 200ms --json -q
	[ "${#lines[@]}" -ge 3 ]
	output=${lines[-1]}
	[ "$(json '[.schema, .loop.name, .target.pid, .target.ring_fd, .target.name, .attach.end, .attach.pin] | tojson')" = \
		"[\"iouctl.attach/1\",\"pass\",$app,$fd,\"app\",\"duration\",null]" ]
	left "$(json .attach.left)"
	[ "$(json '.ring.flags | index("single-issuer") != null and index("defer-taskrun") != null')" = true ]
	expect 0 "$IOUCTL" attach pass --pid "$app" --ring-fd "$fd" --dry-run
	has 'may be bound' "$output"
	right stop
}

@test "signals: the loop leaves, the totals are printed, the program goes on" {
	app --leaves --seconds 90 rw waits
	touch go
	for sig in INT TERM HUP QUIT; do
		start env --default-signal=INT,HUP,QUIT "$IOUCTL" attach pass --pid "$app" --ring-fd auto
		attached
		sleep 0.2
		kill -$sig "$pid"
		finish $((128 + $(kill -l $sig)))
		has 'iouctl got a signal' "$output"
	done
	right stop
	[ "$(efaults)" = 0 ]
}

@test "killed: the loop leaves nevertheless; so it does when nobody reads its statistics" {
	app --leaves --seconds 90 waits
	touch go
	hold pass --pid "$app" --ring-fd auto
	sleep 0.2
	kill -KILL "$pid"
	nothing_left
	local codes
	codes=$(
		env --default-signal=PIPE "$IOUCTL" attach pass --pid "$app" --ring-fd auto --json \
			--interval 100ms 2>err | head -n 1 >first
		echo "${PIPESTATUS[*]}"
	)
	[ "$codes" = "141 0" ]
	[ -s first ]
	[[ $(<err) != *"cannot write"* ]]
	right stop
	[ "$(efaults)" = 0 ]
}

@test "auto and all: the only ring, or a loop for each" {
	app --threads 3 --leaves rw
	expect 2 "$IOUCTL" attach pass --pid "$app" --ring-fd auto
	has "process $app has 3 rings" "$stderr"
	start "$IOUCTL" attach pass --pid "$app" --ring-fd all --json
	until status_has '.loops | length' 3; do
		kill -0 "$pid"
	done
	right
	finish 0
	[ "$(wc -l <out)" = 3 ]
	for line in 1 2 3; do
		output=$(sed -n ${line}p out)
		[ "$(json '.stats.submitted > 100')" = true ]
	done
	expect 2 "$IOUCTL" attach pass --pid $$ --ring-fd auto
	has 'has no ring' "$stderr"
}

@test "a command: started, watched, its exit code" {
	expect 0 "$IOUCTL" attach pass --json -- "$TOOLS/app" --hold waits &
	local held=$!
	attached
	pkill -TERM -x app
	wait $held
	expect 3 "$IOUCTL" attach pass -q -- "$TOOLS/ring" -- sh -c 'sleep 5; exit 3'
	expect 1 "$IOUCTL" attach pass -- true
	has 'had no ring that was seen' "$stderr"
	expect 2 "$IOUCTL" attach pass -- ./none
}

@test "a descriptor that was inherited" {
	# bats has 3 for itself.
	expect 0 "$TOOLS/ring" -- "$IOUCTL" attach pass --ring-fd @FD --duration 100ms --json 3>&-
	[ "$(json '[.target.ring_fd, .attach.end, .ring.sq_entries, .ring.cq_entries] | tojson')" = '[3,"duration",8,16]' ]
	expect 2 "$IOUCTL" attach pass --ring-fd 9
	has 'FD_CLOEXEC' "$stderr"
	expect 2 "$IOUCTL" attach pass --ring-fd 0 </dev/null
	has 'descriptor 0 is no io_uring' "$stderr"
}

@test "an inherited ring that its program closes" {
	start "$TOOLS/ring" -- "$IOUCTL" attach pass --ring-fd @FD --json
	attached
	sleep 0.3
	kill -USR1 "$pid"
	finish 0
	[ "$(json .attach.end)" = closed ]
}

@test "a command that tries a ring before it makes its own" {
	start "$IOUCTL" attach pass --json -- "$TOOLS/ring" -defer-taskrun -single-issuer probe
	attached
	kill -TERM "$pid"
	finish 143
	has '"schema":"iouctl.attach/1"' "$output"
	start "$IOUCTL" attach pass --json -- "$TOOLS/ring" probe
	attached
	sleep 0.5
	kill -TERM "$pid"
	finish 143
	nothing_left
}

@test "a ring of whatever sizes, for a loop that does not look at them" {
	ring sqe128 cqe32 enter
	expect 0 "$IOUCTL" attach pass --pid "$ring" --ring-fd "$fd" --duration 100ms --json --get iou_call.leave
	left "$(json .attach.left)"
	[ "$(json '.globals | tojson')" = '{"iou_call.leave":1}' ]
	expect 2 "$IOUCTL" attach inject --pid "$ring" --ring-fd "$fd" --duration 100ms
	has "'sqe128'" "$stderr"
}

@test "a ring that is disabled" {
	ring r-disabled
	expect 0 "$IOUCTL" attach pass --pid "$ring" --ring-fd "$fd" --duration 100ms --json
	[ "$(json '[.attach.left, (.ring.flags | index("r-disabled") != null)] | tojson')" = '["in-order",true]' ]
}

@test "rings that can have no loop: each is named" {
	local -A why=([sqpoll]='-defer-taskrun -single-issuer' [defer-taskrun]='-defer-taskrun' [iopoll]='iopoll')
	ring sqpoll -defer-taskrun -single-issuer
	expect 1 "$IOUCTL" attach pass --pid "$ring" --ring-fd "$fd"
	has "'defer-taskrun'" "$stderr"
	kill "$ring"
	ring -defer-taskrun
	expect 1 "$IOUCTL" attach pass --pid "$ring" --ring-fd "$fd" --dry-run
	has "without 'defer-taskrun'" "$stderr"
	kill "$ring"
	ring iopoll
	expect 1 "$IOUCTL" attach pass --pid "$ring" --ring-fd "$fd"
	has "with 'iopoll'" "$stderr"
	kill "$ring"
	ring
	hold pass --pid "$ring" --ring-fd "$fd"
	expect 1 "$IOUCTL" attach pass --pid "$ring" --ring-fd "$fd"
	has 'has a loop already' "$stderr"
	kill "$pid"
	finish 143
}

@test "what is no ring, no process, no policy" {
	ring
	expect 2 "$IOUCTL" attach pass --pid "$ring" --ring-fd 1
	has "descriptor 1 of process $ring is no io_uring; rings are at: $fd" "$stderr"
	expect 2 "$IOUCTL" attach pass --pid "$ring" --ring-fd 77
	has 'is not open' "$stderr"
	expect 2 "$IOUCTL" attach copy --pid "$ring" --ring-fd "$fd"
	has "'iouctl run copy' runs it" "$stderr"
	kill "$ring"
	wait "$ring" || :
	expect 2 "$IOUCTL" attach pass --pid "$ring" --ring-fd "$fd"
	has 'No such process' "$stderr"
}

@test "somebody else's program: not without the right to" {
	ring
	expect 4 setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=+bpf,+perfmon \
		--ambient-caps=+bpf,+perfmon --bounding-set=-all,+bpf,+perfmon \
		"$IOUCTL" attach pass --pid "$ring" --ring-fd "$fd"
	has "cannot take descriptor $fd of process $ring" "$stderr"
	has 'CAP_SYS_PTRACE' "$stderr"
}

@test "pinned: bound without a process, taken off by its pin" {
	app --leaves --seconds 90 rw waits
	touch go
	expect 0 "$IOUCTL" attach pass --pid "$app" --ring-fd "$fd" --pin "$pins/a" --json
	[ "$(json .attach.pin)" = "$pins/a" ]
	[ "$(stat -c %a "$pins/a")" = 700 ]
	expect 0 "$IOUCTL" status --json
	[ "$(json '.loops[0] | [.bound, .pins[0]] | tojson')" = "[true,\"$pins/a/link\"]" ]
	sleep 0.5
	expect 0 "$IOUCTL" detach "$pins/a" --json
	[ "$(json '.detached | map([.loop, .pin]) | tojson')" = "[[\"pass\",\"$pins/a\"]]" ]
	left "$(json '.detached[0].left')"
	[ ! -e "$pins/a" ]
	expect 0 "$IOUCTL" detach "$pins/a"
	has 'nothing to take off' "$stderr"
	right stop
	[ "$(efaults)" = 0 ]
	expect 2 "$IOUCTL" attach pass --pid $$ --ring-fd 3 --pin "$pins/b" --duration 1s
	ring
	expect 2 "$IOUCTL" attach pass --pid "$ring" --ring-fd "$fd" --pin "$BATS_TEST_TMPDIR/b"
	has 'is not in a BPF file system' "$stderr"
	expect 2 "$IOUCTL" attach pass --pid "$ring" --ring-fd "$fd" --pin "$pins/a.b"
	has 'no dots' "$stderr"
	[ ! -e b ]
	mkdir "$pins/b"
	touch "$pins/b/x" 2>/dev/null || mkdir "$pins/b/x"
	expect 2 "$IOUCTL" attach pass --pid "$ring" --ring-fd "$fd" --pin "$pins/b"
	rmdir "$pins/b/x" "$pins/b"
}

@test "detach: by id, by process, all, and what leads nowhere" {
	local id
	app --leaves --seconds 90 rw
	touch go
	hold pass --pid "$app" --ring-fd "$fd"
	id=$("$IOUCTL" status --json | "$TOOLS/pick" '.loops[0].id')
	expect 0 "$IOUCTL" detach "$id" --json
	[ "$(json '.detached | map([.id, .pid]) | tojson')" = "[[$id,$app]]" ]
	left "$(json '.detached[0].left')"
	finish 0
	has 'somebody else took the loop off' "$output"
	expect 0 "$IOUCTL" detach "$id"
	has 'nothing to take off' "$stderr"
	expect 0 "$IOUCTL" attach pass --pid "$app" --ring-fd "$fd" --pin "$pins/a"
	expect 0 "$IOUCTL" detach --pid "$app" --ring-fd 99
	has 'nothing to take off' "$stderr"
	expect 0 "$IOUCTL" detach --pid "$app"
	[ ! -e "$pins/a" ]
	right stop
	[ "$(efaults)" = 0 ]
	ring
	expect 0 "$IOUCTL" attach pass --pid "$ring" --ring-fd "$fd" --pin "$pins/b"
	expect 0 "$IOUCTL" detach --clean
	[ -e "$pins/b" ]
	kill "$ring"
	wait "$ring" || :
	until status_has '.rings | length' 0; do sleep 0.1; done
	expect 0 "$IOUCTL" detach --clean
	[ ! -e "$pins/b" ]
	ring
	expect 0 "$IOUCTL" attach pass --pid "$ring" --ring-fd "$fd" --pin "$pins/c"
	expect 0 "$IOUCTL" detach --all
	[ ! -e "$pins/c" ]
	expect 2 "$IOUCTL" detach nonsense
	expect 2 "$IOUCTL" detach
}

@test "taken off under load, again and again, without one EFAULT" {
	local rounds=${LONG:+200} in_order=0 left
	: "${rounds:=8}"
	app --leaves --seconds 3000 mixed rw
	touch go
	for ((i = 0; i < rounds; i++)); do
		expect 0 "$IOUCTL" attach pass --pid "$app" --ring-fd "$fd" --duration 100ms --json -q
		left=$(json .attach.left)
		left "$left"
		[ "$left" != in-order ] || in_order=$((in_order + 1))
	done
	echo "$in_order of $rounds in order"
	[ $((2 * in_order)) -ge "$rounds" ]
	right stop
	[ "$(efaults)" = 0 ]
}

@test "taken off while the program sleeps in a call, or is elsewhere" {
	ring enter
	hold pass --pid "$ring" --ring-fd "$fd"
	sleep 0.3
	kill "$pid"
	finish 143
	hold pass --pid "$ring" --ring-fd "$fd"
	kill -USR1 "$ring"
	sleep 0.3
	kill "$pid"
	finish 143
	kill -TERM "$ring"
	wait "$ring"
	[ "$(grep -c EFAULT ring.out)" = 0 ]
	[ "$(grep -c '^0$' ring.out)" -ge 1 ]
	ring
	hold pass --pid "$ring" --ring-fd "$fd"
	kill "$pid"
	finish 143
}

@test "either side is killed, at any time" {
	local rounds=${LONG:+200} delay
	for ((i = 0; i < ${rounds:-6}; i++)); do
		delay=0.$((RANDOM % 90 + 10))
		app --leaves --seconds 90 mixed
		touch go
		start "$IOUCTL" attach pass --pid "$app" --ring-fd "$fd" --json
		sleep $delay
		if ((i % 2)); then
			kill -KILL "$app"
			wait "$app" || :
			# One that came too late finds no process, or no ring.
			wait "$pid" || [ $? = 2 ]
		else
			kill -KILL "$pid"
			wait "$pid" || :
			kill -TERM "$app"
			wait "$app" || has '"efault": 1' "$(<app.out)"
		fi
		nothing_left
	done
}

@test "two attach at once: one wins" {
	local won=0 lost=0
	ring
	for i in 1 2; do
		"$IOUCTL" attach pass --pid "$ring" --ring-fd "$fd" --duration 2s -q >out.$i 2>err.$i &
	done
	for job in $(jobs -p); do
		[ "$job" != "$ring" ] || continue
		status=0
		wait "$job" || status=$?
		[ $status = 0 ] && won=$((won + 1))
		[ $status = 1 ] && lost=$((lost + 1))
	done
	[ $won = 1 ]
	[ $lost = 1 ]
	grep -q 'has a loop already' err.*
}

@test "the program closes its ring while it goes on" {
	app --leaves rw
	hold pass --pid "$app" --ring-fd "$fd" --json
	right
	finish 0
	nothing_left
}

@test "objects without our header: bound, and taken off as well as can be" {
	mkfifo in
	exec 9<>in
	ring poll enter <in 9<&-
	hold "$OBJECTS/foreign.bpf.o" --pid "$ring" --ring-fd "$fd"
	enter_anew
	kill "$pid"
	finish 143
	has 'could not be asked to leave' "$stderr"
	echo >&9
	until grep -q EFAULT ring.out; do
		kill -0 "$ring"
		sleep 0.05
	done
	kill -TERM "$ring"
	wait "$ring"
	expect 2 "$IOUCTL" attach "$OBJECTS/foreign.bpf.o" --pid $$ --ring-fd 0 --set x=@open:/dev/null
}

@test "a loop that neither sleeps nor stops: said, and gone with the next signal" {
	ring enter
	hold "$OBJECTS/spinner.bpf.o" --pid "$ring" --ring-fd "$fd"
	enter_anew
	kill "$pid"
	finish 143
	# Whoever takes it off waits for the ring's lock.
	if is_patched; then
		has 'could not be asked to leave' "$stderr"
	else
		has 'cannot be taken off' "$stderr"
	fi
	kill -USR1 "$ring"
	kill -TERM "$ring"
	wait "$ring"
}
