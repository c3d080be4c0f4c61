#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# digest: what well-known tools say of the same data.

load helper

setup() {
	quiet
	cd "$BATS_TEST_TMPDIR" || return
}

teardown() {
	cd /
	tidy
}

# reference FILE: crc32, crc32c and xxh64, by rhash and xxhsum.
reference() {
	rhash --printf '%{crc32} %{crc32c} ' "$1"
	xxhsum -H1 "$1" | cut -d ' ' -f 1
}

# digests ARGUMENT...: the same, by the loop; sets $found.
digests() {
	local algorithm checksum rest
	found=
	for algorithm in crc32 crc32c xxh64; do
		expect 0 "$IOUCTL" run digest algorithm=$algorithm "$@" --json
		json '.stats.checksum, .run.stop.reason, .run.ring.in_flight, .run.enter_calls' >values
		read -rd '' checksum rest <values || :
		[ "$rest" = $'done\n0\n1' ]
		found+=${found:+ }$checksum
	done
}

# same FILE ARGUMENT...
same() {
	local expected
	expected=$(reference "$1")
	digests "in=$1" "${@:2}"
	[ "$found" = "$expected" ] || {
		echo "$*: $found, not $expected"
		return 1
	}
}

@test "digest: what rhash and xxhsum say, of files of any size" {
	local sizes="0 1 4097 40967 ${LONG:+3 4 7 8 31 32 33 63 64 65 95 96 97 4095 4096 100003}"
	for size in $sizes; do
		head -c "$size" /dev/urandom >a
		same a bs=4096 depth=3
		[ "$(json .stats.hashed)" = "$size" ]
	done
}

@test "digest: blocks that are no multiple of what is hashed at a time, and a small ring" {
	head -c 100003 /dev/urandom >a
	same a bs=1001 depth=64 --entries 2 --cq-entries 4
	[ "$(json '.stats["in-flight-max"] > 2')" = true ]
	head -c 777 a >b
	same b bs=1 depth=5
}

@test "digest: pipes and standard input" {
	head -c 300007 /dev/urandom >a
	expected=$(reference a)
	for algorithm in crc32 xxh64; do
		expect 0 "$IOUCTL" run digest in=- algorithm=$algorithm bs=10000 --json < <(cat a)
		has "$(json .stats.checksum)" "$expected"
		[ "$(json .stats.hashed)" = 300007 ]
	done
}

@test "digest: a range beyond 4 GiB" {
	truncate -s 5G a
	head -c 300000 /dev/urandom >piece
	dd if=piece of=a bs=1M seek=4294967290 oflag=seek_bytes conv=notrunc status=none
	digests in=a offset=4294967290 length=300000 bs=7000
	[ "$found" = "$(reference piece)" ]
}

@test "digest: errors say what failed, and there is no checksum then" {
	expect 1 "$IOUCTL" run digest in=/ --json
	[ "$(json '.run.stop.errno, .stats.checksum')" = EISDIR ]
	has "cannot read from 'in': Is a directory" "$stderr"
	expect 2 bash -c 'cat /dev/null | "$0" run digest in=- offset=5' "$IOUCTL"
	has "offset is not possible" "$stderr"
	for blocks in 7x128K 8x4K; do
		expect 2 "$IOUCTL" run digest in=/dev/zero length=2M blocks=$blocks
		has "'blocks' are fewer than depth, or smaller than bs" "$stderr"
	done
}

@test "digest: ^C ends it within a step, also where nothing comes" {
	mkfifo pipe
	start "$IOUCTL" run digest in=pipe --json
	exec 5>pipe
	echo hello >&5
	attached
	kill -TERM $pid
	finish 143
	exec 5>&-
	[ "$(json '.run.stop.reason, .stats.checksum')" = interrupted ]
	start "$IOUCTL" run digest in=/dev/zero --json
	attached
	kill -TERM $pid
	finish 143
	[ "$(json '.run.stop.reason, .run.ring.in_flight')" = $'interrupted\n0' ]
}
