#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# echo: every byte comes back to whom it came from, whatever the clients do.

load helper

setup() {
	quiet
	cd "$BATS_TEST_TMPDIR" || return
	port=$((20000 + BASHPID % 10000))
	at=127.0.0.1:$port
}

# serve ARGUMENT...: at $at, in the background; a shell would have it ignore SIGINT.
serve() {
	start env --default-signal=INT "$IOUCTL" run echo listen="$at" --json "$@"
	attached
}

# clients ARGUMENT...: all must come back to them; $stats is what they say of it.
clients() {
	expect 0 "$TOOLS/clients" "$@" "$at"
	stats=$output
}

# of_clients NAME: a number of $stats.
of_clients() {
	[[ $stats =~ \"$1\":([0-9]+) ]]
	echo "${BASH_REMATCH[1]}"
}

# stopped: it ends when it is asked to, and has sent what it received.
stopped() {
	kill -TERM $pid
	finish 143
	[ "$(json '.run.stop.reason, .run.ring.in_flight')" = $'interrupted\n0' ]
	[ "$(json '.stats.received == .stats.sent')" = true ]
}

# ready FILE: wait until the clients that print to it say so.
ready() {
	for _ in $(seq 200); do
		! grep -q ready "$1" || return 0
		sleep 0.1
	done
	echo "not ready: $(<"$1")"
	return 1
}

@test "echo: one client and many at once" {
	local nr messages
	for nr in 1 64 512; do
		messages=$((nr + 100))
		[ -z "${LONG-}" ] || [ $nr -lt 512 ] || messages=100000
		serve max-conns=512
		clients -c $nr -r $messages -s 1-1500 -S $RANDOM -t 900
		stopped
		[ "$(json '.stats.connections, .stats.received')" = "$nr"$'\n'"$(of_clients bytes)" ]
		[ "$(json '.stats.requests >= .stats.connections, .stats.requests == .stats["request-time"].count')" = \
			$'true\ntrue' ]
		[ "$(json .maps.errors.total)" = 0 ]
	done
}

@test "echo: more clients than max-conns wait, and none is lost" {
	serve max-conns=4
	clients -c 20 -r 60 -s 100
	stopped
	[ "$(json '.stats.connections, .stats["connections-max"], .stats.received')" = $'20\n4\n6000' ]
}

@test "echo: requests that are smaller and larger than bs, several at a time" {
	serve bs=1
	clients -c 3 -r 9 -s 1-30 -p 3
	stopped
	[ "$(json '.stats.requests == .stats.received')" = true ]
	serve bs=1M max-conns=8
	clients -c 4 -r 8 -s 200000-700000 -p 2
	stopped
	[ "$(json .stats.received)" = "$(of_clients bytes)" ]
}

@test "echo: rings that are smaller than the connections, and of both kinds" {
	serve --entries 4
	clients -c 40 -r 80
	stopped
	serve --entries 1 --cq-entries 4 --ring-flag -sq-rewind --ring-flag -no-sqarray
	clients -c 40 -r 80
	stopped
	[ "$(json '.stats.connections, .ring.cq_entries')" = $'40\n4' ]
}

@test "echo: no more than count are answered, and idle connections do not keep it from ending" {
	serve count=10
	clients -k -c 12 -r 10 -s 5
	finish 0
	[ "$(json '.run.stop.reason, .run.ring.in_flight, .stats.requests, .stats.sent')" = $'done\n0\n10\n50' ]
	serve count=10
	expect 1 "$TOOLS/clients" -c 3 -r 30 -s 5 "$at"
	finish 0
	[ "$(json '.run.stop.reason, .stats.requests, .stats.sent')" = $'done\n10\n50' ]
}

@test "echo: ends when it was idle for so long, also while a client takes nothing" {
	serve idle=1500ms
	clients -c 2 -r 4
	finish 0
	[ "$(json '.run.stop.reason, .run.ring.in_flight, .stats.connections')" = $'done\n0\n2' ]
	[ "$(json '.run.elapsed_ns >= 1500000000')" = true ]
	serve idle=1500ms
	"$TOOLS/clients" -b -r 100000 -p 100000 "$at" >blocked &
	finish 0
	[ "$(json '.run.stop.reason, .run.ring.in_flight')" = $'done\n0' ]
	[ "$(json '.stats.received > .stats.sent, .maps.errors.total')" = $'true\n0' ]
}

@test "echo: ^C closes what is open" {
	serve
	"$TOOLS/clients" -k -c 30 -r 60 "$at" >clients &
	local clients=$!
	ready clients
	kill -INT $pid
	finish 130
	[ "$(json '.run.stop.reason, .run.ring.in_flight, .stats.connections')" = $'interrupted\n0\n30' ]
	[ "$(json '.stats["connections-max"]')" = 30 ]
	wait $clients
}

@test "echo: ^C waits for a client that does not read, a second one does not" {
	serve max-conns=2
	"$TOOLS/clients" -b -c 2 -r 100000 -p 50000 "$at" >clients &
	ready clients
	kill -INT $pid
	sleep 0.5
	kill -0 $pid
	kill -INT $pid
	finish 130
	[ "$(json '.run.stop.reason')" = interrupted ]
	[ "$(json '.run.ring.in_flight')" = 2 ]
}

@test "echo: clients that reset their connections do not disturb the others" {
	# Some while it receives, some while it waits until it can send.
	serve bs=1M max-conns=16
	clients -c 5 -x 3 -r 10 -s 300000 -p 2
	[ "$(of_clients resets)" = 3 ]
	clients -c 4 -x 3 -r 4 -s 300000 -z 1
	[ "$(of_clients resets)" = 3 ]
	kill -TERM $pid
	finish 143
	[ "$(json '.run.ring.in_flight, .stats.connections')" = $'0\n9' ]
	[ "$(json '[.maps.errors.entries[] | select(.key == "ECONNRESET" or .key == "EPIPE") | .value] | add')" = 6 ]
	[ "$(json '[.maps.errors.entries[].value] | add')" = 6 ]
}

@test "echo: slow readers are waited for" {
	serve bs=1M max-conns=4
	clients -c 2 -r 2 -s 100000 -z 1
	stopped
	[ "$(json .stats.received)" = 200000 ]
	# Less room, so that sends are short.
	at=unix:$PWD/socket
	serve bs=1M max-conns=4
	clients -c 2 -r 4 -s 300000 -p 2 -z 1
	stopped
	[ "$(json .stats.received)" = 1200000 ]
}

@test "echo: those who do not read leave buffers for the others" {
	serve max-conns=4 bs=1K
	"$TOOLS/clients" -b -c 3 -r 100000 -p 30000 "$at" >blocked &
	local blocked=$!
	ready blocked
	# 6.12 lets go of a connection when all requests are over that were begun before.
	if is_patched; then
		"$TOOLS/clients" -k -r 40 -s 1-5000 -p 30 "$at" >others &
		local others=$!
		ready others
	else
		clients -r 40 -s 1-5000 -p 3
	fi
	kill $blocked
	kill -TERM $pid
	finish 143
	wait ${others-}
	[ "$(json '.run.stop.reason, .run.ring.in_flight, .stats.connections')" = $'interrupted\n0\n4' ]
}

@test "echo: with hardly a buffer, each connection has its own" {
	serve max-conns=4 bs=512 buffers=2x512
	clients -c 4 -r 60 -s 1-6000 -p 4
	stopped
	[ "$(json '.stats.received, .maps.errors.total')" = "$(of_clients bytes)"$'\n0' ]
}

@test "echo: unix sockets and IPv6" {
	at=unix:$PWD/socket
	serve
	clients -c 10 -r 30 -s 1-9000
	stopped
	[ ! -e socket ]
	at=[::1]:${port}
	serve
	clients -c 3
	stopped
}

@test "echo: an address that is in use, and memory that is too large" {
	serve
	expect 1 "$IOUCTL" run echo listen="$at"
	has "cannot listen at '$at': Address already in use" "$stderr"
	expect 2 "$IOUCTL" run echo
	has "'echo' needs listen=HOST:PORT" "$stderr"
	expect 2 "$IOUCTL" run echo listen=127.0.0.1:0 max-conns=4096 bs=128K
	has "'buffers' is too large: at most 511 MiB of memory can be looked into" "$stderr"
	expect 2 "$IOUCTL" run echo listen=127.0.0.1:0 conns=2
	has "fewer than max-conns" "$stderr"
	expect 2 "$IOUCTL" run echo listen=127.0.0.1:0 buffers=4097x64
	has "more than 4096" "$stderr"
	clients
	stopped
}

@test "echo: where there are no files left, clients wait" {
	local most
	most=$(</proc/sys/fs/file-max)
	# Root's capabilities have no such limit.
	start setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all,+bpf,+perfmon \
		--ambient-caps=-all,+bpf,+perfmon "$IOUCTL" run echo listen="$at" --json
	attached
	echo 1 >/proc/sys/fs/file-max
	"$TOOLS/clients" -c 3 "$at" >clients &
	local clients=$!
	sleep 0.5
	echo "$most" >/proc/sys/fs/file-max
	wait $clients
	stopped
	[ "$(json '.maps.errors.entries[0].key, .stats.connections')" = $'ENFILE\n3' ]
	# One try in a tenth of a second.
	[ "$(json '.maps.errors.entries[0].value < 30 and .run.steps < 200')" = true ]
}

@test "echo: socat gets back what it sends" {
	serve
	head -c 300007 /dev/urandom >a
	socat -t 30 - "TCP:$at" <a >b
	cmp a b
	stopped
	[ "$(json .stats.sent)" = 300007 ]
}

@test "echo: a trace, and errors by their names" {
	start "$IOUCTL" run echo listen="$at" --trace
	attached
	clients -c 2 -x 1 -s 50000
	kill -TERM $pid
	finish 143
	for line in 'sqe ACCEPT fd=' 'sqe RECV fd=0' 'sqe SEND fd=0' 'sqe CLOSE fd=0 slot=0'; do
		has "$line" "$stderr"
	done
	[[ $output =~ errors\[(ECONNRESET|EPIPE)\] ]]
}

@test "echo: a round trip is one request and one completion" {
	start "$IOUCTL" run echo listen="$at" --trace
	attached
	clients -r 20
	kill -TERM $pid
	finish 143
	[ "$(grep -c 'sqe RECV' <<<"$stderr")" = 1 ]
	[ "$(grep -c 'sqe SEND' <<<"$stderr")" = 20 ]
	# Each message, the end of file, what accepted it, the close, and the accept that was cancelled.
	[ "$(grep -c ' cqe ' <<<"$stderr")" -le 30 ]
}
