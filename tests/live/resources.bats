#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What loops ask for by declaration: files, memory, buffers, sockets, slots, timers, histograms.

load helper

# blocks ARGUMENT...: copies $in to $out, which must come out the same.
blocks() {
	rm -f "$out"
	expect 0 "$IOUCTL" run "$OBJECTS/blocks.bpf.o" in="$in" out="$out" "$@" --json
	cmp "$in" "$out"
}

setup_file() {
	head -c 100001 /dev/urandom >"$BATS_FILE_TMPDIR/in"
}

@test "files, memory that is looked into, registered buffers: a file arrives whole" {
	in=$BATS_FILE_TMPDIR/in out=$BATS_TEST_TMPDIR/out
	sum=$(od -An -v -tu1 "$in" | awk '{ for (i = 1; i <= NF; i++) s += $i } END { print s }')
	blocks bs=7000 via=mem
	[ "$(json '.stats.read, .stats.written, .stats["in-size"], .stats.sum')" = \
		$'100001\n100001\n100001\n'"$sum" ]
	[ "$(json '.params.via, .params.in, .params.block, .params.spare')" = \
		$'mem\n'"$in"$'\n1x7000\n2x7000' ]
	blocks bs=1M via=fixed
	[ "$(json '.stats.written, .stats.sum')" = $'100001\n0' ]
	: >"$BATS_TEST_TMPDIR/empty"
	in=$BATS_TEST_TMPDIR/empty blocks via=mem
	[ "$(json .stats.written)" = 0 ]
}

@test "files may be standard input and output" {
	"$IOUCTL" run "$OBJECTS/blocks.bpf.o" in=- out="$BATS_TEST_TMPDIR/out" <"$BATS_FILE_TMPDIR/in"
	cmp "$BATS_FILE_TMPDIR/in" "$BATS_TEST_TMPDIR/out"
}

@test "what must be named and is not, or cannot be opened" {
	expect 2 "$IOUCTL" run "$OBJECTS/blocks.bpf.o" in=/dev/null
	has "'blocks' needs out=FILE" "$stderr"
	has "what to write" "$stderr"
	expect 2 "$IOUCTL" run "$OBJECTS/blocks.bpf.o" in=/nonexistent out=/dev/null
	has "cannot open '/nonexistent'" "$stderr"
	expect 1 "$IOUCTL" run "$OBJECTS/blocks.bpf.o" in=/ out=/dev/null
	has "a request failed: Is a directory" "$stderr"
	expect 2 "$IOUCTL" run "$OBJECTS/blocks.bpf.o" in=/dev/null out=/dev/null block=600x1M
	has "at most 511 MiB" "$stderr"
	expect 2 "$IOUCTL" run "$OBJECTS/blocks.bpf.o" in=/dev/null out=/dev/null block=0x1M
	has "'block' is empty" "$stderr"
}

@test "what is optional and left out is not opened" {
	fds='.stats["in-fd"], .stats["in-direct"], .stats["out-fd"], .stats["at-fd"], .stats["to-fd"]'
	expect 0 "$IOUCTL" run "$OBJECTS/optional.bpf.o" --json
	[ "$(json "$fds")" = $'0\n0\n0\n0\n0' ]
	[ "$(json '.params | tojson')" = '{"in":null,"out":null,"at":null,"to":null}' ]
	expect 0 "$IOUCTL" run "$OBJECTS/optional.bpf.o" in=/dev/null at="unix:$BATS_TEST_TMPDIR/at" --json
	[ "$(json '.stats["in-fd"] > 3 and .stats["at-fd"] > 3')" = true ]
	[ "$(json '.stats["in-direct"], .stats["out-fd"], .stats["to-fd"]')" = $'0\n0\n0' ]
	[ "$(json '.params.in, .params.out')" = $'/dev/null\nnull' ]
	expect 0 "$IOUCTL" run "$OBJECTS/optional.bpf.o" out="$BATS_TEST_TMPDIR/out" --json
	[ "$(json '.stats["in-fd"] == 0 and .stats["out-fd"] > 3')" = true ]
	[ -e "$BATS_TEST_TMPDIR/out" ]
	expect 0 "$IOUCTL" check "$OBJECTS/optional.bpf.o"
}

