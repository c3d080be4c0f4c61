#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# route: all records, whole, in order, where the table says, and no others.

load helper

setup() {
	quiet
	cd "$BATS_TEST_TMPDIR" || return
	printf '1 got.1\n0x7 got.7\n# big\n\n4000000000 got.4000000000\n  5\tgot.7  \n' >table
}

teardown() {
	cd /
	tidy
}

records() {
	"$TOOLS/records" "$@"
}

# route ARGUMENT...: it must succeed.
route() {
	expect 0 "$IOUCTL" run route "$@" --json
	[ "$(json '.run.stop.reason, .run.ring.in_flight, .run.enter_calls')" = $'done\n0\n1' ]
}

# picked [strip]: what is in got.* are all records of these keys of `all`, or their data.
picked() {
	records pick 1 "$@" <all | cmp - got.1
	records pick 4000000000 "$@" <all | cmp - got.4000000000
}

@test "route: records of any size from a file, and keys that share a target" {
	records make 1 200 0 65536 1 5 7 4000000000 >all
	route in=all table=table
	picked
	# Of both keys, as they came.
	cmp <(records pick 5 <all) <(records pick 5 <got.7)
	cmp <(records pick 7 <all) <(records pick 7 <got.7)
	[ "$(cat got.* | wc -c)" = "$(stat -c %s all)" ]
	[ "$(json '.stats.records, .stats["looked-at"] == .stats.written')" = $'200\ntrue' ]
	[ "$(json '[.maps.keys.entries[].value.records] | add')" = 200 ]
	: >all
	route in=all table=table
	[ "$(json .stats.records)" = 0 ]
}

@test "route: blocks that just hold a record, small rings, records that end in any place of a block" {
	for max in 7 ${LONG:+0 1 2 3 100 4096}; do
		records make "$max" 300 0 "$max" 1 7 4000000000 >all
		route in=all table=table max="$max" bs=$((max + 8)) depth=2
		picked
		route in=all table=table max="$max" bs=$((max + 9)) depth=50 --entries 2
		picked
	done
	route in=all table=table max="$max" bs=8K strip
	picked strip
	expect 2 "$IOUCTL" run route in=all table=table max=64K bs=65543
	has "max and 8 bytes" "$stderr"
}

@test "route: from a pipe, records split over reads" {
	records make 3 50 0 1000 1 7 4000000000 >all
	(head -c 5 all; sleep 0.2; tail -c +6 all | head -c 9; sleep 0.2; tail -c +15 all) |
		"$IOUCTL" run route in=- table=table --json >out
	picked
	route in=- table=table max=1000 bs=1008 depth=2 < <(cat all)
	picked
}

@test "route: what is in no table, too long, cut short or malformed is counted" {
	printf '\0\0\0\6\0\0\0\1ab\0\0\0\7\0\0\0\2abc\0\0\0\x0e\0\0\0\1abcdefghij\0\0\0\5\0\0\0\1c' >all
	printf '\0\0\0\6\0\0\0\1a' >>all
	route in=all table=table max=9
	[ "$(json '.stats.records, .stats.unknown, .stats.oversized, .stats.truncated, .stats.malformed')" = \
		$'2\n1\n1\n1\n0' ]
	[ "$(tr '\0' . <got.1 | tr '\1\5\6' 156)" = '...6...1ab...5...1c' ]
	printf '\0\0\0\5\0\0\0\1a\0\0\0\3\0\0\0\1\0\0\0\5\0\0\0\1b' >all
	expect 1 "$IOUCTL" run route in=all table=table --json
	[ "$(json '.run.stop.errno, .stats.records, .stats.malformed')" = $'EBADMSG\n1\n1' ]
	[ "$(tr '\0' . <got.1 | tr '\1\5' 15)" = '...5...1a' ]
	# A key of its own for all others, and an end after so many.
	echo '* got.other' >>table
	printf '\0\0\0\5\0\0\0\1a\0\0\0\5\0\0\0\2b\0\0\0\4\0\0\0\1' >all
	route in=all table=table strip
	[ "$(<got.1)$(<got.other)" = ab ]
	[ "$(json '.stats.records, .stats.unknown')" = $'3\n0' ]
	route in=all table=table strip count=1
	[ "$(<got.1)$(<got.other)" = a ]
}

@test "route: connections that end in their second block, and leave room for others" {
	echo '1 got.1' >table
	start "$IOUCTL" run route listen=unix:s table=table depth=2 bs=64 max=56 count=1 --timeout 60s --json
	until [ -S s ]; do sleep 0.05; done
	for _ in 1 2 3; do
		printf '\0\0\0\x36\0\0\0\2%50s\0\0\0\x36\0\0\0\1%10s' '' '' | socat -u - UNIX-CONNECT:s
	done
	printf '\0\0\0\5\0\0\0\1a' | socat -u - UNIX-CONNECT:s
	finish 0
	[ "$(json '.stats.connections, .stats.unknown, .stats.truncated, .stats.records')" = $'4\n3\n3\n1' ]
}

@test "route: to standard output, which has the records alone" {
	records make 1 20 0 100 1 7 >all
	# As it may come from elsewhere.
	printf '# all\r\n\r\n* -\r\n' >table
	"$IOUCTL" run route in=all table=table --json >got 2>stats
	cmp all got
	grep -q '"records":20' stats
}

