#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Objects that were written without iouctl's header.

load helper

# copy BLOCK_SIZE [OPTION...]: $in to $out by the copier that others could have written.
copy() {
	local size=$1
	shift
	"$IOUCTL" run "$OBJECTS/otherscopy.bpf.o" --entries 8 --cq-entries 8 --timeout 60s --json \
		--set "from_fd=@open:$in" --set "to_fd=@open:$out:w:create" \
		--set "block_uptr=@buf:$size" --set "block_size=$size" "$@"
}

# modes_of PID FILE: its mode, for each time that the process has it open, close-on-exec.
modes_of() {
	local fd flags
	for fd in $(find "/proc/$1/fd" -lname "$2"); do
		flags=$(sed -n 's/^flags:[[:space:]]*//p' "/proc/$1/fdinfo/${fd##*/}")
		case $((flags & 02040003)) in
		$((02000001))) echo written ;;
		$((02040002))) echo direct ;;
		*) echo "$flags" ;;
		esac
	done
}

# results SLOT: what is in it, of the map that is there while its loop is.
results() {
	bpftool map lookup name results key hex "$1" 0 0 0 --json | jq .formatted.value
}

@test "NOPs one after another: constants filled by name, results in a map" {
	start "$IOUCTL" run "$OBJECTS/othersnops.bpf.o" --entries 8 --cq-entries 8 \
		--ring-flag -sq-rewind --set nops_left=11 --set linger=yes --json
	attached
	for _ in $(seq 100); do
		[ "$(results 0)" = 0 ] || break
		sleep 0.05
	done
	[ "$(results 0)" = 1 ]
	[ "$(results 1)" = 11 ]
	[ "$(results 2)" = 11 ]
	kill -TERM "$pid"
	finish 143
	[ "$(json '.run.ring.sq_head, .run.ring.sq_tail, .run.ring.cq_head, .run.ring.cq_tail')" = $'11\n11\n11\n11' ]
}

@test "NOPs: a loop that stops by itself is done" {
	for count in 1 8 1000; do
		expect 0 "$IOUCTL" run "$OBJECTS/othersnops.bpf.o" --entries 8 --cq-entries 8 \
			--ring-flag -sq-rewind --set nops_left=$count --json
		[ "$(json '.run.stop.reason, .run.ring.cq_head, .run.ring.sq_tail')" = \
			$'done\n'$count$'\n'$count ]
	done
}

@test "a copy is the same, byte for byte" {
	in=$BATS_TEST_TMPDIR/in out=$BATS_TEST_TMPDIR/out
	for case in "0 4096" "4096 4096" "4097 4096" "300001 100003" \
		${LONG:+"1 64K" "4095 4096" "65536 64K" "65537 5001" "300001 64K" "300001 1M"}; do
		read -r length size <<<"$case"
		head -c "$length" /dev/urandom >"$in"
		rm -f "$out"
		expect 0 copy "$size"
		[ "$(json '.run.stop.reason')" = done ]
		cmp "$in" "$out"
	done
}

@test "files: paths with colons, and modes" {
	cd "$BATS_TEST_TMPDIR"
	echo longer than before >old:w:x
	in=a:b:c:r out=old:w:x
	echo content >a:b:c
	expect 0 copy 4096
	cmp a:b:c old:w:x
	[ ! -e old ]
	# Not truncated without 'create', not made either.
	echo 12345678901234567890 >kept
	expect 0 copy 4096 --set to_fd=@open:kept:w
	[ "$(head -n 1 kept)" = content ]
	[ "$(stat -c %s kept)" = 21 ]
	expect 0 copy 4096 --set to_fd=@open:kept:rw
	umask 022
	expect 0 copy 4096 --set to_fd=@open:made:rw:create
	cmp a:b:c made
	[ "$(stat -c %a made)" = 644 ]
	expect 2 copy 4096 --set to_fd=@open:missing:w
	[ "$(json '.message, .errno')" = $'cannot open \'missing\'\nENOENT' ]
	[ ! -e missing ]
	# A file that is only read cannot be written: the loop's write fails.
	expect 1 copy 4096 --set to_fd=@open:kept
	[ "$(json .run.stop.reason)" = bad-return ]
}

@test "a file lives as long as the session, closed on exec; 'direct' is O_DIRECT" {
	mkfifo "$BATS_TEST_TMPDIR/fifo"
	in=$BATS_TEST_TMPDIR/fifo:rw out=$BATS_TEST_TMPDIR/copy
	start copy 4096 --set "to_fd=@open:$out:rw:create:direct"
	attached
	iouctl_pid=$(pgrep -x iouctl | grep -vx 1)
	# The first --set of to_fd opened it too.
	[ "$(modes_of "$iouctl_pid" "$out" | sort)" = $'direct\nwritten' ]
	kill -TERM "$iouctl_pid"
	finish 143
}

@test "what --set says goes before what is filled by name, and the last one counts" {
	in=$BATS_TEST_TMPDIR/in out=$BATS_TEST_TMPDIR/out
	head -c 70000 /dev/urandom >"$in"
	expect 0 copy 4096 --set cqes_offset=7 --set cqes_offset=@ring.cq_off.cqes \
		--set cq_entries=@ring.cq_entries --set cq_head_offset=@ring.cq_off.head
	cmp "$in" "$out"
	# With the SQ's head and tail for the CQ's it sees no completion.
	expect 124 copy 4096 --timeout 200ms --set cq_head_offset=@ring.sq_off.head \
		--set cq_tail_offset=@ring.sq_off.head
}

@test "all types: an object with every one of them loads and runs" {
	expect 0 "$IOUCTL" run "$OBJECTS/settable.bpf.o" --set u8=255 --set array[3]=5 \
		--set a.b[2].c=7 --set tuned=-1 --set colour=BLUE --set name=text --set flag=yes \
		--set pointer=@buf:1M --set constant=@ring.features --json
	[ "$(json .run.stop.reason)" = done ]
}

@test "a file that may not be opened is a matter of permission" {
	in=$BATS_TEST_TMPDIR/secret out=$BATS_TEST_TMPDIR/out
	echo secret >"$in"
	chmod 600 "$in"
	chmod 755 "$BATS_RUN_TMPDIR" "$BATS_TEST_TMPDIR"
	cp "$OBJECTS/otherscopy.bpf.o" "$BATS_TEST_TMPDIR"
	expect 4 as_nobody "$IOUCTL" run "$BATS_TEST_TMPDIR/otherscopy.bpf.o" --set "from_fd=@open:$in" --json
	[ "$(json '.stage, .errno, .exit')" = $'open\nEACCES\n4' ]
	has "cannot open '$in'" "$(json .message)"
}

@test "killed while it sleeps, a loop in section .struct_ops leaves nothing behind" {
	start "$IOUCTL" run "$OBJECTS/othersnops.bpf.o" --entries 8 --cq-entries 8 \
		--ring-flag -sq-rewind --set nops_left=3 --set linger=yes
	attached
	kill -KILL "$pid"
	finish 137
	gone
}