@test "an output file is not emptied for a run that cannot begin" {
	echo precious >"$BATS_TEST_TMPDIR/out"
	expect 2 "$IOUCTL" run "$OBJECTS/blocks.bpf.o" in=/nonexistent out="$BATS_TEST_TMPDIR/out"
	expect 2 "$IOUCTL" run "$OBJECTS/blocks.bpf.o" in=/dev/null out="$BATS_TEST_TMPDIR/out" block=600x1M
	chmod 666 "$BATS_TEST_TMPDIR/out"
	chmod 755 "$BATS_TEST_TMPDIR" "$BATS_RUN_TMPDIR" "$BATS_FILE_TMPDIR"
	# Where a plain user finds it, too.
	cp "$OBJECTS/blocks.bpf.o" "$BATS_TEST_TMPDIR"
	expect 4 as_nobody "$IOUCTL" run "$BATS_TEST_TMPDIR/blocks.bpf.o" in=/dev/null \
		out="$BATS_TEST_TMPDIR/out"
	expect 2 "$IOUCTL" run "$OBJECTS/blocks.bpf.o" in="$BATS_TEST_TMPDIR/out" out="$BATS_TEST_TMPDIR/out"
	has "would be written over" "$stderr"
	[ "$(cat "$BATS_TEST_TMPDIR/out")" = precious ]
	chmod 777 "$BATS_TEST_TMPDIR"
	expect 4 as_nobody "$IOUCTL" run "$BATS_TEST_TMPDIR/blocks.bpf.o" in=/dev/null \
		out="$BATS_TEST_TMPDIR/new"
	[ ! -e "$BATS_TEST_TMPDIR/new" ]
	expect 0 "$IOUCTL" run "$OBJECTS/blocks.bpf.o" in=/dev/null out="$BATS_TEST_TMPDIR/out"
	[ ! -s "$BATS_TEST_TMPDIR/out" ]
}

@test "fields that lie in each other harm nobody but the loop" {
	run "$IOUCTL" run "$OBJECTS/overlap.bpf.o" --timeout 5s
	[ "$status" -le 5 ]
}

@test "a parameter that the loop changes to what it cannot be is not shown" {
	expect 0 "$IOUCTL" run "$OBJECTS/restless.bpf.o" word=two --json
	[ "$(json .params.word)" = null ]
}

@test "memory beyond what may be locked: the limit and CAP_IPC_LOCK are named" {
	# Where a plain user finds it, too.
	cp "$OBJECTS/blocks.bpf.o" "$BATS_TEST_TMPDIR"
	: >"$BATS_TEST_TMPDIR/out"
	chmod 666 "$BATS_TEST_TMPDIR/out"
	chmod 755 "$BATS_TEST_TMPDIR" "$BATS_RUN_TMPDIR" "$BATS_FILE_TMPDIR"
	expect 1 prlimit --memlock=1048576 setpriv --reuid 65534 --clear-groups \
		--inh-caps +bpf,+perfmon --ambient-caps +bpf,+perfmon \
		"$IOUCTL" run "$BATS_TEST_TMPDIR/blocks.bpf.o" in=/dev/null \
		out="$BATS_TEST_TMPDIR/out" block=64x1M
	has "cannot register 64 MiB of memory that loops can look into: Cannot allocate memory" "$stderr"
	has "without CAP_IPC_LOCK a user may lock 1 MiB" "$stderr"
}

# Send 40 lines to a loop that shouts, and compare.
shout() {
	local line="hello, world of rings"
	yes "$line" | head -40 >"$BATS_TEST_TMPDIR/sent"
	perl -MIO::Socket::UNIX -e '
		my $s = IO::Socket::UNIX->new(Peer => $ARGV[0]) or die "connect: $!";
		print $s $_ while <STDIN>;
		$s->flush;
		shutdown $s, 1;
		print while <$s>;
	' "$1" <"$BATS_TEST_TMPDIR/sent" >"$BATS_TEST_TMPDIR/got"
	cmp "$BATS_TEST_TMPDIR/got" <(yes "${line^^}" | head -40)
}

