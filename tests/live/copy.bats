#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# copy: to the last byte, from and to what has no offsets, and when it fails.

load helper

setup() {
	quiet
	cd "$BATS_TEST_TMPDIR" || return
}

# copy ARGUMENT...: it must succeed.
copy() {
	expect 0 "$IOUCTL" run copy "$@" --json
	[ "$(json '.run.stop.reason, .run.ring.in_flight, .run.enter_calls')" = $'done\n0\n1' ]
}

# sizes BS: of files around a block.
sizes() {
	echo ${LONG:+1 $(($1 - 1))} 0 "$1" $(($1 + 1)) $((10 * $1 + 7))
}

teardown() {
	leave_disk
	tidy
}

# What each way of it must do.
ways=(splice=0 splice=1)

# all_sizes ARGUMENT...
all_sizes() {
	local size
	for size in $(sizes 4096); do
		head -c "$size" /dev/urandom >a
		echo "what was there before, and is longer than some" >b
		copy in=a out=b bs=4096 "$@"
		cmp a b
		[ "$(json .stats.copied)" = "$size" ]
	done
}

@test "copy: files of any size, on tmpfs" {
	for way in "${ways[@]}"; do
		all_sizes depth=3 $way
	done
	# Nothing is made of what the other way needs.
	[ "$(json '.params.blocks, .params.pipes')" = $'0x12288\n2x12288' ]
	copy in=a out=b depth=3
	[ "$(json '.params.blocks, .params.pipes')" = $'1x393216\n0x393216' ]
}

@test "copy: files of any size, past the page cache" {
	local read written
	disk
	cd disk
	all_sizes depth=4 direct fsync
	# The last one: what it read was in the page cache, and what it wrote would be only there.
	cd ..
	sync -f disk
	read=$(sectors 2) written=$(sectors 6)
	copy in=disk/a out=disk/c bs=4096 direct
	[ $(($(sectors 2) - read)) -ge 80 ]
	[ $(($(sectors 6) - written)) -ge 80 ]
	cmp disk/a disk/c
}

# opcodes ARGUMENT...: those of the requests of a copy from disk/a to disk/c, in the file of that name.
opcodes() {
	copy in=disk/a out=disk/c "$@" --trace-file "$BATS_TEST_TMPDIR/trace"
	sed -n 's/^.* sqe \([A-Z_]*\) .*/\1/p' trace | sort -u >opcodes
}

@test "copy: buffers are registered where that is of use, past the page cache" {
	disk
	head -c 40960 /dev/urandom >disk/a
	opcodes bs=4096 direct
	[ "$(<opcodes)" = $'READ_FIXED\nWRITE_FIXED' ]
	# Nothing of that is locked, nor limited by what may be.
	opcodes bs=4096
	[ "$(<opcodes)" = $'READ\nWRITE' ]
	cmp disk/a disk/c
}

@test "copy: fsync, and ends of files beyond 4 GiB, on ext4" {
	local written
	disk
	head -c 300000 /dev/urandom >piece
	for way in "${ways[@]}"; do
		written=$(sectors 6)
		copy in=piece out=disk/a seek=5000000000 fsync $way
		[ $(($(sectors 6) - written)) -ge $((300000 / 512)) ]
		copy in=disk/a out=disk/b offset=4999999990 seek=4294960000 bs=7000 $way
		[ "$(stat -c %s disk/b)" = $((4294960000 + 300010)) ]
		cmp -i $((4294960000 + 10)):0 disk/b piece
	done
}

@test "copy: at random" {
	disk
	# The same ones each time; it prints the seed.
	rounds=20
	[ -z "${LONG-}" ] || rounds=300
	"$TOOLS/copies" 2026 $rounds "$IOUCTL" "$BATS_TEST_TMPDIR" "$BATS_TEST_TMPDIR/disk"
}

