#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# send: to peers that are socat.

load helper

setup() {
	quiet
	cd "$BATS_TEST_TMPDIR" || return
}

teardown() {
	cd /
	tidy
}

# receive ADDRESS...: a peer, which listens when this is over; sets $peer.
receive() {
	socat "$@" 2>peer.err 3>&- &
	peer=$!
	for _ in $(seq 200); do
		if [[ "$*" == *UNIX-LISTEN:s* ]]; then
			[ ! -S s ] || return 0
		elif grep -q ":1E61 00000000:0000 0A " /proc/net/tcp; then
			return 0
		fi
		sleep 0.05
	done
	return 1
}

# The port 7777 of receive().
tcp=TCP-LISTEN:7777,bind=127.0.0.1,reuseaddr

# sent ARGUMENT...: it must succeed, and the peer have $1.
sent() {
	expect 0 "$IOUCTL" run send in="$1" "${@:2}" --json
	wait "$peer"
	cmp a got
	[ "$(json '.run.stop.reason, .run.ring.in_flight, .run.enter_calls')" = $'done\n0\n1' ]
	[ "$(json .stats.sent)" = "$(stat -c %s a)" ]
}

@test "send: files of any size, over TCP and to a unix socket" {
	for size in 0 1 4096 40967 ${LONG:+4095 4097 3000007}; do
		head -c "$size" /dev/urandom >a
		receive -u $tcp OPEN:got,creat,trunc
		sent a to=127.0.0.1:7777 bs=4096 depth=3
		receive -u UNIX-LISTEN:s,unlink-early OPEN:got,creat,trunc
		sent a to=unix:s bs=4096
	done
}

@test "send: no more than length, also when the last block fills it" {
	head -c 10000 /dev/urandom >a
	for length in 0 8192 ${LONG:+1 4096 8191 8193}; do
		receive -u UNIX-LISTEN:s,unlink-early OPEN:got,creat,trunc
		expect 0 "$IOUCTL" run send in=a to=unix:s bs=4096 depth=1 length="$length" --timeout 60s
		wait "$peer"
		cmp <(head -c "$length" a) got
	done
}

@test "send: from a pipe; and without copying, where the kernel can" {
	head -c 1000003 /dev/urandom >a
	receive -u $tcp OPEN:got,creat,trunc
	sent - to=127.0.0.1:7777 bs=10000 < <(cat a)
	receive -u $tcp OPEN:got,creat,trunc
	sent a to=127.0.0.1:7777 zerocopy bs=100000
	# Loopback always copies, and says so.
	[ "$(json '.stats.copied == .stats.sends')" = true ]
	receive -u UNIX-LISTEN:s OPEN:got,creat,trunc
	expect 1 "$IOUCTL" run send in=a to=unix:s zerocopy
	has "cannot send with zerocopy: Operation not supported" "$stderr"
}

@test "send: a peer that answers all it gets before it reads more" {
	head -c 3000000 /dev/urandom >a
	receive $tcp EXEC:cat
	expect 0 "$IOUCTL" run send in=a to=127.0.0.1:7777 --json
	[ "$(json '.stats.sent, .stats.received')" = $'3000000\n3000000' ]
}

@test "send: a peer that is slow, one that goes away, and one that is not there" {
	head -c 3000000 /dev/urandom >a
	receive -u UNIX-LISTEN:s SYSTEM:'sleep 0.5; cat >got'
	sent a to=unix:s
	receive -u $tcp SYSTEM:'head -c 1000 >/dev/null'
	expect 1 "$IOUCTL" run send in=a to=127.0.0.1:7777 --json
	[ "$(json '.run.stop.reason, .run.ring.in_flight')" = $'failed\n0' ]
	[[ "$(json .run.stop.errno)" =~ ^(EPIPE|ECONNRESET)$ ]]
	[ "$(json '.stats.sent < 3000000')" = true ]
	has "cannot send to 'to': " "$stderr$(json .run.stop.text)"
	expect 1 "$IOUCTL" run send in=a to=127.0.0.1:7777
	has "Connection refused" "$stderr"
}

@test "send: what cannot be read; what came before it is sent" {
	receive -u UNIX-LISTEN:s OPEN:got,creat,trunc
	expect 1 "$IOUCTL" run send in=/ to=unix:s
	has "cannot read from 'in': Is a directory" "$stderr"
	[ ! -s got ]
}

@test "send: ^C with a peer that takes nothing, and with nothing to send" {
	truncate -s 50M a
	receive -u UNIX-LISTEN:s SYSTEM:'sleep 60'
	start "$IOUCTL" run send in=a to=unix:s --json
	attached
	sleep 0.3
	kill -TERM $pid
	finish 143
	[ "$(json '.run.stop.reason, .run.ring.in_flight')" = $'interrupted\n0' ]
	kill $peer
	rm -f s
	mkfifo pipe
	receive -u UNIX-LISTEN:s OPEN:got,creat,trunc
	start "$IOUCTL" run send in=pipe to=unix:s --json
	exec 5>pipe
	echo hello >&5
	for _ in $(seq 100); do
		[ ! -s got ] || break
		sleep 0.05
	done
	kill -TERM $pid
	finish 143
	exec 5>&-
	[ "$(cat got)" = hello ]
	[ "$(json .stats.sent)" = 6 ]
}

@test "send: ^C with a peer whose bytes are always there before the receive could be cancelled" {
	cat >flood.pl <<-'END'
		use IO::Socket::INET;
		my $s = IO::Socket::INET->new(LocalAddr => "127.0.0.1:7777", Listen => 1, ReuseAddr => 1) or die;
		my $c = $s->accept;
		$SIG{PIPE} = "IGNORE";
		if (!fork) {
			1 while sysread $c, my $b, 65536;
			exit;
		}
		my $b = "x" x 65536;
		1 while syswrite $c, $b;
	END
	perl flood.pl 2>/dev/null 3>&- &
	peer=$!
	until grep -q ":1E61 00000000:0000 0A " /proc/net/tcp; do sleep 0.05; done
	start "$IOUCTL" run send in=/dev/zero to=127.0.0.1:7777 --json --timeout 60s
	attached
	sleep 0.5
	kill -TERM $pid
	finish 143
	wait "$peer" || :
	[ "$(json '.run.stop.reason, .run.ring.in_flight')" = $'interrupted\n0' ]
	[ "$(json '.run.elapsed_ns < 50000000000, .stats.received > 0')" = $'true\ntrue' ]
}
