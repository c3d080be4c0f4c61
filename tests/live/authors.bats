#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# bats file_tags=any-kernel
# What an author of loops does, from 'new' to a run; and the loop of docs/loops.md.

load helper

# What 'new' writes, and the example of docs/loops.md.
hello=$OBJECTS/authors/hello.bpf.o
filecopy=$OBJECTS/authors/filecopy.bpf.o

setup() {
	quiet
	mkdir -p "$BATS_TEST_TMPDIR/work"
	cd "$BATS_TEST_TMPDIR/work" || return
}

# copy ARGUMENT...: run it.
copy() {
	"$IOUCTL" run "$filecopy" "$@"
}

@test "new, build, run: as they are printed" {
	expect 0 "$IOUCTL" new hello
	mkdir bin
	ln -s "$IOUCTL" bin/iouctl
	mapfile -t commands < <(sed -n 's/^next  //p; s/^      //p' <<<"$output")
	[ "${#commands[@]}" -eq 2 ]
	[[ "${commands[1]}" != *"vm --"* ]]
	expect 0 env PATH="$PWD/bin:$PATH" sh -c "${commands[0]}"
	[ "$(sed -n 's/^next  //p' <<<"$output")" = "iouctl run ./hello.bpf.o" ]
	expect 0 env PATH="$PWD/bin:$PATH" sh -c "${commands[1]}"
	[[ "$output" =~ completed\ +5\ requests ]]
	[[ "$output" =~ stop\ +done ]]
}

@test "hello: counts are exact, whatever the depth and the ring" {
	for ring in "" "--entries 1 --cq-entries 1" "--ring-flag -sq-rewind" \
		"--ring-flag -sq-rewind --ring-flag -no-sqarray --entries 2"; do
		for args in "count=10007 depth=64" ${LONG:+"count=7 depth=4"}; do
			# shellcheck disable=SC2086
			expect 0 "$IOUCTL" run "$hello" $args $ring --json
			[ "$(json '.stats.completed == .params.count, .run.stop.reason, .run.ring.in_flight')" = \
				$'true\ndone\n0' ]
		done
	done
	expect 0 "$IOUCTL" run "$hello" count=7 depth=4 --json
	[ "$(json '.stats.completed, .run.ring.in_flight')" = $'7\n0' ]
	expect 0 "$IOUCTL" run "$hello" count=6400 depth=64 --json
	[ "$(json .run.steps)" = 101 ]
}

@test "hello: finishes when it is asked to" {
	expect 124 "$IOUCTL" run "$hello" count=1000000000 --timeout 200ms --json
	[ "$(json '.run.stop.reason, .run.ring.in_flight')" = $'timed-out\n0' ]
	[ "$(json '.stats.completed > 0 and .stats.completed == .run.ring.cq_tail')" = true ]
	[ "$(json '.run.elapsed_ns < 1100000000')" = true ]
}

@test "filecopy: files of any size come out the same" {
	for case in 0:64K 65537:64K 1000003:1M 20000:333 \
		${LONG:+1:64K 65535:64K 65536:64K 1000003:64K 4097:4K}; do
		size=${case%:*}
		head -c "$size" /dev/urandom >in
		echo "something longer than the smallest of the files that are written" >out
		expect 0 copy in=in out=out "bs=${case#*:}" --json
		cmp in out
		[ "$(json '.stats["bytes-read"], .stats["bytes-written"], .run.stop.reason, .run.ring.in_flight')" = \
			"$size"$'\n'"$size"$'\ndone\n0' ]
	done
	# Without SQ_REWIND too, and through a larger ring.
	expect 0 copy in=in out=out --ring-flag -sq-rewind --entries 8 --json
	cmp in out
}

@test "filecopy: short reads, from a pipe" {
	head -c 300001 /dev/urandom >in
	expect 0 bash -c 'for i in 0 1 2 3; do tail -c +$((i * 100000 + 1)) in | head -c 100000; sleep 0.1; done |
		"$0" run "$1" in=- out=out bs=64K --json' "$IOUCTL" "$filecopy"
	cmp in out
	[ "$(json '.stats["bytes-written"]')" = 300001 ]
	# More reads than blocks: some were short.
	[ "$(json '.run.ring.cq_tail > 2 * 5 + 1')" = true ]
}

@test "filecopy: short writes, into a pipe that holds less than a block" {
	head -c 300001 /dev/urandom >in
	mkfifo pipe
	cat pipe >got 3>&- &
	expect 0 copy in=in out=pipe bs=1M --json
	wait
	cmp in got
	[ "$(json '.stats["bytes-written"]')" = 300001 ]
	# The read and the end are two of them.
	[ "$(json '.run.ring.cq_tail > 3')" = true ]
}

@test "filecopy: what fails is said, and how far it came" {
	head -c 100000 /dev/urandom >in
	expect 1 copy in=in out=/dev/full --json
	[ "$(json '.run.stop.reason, .run.stop.errno, .run.stop.text')" = $'failed\nENOSPC\ncannot write' ]
	[ "$(json '.stats["bytes-read"], .stats["bytes-written"]')" = $'65536\n0' ]
	expect 1 copy in=/ out=out --json
	[ "$(json '.run.stop.errno, .run.stop.text')" = $'EISDIR\ncannot read' ]
	expect 2 copy in=in
	has "needs out=FILE" "$stderr"
	# A disk that is full in the middle: the write before comes out short, and is counted.
	mkdir small
	mount -t tmpfs -o size=40k none small
	run --separate-stderr copy in=in out=small/out --json
	written=$(stat -c %s small/out)
	umount small
	[ "$status" -eq 1 ]
	[ "$(json '.run.stop.errno, .run.stop.text')" = $'ENOSPC\ncannot write' ]
	[ "$written" -eq 40960 ]
	[ "$(json '.stats["bytes-written"]')" = 40960 ]
}

@test "filecopy: stops in the middle, with what was read written" {
	mkfifo pipe
	exec 8<>pipe
	printf 'some of it' >&8
	start "$IOUCTL" run "$filecopy" in=pipe out=out --json
	attached
	for _ in $(seq 100); do
		[ ! -s out ] || break
		sleep 0.05
	done
	kill -TERM "$pid"
	finish 143
	exec 8>&-
	[ "$(cat out)" = "some of it" ]
	[ "$(json '.run.stop.reason, .run.stop.signal')" = $'interrupted\nSIGTERM' ]
	[ "$(json '.stats["bytes-read"], .stats["bytes-written"], .run.ring.in_flight')" = $'10\n10\n1' ]
}