@test "copy: blocks behind each other are written at once, and go on where that was short" {
	disk
	head -c 1000003 /dev/urandom >disk/a
	copy in=disk/a out=disk/b bs=4096 depth=16
	cmp disk/a disk/b
	[ "$(json '.stats.reads == 245 and .stats.writes >= 31 and .stats.writes < 100')" = true ]
	# As large as they were asked to be, where that is what the disk gets.
	copy in=disk/a out=disk/b bs=4096 depth=16 direct
	cmp disk/a disk/b
	[ "$(json .stats.writes)" -ge 245 ]
	# The end of 300 KiB is within eight blocks that go together.
	expect 1 bash -c 'trap "" XFSZ; ulimit -f 300; "$@"' - "$IOUCTL" run copy \
		in=disk/a out=disk/c bs=4096 depth=16 --json
	[ "$(json '.run.stop.errno, .run.ring.in_flight, .stats.copied')" = $'EFBIG\n0\n307200' ]
	[ "$(stat -c %s disk/c)" = 307200 ]
	cmp -n 307200 disk/a disk/c
}

@test "copy: ranges beyond 4 GiB" {
	truncate -s 5G a
	head -c 300000 /dev/urandom >piece
	dd if=piece of=a bs=1M seek=4294967290 oflag=seek_bytes conv=notrunc status=none
	copy in=a out=b offset=4294967280 length=300020 bs=7000
	[ "$(stat -c %s b)" = 300020 ]
	cmp <(tail -c +11 b | head -c 300000) piece
	copy in=a out=b offset=4294967280 length=300020 bs=7000 splice
	[ "$(stat -c %s b)" = 300020 ]
	cmp <(tail -c +11 b | head -c 300000) piece
	copy in=piece out=c seek=5000000000
	[ "$(stat -c %s c)" = 5000300000 ]
	cmp <(tail -c 300000 c) piece
}

@test "copy: a ring that is smaller than the depth, and one without SQ_REWIND" {
	head -c 1000003 /dev/urandom >a
	copy in=a out=b bs=999 depth=100 --entries 2 --cq-entries 4
	cmp a b
	[ "$(json '.stats["in-flight-max"] > 2')" = true ]
	# Links that would be torn where a submission ends.
	copy in=a out=b bs=999 depth=100 splice pipes=7x4K --entries 4 --cq-entries 4
	cmp a b
	[ "$(json '.stats["in-flight-max"] > 4')" = true ]
	expect 2 "$IOUCTL" run copy in=a out=b splice --entries 1
	has "a ring with two entries" "$stderr"
	for way in "${ways[@]}"; do
		copy in=a out=b bs=10000 depth=16 --ring-flag -sq-rewind --ring-flag -no-sqarray $way
		cmp a b
	done
}

@test "copy: pipes and standard input and output are read and written in order" {
	head -c 1000003 /dev/urandom >a
	mkfifo pipe
	for way in "${ways[@]}"; do
		copy in=- out=b bs=10000 $way < <(cat a)
		cmp a b
		(head -c 5 a; sleep 0.2; tail -c +6 a) |
			"$IOUCTL" run copy in=- out=- bs=64K $way 2>stats | cmp - a
		grep -q "^copied *1,000,003 bytes" stats
		"$IOUCTL" run copy in=a out=pipe bs=30000 depth=8 -q $way >stats &
		cmp a pipe
		wait $!
	done
}

@test "copy: a file that others grow or cut meanwhile comes out as a beginning of it" {
	head -c 3000000 /dev/urandom >all
	for way in "${ways[@]}"; do
		head -c 1000000 all >a
		"$IOUCTL" run copy in=a out=b bs=512 depth=64 -q $way >stats &
		tail -c +1000001 all | head -c 2000000 >>a
		wait $!
		cmp -n "$(stat -c %s b)" all b
		# What is in a pipe is the page itself, of which the rest becomes zeroes when it is cut
		# there: so here it is not within one.
		"$IOUCTL" run copy in=a out=b bs=512 depth=64 -q $way >stats &
		truncate -s 503808 a
		wait $!
		cmp -n "$(stat -c %s b)" all b
	done
	# Which is not cut afterwards.
	for _ in ${LONG:+1 2 3 4 5 6 7 8}; do
		cp all a
		"$IOUCTL" run copy in=a out=- bs=512 depth=64 2>stats | cat >b &
		sleep "0.$((RANDOM % 10))"
		truncate -s 500000 a
		wait $!
		[ "$(stat -c %s b)" -ge 500000 ]
		cmp -n "$(stat -c %s b)" all b
	done
}