@test "route: tables that are none" {
	: >all
	local why
	while IFS='|' read -r line why; do
		printf '%b' "$line" >bad
		expect 2 "$IOUCTL" run route in=all table=bad
		has "$why" "$stderr"
	done <<-'END'
		# nothing\n|'bad' names no target
		1\n|line 1 of 'bad' names no target
		1 a\n\nx b\n|line 3 of 'bad' does not begin with a number
		4294967296 b\n|line 1 of 'bad' does not begin with a number
		1 a\n0x1 b\n|line 2 of 'bad' says again
		* a\n* b\n|line 2 of 'bad' says again
		1 a\n2 ./a\n|would be written over
		1 all\n|would be written over
		1 a\n2 bad\n|would be written over
		1 a\0000b\n|line 1 of 'bad' has a NUL
		1 a\n2 tcp:localhost\n|line 2 of 'bad' names a socket without its port or path
		1 unix:\n|line 1 of 'bad' names a socket without its port or path
	END
	expect 1 "$IOUCTL" run route in=all table=/
	has "cannot read '/': Is a directory" "$stderr"
	expect 2 "$IOUCTL" run route in=all table=none
	printf '%s a\n' {1..257} >bad
	expect 2 "$IOUCTL" run route in=all table=bad
	has "line 257 of 'bad' has one key too many" "$stderr"
	expect 2 "$IOUCTL" run route table=table
	has "one of 'in' and 'listen'" "$stderr"
	for blocks in 31x128K 32x64K; do
		expect 2 "$IOUCTL" run route in=all table=table blocks=$blocks
		has "'blocks' are fewer than depth, or smaller than bs" "$stderr"
	done
}

@test "route: targets that are sockets; one that fails, or goes away" {
	records make 4 100 0 5000 1 2 >all
	socat -u UNIX-LISTEN:s OPEN:got.2,creat 3>&- &
	until [ -S s ]; do sleep 0.05; done
	printf '1 got.1\n2 unix:s\n' >table
	route in=all table=table
	wait $!
	cmp <(records pick 2 <all) got.2
	printf '1 got.1\n2 /dev/full\n' >table
	expect 1 "$IOUCTL" run route in=all table=table --json
	[ "$(json '.run.stop.errno, .stats["failed-key"], .run.ring.in_flight')" = $'ENOSPC\n2\n0' ]
	has "cannot write to a target of 'table': No space left" "$stderr"
	# What the other one got are whole records, as many as were handed on.
	records pick 1 <all | cmp -n "$(stat -c %s got.1)" - got.1
	# More than a pipe or a socket holds.
	records make 5 100 20000 20000 1 >all
	mkfifo broken source
	exec 5<>broken
	printf '2 got.2\n1 broken\n' >table
	start env --default-signal=PIPE "$IOUCTL" run route in=source table=table --json 5>&-
	exec 6>source
	attached
	exec 5>&-
	cat all >&6 || :
	exec 6>&-
	finish 1
	[ "$(json '.run.stop.errno, .stats["failed-key"], .run.ring.in_flight')" = $'EPIPE\n1\n0' ]
	printf '* -\n' >table
	expect 141 bash -c '"$@" run route in=all table=table | head -c 10 >/dev/null; exit ${PIPESTATUS[0]}' \
		- env --default-signal=PIPE "$IOUCTL"
	socat -u UNIX-LISTEN:s SYSTEM:'head -c 100 >/dev/null' 3>&- &
	until [ -S s ]; do sleep 0.05; done
	printf '* unix:s\n' >table
	expect 1 "$IOUCTL" run route in=all table=table --json
	[[ "$(json '.run.stop.errno, .stats["failed-key"]')" =~ ^(EPIPE|ECONNRESET)$'\n''*'$ ]]
}

@test "route: many connections at once, more than there is room for" {
	local i sent=0
	for i in $(seq ${LONG:+2}4); do
		records make "$i" 60 8 3000 1 5 7 4000000000 >"all.$i"
		sent=$((sent + 60))
	done
	start "$IOUCTL" run route listen=unix:s table=table depth=4 max=3000 bs=4K count="$sent" --json
	until [ -S s ]; do sleep 0.05; done
	for i in $(seq ${LONG:+2}4); do
		socat -u "OPEN:all.$i" UNIX-CONNECT:s 3>&- &
	done
	finish 0
	[ "$(json '.stats.records, .stats.connections, .stats.broken')" = "$sent"$'\n'"${LONG:+2}4"$'\n0' ]
	[ "$(json '.run.stop.reason, .run.ring.in_flight')" = $'done\n0' ]
	[ "$(cat got.* | wc -c)" = "$(cat all.* | wc -c)" ]
	records check 1 <got.1
	records check 4000000000 <got.4000000000
}

@test "route: a connection that ends in a record, one that sends nonsense, and ^C" {
	start "$IOUCTL" run route listen=127.0.0.1:7778 table=table --json
	attached
	printf '\0\0\0\5\0\0\0\1a\0\0\0\5\0\0' | socat -u - TCP:127.0.0.1:7778
	printf '\0\0\0\5\0\0\0\1b\0\0\0\2\0\0\0\5' | socat -u - TCP:127.0.0.1:7778
	printf '\0\0\0\5\0\0\0\1c' | socat -u - TCP:127.0.0.1:7778
	socat -u PIPE:idle TCP:127.0.0.1:7778 3>&- &
	for _ in $(seq 100); do
		[ "$(stat -c %s got.1)" -lt 27 ] || break
		sleep 0.05
	done
	kill -TERM $pid
	finish 143
	[ "$(tr '\0' . <got.1 | tr '\1\5' 15)" = '...5...1a...5...1b...5...1c' ]
	[ "$(json '.run.stop.reason, .run.ring.in_flight')" = $'interrupted\n0' ]
	[ "$(json '.stats.records, .stats.truncated, .stats.malformed')" = $'3\n1\n1' ]
}
