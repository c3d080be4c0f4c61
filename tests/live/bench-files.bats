#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# bench read and copy: each way of them does all of the work, and is asked for what it did.

load helper

setup() {
	quiet
	cd "$BATS_TEST_TMPDIR" || return
}

# bench ARGUMENT...: one round.
bench() {
	expect 0 "$IOUCTL" bench --rounds 1 --csv "$@"
}

# did REQUESTS NAME...: these are the variants, and each did so many.
did() {
	local requests=$1 line name rest
	shift
	for line in "${lines[@]:1}"; do
		IFS=, read -r _ name _ _ rest <<<"$line"
		[ "$name ${rest%%,*}" = "${1-} $requests" ] || {
			echo "not '${1-}' with $requests: $line"
			return 1
		}
		shift
	done
	[ $# -eq 0 ] || {
		echo "missing: $*"
		return 1
	}
}

in_turn=(loop liburing tuned links-2 links-2-tuned links-32 links-32-tuned batch-32 batch-32-tuned pread)
rings=(liburing tuned links-2 links-2-tuned)
splices=(splice-links splice-links-tuned)
others=(read-write splice copy-file-range)

teardown() {
	leave_disk
	tidy
}

@test "bench read: all variants, one block after the other" {
	bench read count=33 size=20K
	did 64 "${in_turn[@]}"
}

@test "bench read: several blocks at a time, and fewer than the depth" {
	bench read count=100 bs=512 size=5000 depth=7
	did 128 loop liburing tuned pread
	[ -z "${LONG-}" ] || {
		bench read count=32 size=1M depth=100
		did 32 loop liburing tuned pread
	}
}

@test "bench read: past the page cache" {
	local read
	disk
	sync -f disk
	read=$(sectors 2)
	bench read count=32 size=16K direct=1 dir=disk
	did 32 "${in_turn[@]}"
	# A warm-up, too, is a round.
	[ $(($(sectors 2) - read)) -ge $((2 * 10 * 32 * 8)) ]
	[ -z "${LONG-}" ] || {
		bench read count=100 size=1M direct=1 depth=9 dir=disk
		did 128 loop liburing tuned pread
	}
	[ "$(ls disk)" = lost+found ]
}

@test "bench copy: all variants, and each copy is right" {
	bench copy size=100K bs=8K depth=3
	did 13 loop loop-splice "${rings[@]}" "${splices[@]}" "${others[@]}"
	# A pipe for a block that is larger than one may be, or for too many of them.
	bench copy size=2M bs=2M depth=1
	did 1 loop loop-splice "${rings[@]}" "${others[@]}"
	[ -z "${LONG-}" ] || {
		disk
		bench copy size=100K bs=4K depth=50 direct=1 dir=disk
		did 25 loop "${rings[@]}" read-write
		bench copy size=100K bs=4K depth=257 dir=disk
		did 25 loop loop-splice "${rings[@]}" "${others[@]}"
		[ "$(ls disk)" = lost+found ]
	}
}

@test "bench copy: a loop of one's own has the same files, and is found out if it does not copy them" {
	bench copy size=8K bs=4K --loop copy -- fsync=1
	did 2 loop "${rings[@]}" "${splices[@]}" "${others[@]}"
	expect 1 "$IOUCTL" bench --rounds 1 copy size=8K bs=4K --loop copy -- length=4K
	has "what was written is 4096 bytes, not 8192" "$stderr"
	expect 1 "$IOUCTL" bench --rounds 1 copy size=8K bs=4K --loop copy -- offset=4K length=4K seek=4K
	has "what was written is not what it should be" "$stderr"
}

@test "bench read, copy: what is not possible" {
	expect 2 "$IOUCTL" bench read bs=1000 --rounds 1
	has "no multiple of 512" "$stderr"
	expect 2 "$IOUCTL" bench copy bs=512 direct=1 --rounds 1
	has "no multiple of 4096" "$stderr"
	expect 2 "$IOUCTL" bench copy dir=/nowhere --rounds 1
	has "in '/nowhere': No such file or directory" "$stderr"
}