@test "copy: with splice, what a pipe did not take, or did not get rid of, goes on" {
	disk
	# What gives a page at a time, whatever is asked for: no link holds, and rests are read.
	head -c 1000003 /dev/urandom >disk/a
	copy in=/sys/kernel/btf/vmlinux out=b length=300001 bs=32768 depth=4 splice
	cmp <(head -c 300001 /sys/kernel/btf/vmlinux) b
	[ "$(json '.stats.reads >= 74 and .stats.continued >= 60')" = true ]
	expect 1 "$IOUCTL" run copy in=/proc/kallsyms out=c splice
	has "'in' cannot be spliced: leave out splice" "$stderr"
	# A pipe that takes less than there is in ours.
	mkfifo pipe
	"$IOUCTL" run copy in=disk/a out=pipe bs=300000 depth=4 splice -q --json >stats &
	perl -e 'open F, "<", "pipe"; while (sysread F, $_, 5000) { print }' >c
	wait $!
	cmp disk/a c
	# Two halves of 32 KiB in flight, in the second of which are the last bytes that may be written.
	expect 1 bash -c 'trap "" XFSZ; ulimit -f 300; "$@"' - "$IOUCTL" run copy \
		in=disk/a out=disk/c bs=4096 depth=16 splice --json
	[ "$(json '.run.stop.errno, .run.ring.in_flight, .stats.copied')" = $'EFBIG\n0\n307200' ]
	cmp -n 307200 disk/a disk/c
	copy in=disk/a out=disk/b offset=5 bs=65536 depth=2 pipes=2x4K splice
	cmp -i 5:0 disk/a disk/b
	copy in=disk/a out=disk/b bs=4096 depth=16 splice
	cmp disk/a disk/b
	[ "$(json '.stats.reads == 31 and .stats.writes == 31 and .stats.continued == 0')" = true ]
}

@test "copy: errors say what failed, and how far it came" {
	head -c 1000003 /dev/urandom >a
	expect 1 "$IOUCTL" run copy in=a out=/dev/full --json
	[ "$(json '.run.stop.errno, .run.ring.in_flight, .stats.copied')" = $'ENOSPC\n0\n0' ]
	has "cannot write to 'out': No space left on device" "$stderr"
	expect 1 "$IOUCTL" run copy in=/ out=b
	has "cannot read from 'in': Is a directory" "$stderr"
	# As the signal does, which a shell may have it ignore.
	expect 141 bash -c '"$0" run copy in=a out=- bs=1000 | head -c 10 >/dev/null; exit ${PIPESTATUS[0]}' "$IOUCTL"
	for way in "${ways[@]}"; do
		expect 1 bash -c 'trap "" PIPE; "$0" run copy in=a out=- bs=1000 $1 2>err | head -c 10 >/dev/null; exit ${PIPESTATUS[0]}' "$IOUCTL" $way
		grep -q "cannot write to 'out': Broken pipe" err
	done
	mkfifo broken
	head -c 10 broken >/dev/null 3>&- &
	expect 1 env --default-signal=PIPE "$IOUCTL" run copy in=a out=broken bs=1000 --json
	[ "$(json '.run.stop.errno, .run.ring.in_flight')" = $'EPIPE\n0' ]
	expect 2 "$IOUCTL" run copy in=a out=a
	[ "$(stat -c %s a)" = 1000003 ]
	expect 2 "$IOUCTL" run copy in=a out=b offset=1 direct
	has "multiples of 4096" "$stderr"
	expect 2 "$IOUCTL" run copy in=a out=b direct splice
	has "cannot be spliced" "$stderr"
	expect 2 "$IOUCTL" run copy in=a out=b splice pipes=257x4K
	has "'pipes' is too large: at most 256 pipes" "$stderr"
	expect 1 "$IOUCTL" run copy in=a out=/dev/full splice --json
	[ "$(json '.run.stop.errno, .run.ring.in_flight, .stats.copied')" = $'EINVAL\n0\n0' ]
	has "'out' cannot be spliced to: leave out splice" "$stderr"
	expect 1 bash -c '"$0" run copy in=a out=- splice >>b' "$IOUCTL"
	has "'out' cannot be spliced to: leave out splice" "$stderr"
	expect 1 "$IOUCTL" run copy in=/ out=b splice
	has "'in' cannot be spliced: leave out splice" "$stderr"
	expect 2 "$IOUCTL" run copy in=- out=b direct <a
	has "which O_DIRECT needs" "$stderr"
	expect 2 bash -c 'cat a | "$0" run copy in=- out=b offset=5' "$IOUCTL"
	has "offset is not possible" "$stderr"
}