@test "a listening socket, a slot for its connection, provided buffers that are given back" {
	# More slots than there may be files: that is raised.
	start bash -c 'ulimit -Sn 32 && exec "$@"' - \
		"$IOUCTL" run "$OBJECTS/answer.bpf.o" at="unix:$BATS_TEST_TMPDIR/socket" conns=100 --json
	attached
	shout "$BATS_TEST_TMPDIR/socket"
	finish 0
	[ ! -e "$BATS_TEST_TMPDIR/socket" ]
	[ "$(json '.run.stop.reason, .stats.bytes')" = $'done\n880' ]
	[ "$(json '.stats.receives >= 14')" = true ]
	[ "$(json '.params.unused, .params.conns, .params.bufs')" = $'5\n100\n3x64' ]
}

@test "more slots than a user may have" {
	expect 1 bash -c 'ulimit -n 64 && exec "$@"' - "$IOUCTL" run "$OBJECTS/answer.bpf.o" conns=100
	has "cannot register a table of 105 direct descriptors: Too many open files" "$stderr"
	has "may have 64 files open (RLIMIT_NOFILE)" "$stderr"
}

@test "TCP sockets do not hold small messages back" {
	start "$IOUCTL" run "$OBJECTS/answer.bpf.o" at=tcp:127.0.0.1:0
	attached
	# Its descriptors, taken by pidfd_getfd(2): which of them is TCP, and has TCP_NODELAY.
	perl -MSocket=:all -e '
		my $pidfd = syscall(434, $ARGV[0] + 0, 0);
		for my $path (glob "/proc/$ARGV[0]/fd/*") {
			my $fd = syscall(438, $pidfd, ($path =~ s{.*/}{}r) + 0, 0);
			open(my $copy, "+<&=", $fd) or next;
			print unpack("i", getsockopt($copy, IPPROTO_TCP, TCP_NODELAY)) if -S $copy;
		}
	' "$pid" >"$BATS_TEST_TMPDIR/nodelay"
	# It waits for a client for ever.
	kill -KILL $pid
	finish 137
	[ "$(cat "$BATS_TEST_TMPDIR/nodelay")" = 1 ]
}

@test "a socket that is in use, a host that does not exist" {
	: >"$BATS_TEST_TMPDIR/socket"
	expect 1 "$IOUCTL" run "$OBJECTS/answer.bpf.o" at="unix:$BATS_TEST_TMPDIR/socket"
	has "cannot listen at" "$stderr"
	has "Address already in use; there is something at this path already" "$stderr"
	start "$IOUCTL" run "$OBJECTS/answer.bpf.o" at="unix:$BATS_TEST_TMPDIR/live"
	attached
	expect 1 "$IOUCTL" run "$OBJECTS/answer.bpf.o" at="unix:$BATS_TEST_TMPDIR/live"
	shout "$BATS_TEST_TMPDIR/live"
	finish 0
	expect 2 "$IOUCTL" run "$OBJECTS/answer.bpf.o" at=127.0.0.1.5:80
	has "there is no '127.0.0.1.5:80'" "$stderr"
}

@test "timers without CQEs, a histogram of them, and a text" {
	expect 0 "$IOUCTL" run "$OBJECTS/ticker.bpf.o" nr=4 every=20ms --json
	[ "$(json '.stats.ticks, .stats.slept.count')" = $'4\n4' ]
	[ "$(json '.stats.slept | .min >= 20000000 and .max < 2000000000 and .p50 >= .min and .p99 <= .max')" = true ]
	[ "$(json '[.stats.slept.buckets[].count] | add')" = 4 ]
	[ "$(json '.stats.slept as $h | [$h.buckets[] | select(.from <= $h.max and .to >= $h.max)] | length')" = 1 ]
	[ "$(json '.run.ring.in_flight, .run.ring.cq_tail')" = $'0\n0' ]
	[ "$(json .stats.word)" = 'a\x1bbc' ]
	expect 0 "$IOUCTL" run "$OBJECTS/ticker.bpf.o" nr=2 every=20ms
	has "2; min 2" "$(grep '^slept' <<<"$output")"
	[ "$(grep '^word' <<<"$output")" = 'word    a\x1bbc' ]
}