@test "copy: what may not be opened, read or written, and memory that is too little" {
	local blocks
	echo secret >a
	echo kept >b
	echo more >c
	chmod 0 a
	weak=(setpriv --bounding-set -dac_override,-dac_read_search)
	expect 4 "${weak[@]}" "$IOUCTL" run copy in=a out=b --json
	[ "$(json '.stage, .errno, .exit')" = $'open\nEACCES\n4' ]
	chmod 600 a
	chmod 0 b
	expect 4 "${weak[@]}" "$IOUCTL" run copy in=a out=b
	has "cannot open 'b' for writing: Permission denied" "$stderr"
	[ "$(<b)" = kept ]
	expect 1 "$IOUCTL" run copy in=- out=b 0>d
	has "cannot read from 'in': Bad file descriptor" "$stderr"
	expect 1 bash -c '"$0" run copy in=c out=- 1<a' "$IOUCTL"
	has "cannot write to 'out': Bad file descriptor" "$stderr"
	for blocks in 8x64K 7x128K; do
		expect 2 "$IOUCTL" run copy in=a out=b blocks=$blocks
		has "'blocks' are fewer than depth, or smaller than bs" "$stderr"
	done
	for blocks in 1x18446744073709551615 1x1025M 20000x1M; do
		expect 2 "$IOUCTL" run copy in=a out=b blocks=$blocks
		has "'blocks' is too large: at most " "$stderr"
	done
}

@test "copy: a disk that becomes full" {
	disk
	truncate -s 100M a
	fallocate -l $(($(stat -f -c %f disk) * 4096 - 4000000)) disk/filler
	for way in "${ways[@]}"; do
		expect 1 "$IOUCTL" run copy in=a out=disk/b $way --json
		[ "$(json '.run.stop.errno, .run.ring.in_flight')" = $'ENOSPC\n0' ]
		[ "$(json '.stats.copied > 1000000 and .stats.copied <= 4010000')" = true ]
		has "cannot write to 'out': No space left on device" "$stderr"
	done
}

@test "copy: what cannot be read in its middle comes out up to there" {
	# Blocks behind it are read before that is known.
	for _ in 1 ${LONG:+2 3 4 5 6 7 8}; do
		expect 1 "$TOOLS/gap" "$IOUCTL" run copy out=- bs=4096 depth=4
		[ "${#output}" = 8192 ]
		[[ "$output" =~ ^a{4096}b{4096}$ ]]
		has "cannot read from 'in': Input/output error" "$stderr"
	done
}

@test "copy: standard input and output that were set not to wait" {
	head -c 300001 /dev/urandom >a
	cat >nonblock.pl <<-'END'
		use Fcntl;
		fcntl($_, F_SETFL, fcntl($_, F_GETFL, 0) | O_NONBLOCK) or die for *STDIN, *STDOUT;
		exec @ARGV;
	END
	for way in "${ways[@]}"; do
		perl nonblock.pl "$IOUCTL" run copy in=- out=- bs=10000 --timeout 60s $way <a >b 2>stats
		cmp a b
		(head -c 1000 a; sleep 0.5; tail -c +1001 a) |
			perl nonblock.pl "$IOUCTL" run copy in=- out=- --timeout 60s $way 2>stats |
			(sleep 0.5; cmp - a)
	done
}

@test "copy: a disk to itself, by any name, is refused" {
	local number
	disk
	number=$(mountpoint -d disk)
	mknod /dev/iouctl-test-disk b "${number%:*}" "${number#*:}"
	# It would not come to anything if it were not refused.
	expect 2 "$IOUCTL" run copy in="$(findmnt -no SOURCE disk)" out=/dev/iouctl-test-disk length=0
	rm /dev/iouctl-test-disk
	has "would be written over" "$stderr"
}

@test "copy: ^C ends a read that nobody answers, and what was read is written" {
	mkfifo pipe
	for way in "${ways[@]}"; do
		rm -f b
		start "$IOUCTL" run copy in=pipe out=b $way --json
		exec 5>pipe
		echo hello >&5
		for _ in $(seq 100); do
			[ ! -s b ] || break
			sleep 0.05
		done
		kill -TERM $pid
		finish 143
		exec 5>&-
		[ "$(cat b)" = hello ]
		[ "$(json .run.ring.in_flight)" = 0 ]
	done
}
