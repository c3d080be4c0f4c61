#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# bats file_tags=any-kernel
# What a loop has against its command line, it says before anything is done: nothing that is to be
# written is touched.

load helper

setup() {
	quiet
	cd "$BATS_TEST_TMPDIR" || return
	echo hello >a
	echo precious >kept
}

# refused TEXT LOOP ARGUMENT...
refused() {
	local text=$1
	shift
	expect 2 "$IOUCTL" run "$@"
	[ "$stderr" = "iouctl: '$1' refuses: $text" ]
	[ -z "$output" ]
	[ "$(<kept)" = precious ]
}

@test "refused: what is there stays as it is, what was made for the run goes" {
	printf '1 kept\n2 new\n' >table
	mkfifo pipe
	exec 5<>pipe
	refused "'in' has no offsets: offset is not possible: Illegal seek" copy in=pipe out=kept offset=5
	refused "'out' has no offsets: seek is not possible: Illegal seek" copy in=kept out=pipe seek=5
	refused "direct needs bs, offset and seek in multiples of 4096" copy in=a out=kept bs=1000 direct
	refused "'blocks' are fewer than depth, or smaller than bs" copy in=a out=new blocks=7x128K
	refused "there is out, but no step 'write'" link in=a out=kept steps=read,fsync
	refused "one of 'in' and 'listen' has to be given" route table=table
	refused "one of 'in' and 'listen' has to be given" route table=table in=a listen=unix:socket
	refused "'bs' has to hold the longest record: max and 8 bytes" route table=table in=a bs=64K
	refused "'conns' and 'own' are fewer than max-conns, or smaller than bs" \
		echo listen=unix:socket conns=2
	exec 5>&-
	[ ! -e new ]
	[ ! -e socket ]
	# What was not refused begins as ever.
	expect 0 "$IOUCTL" run copy in=a out=kept
	cmp a kept
}

@test "refused: the loop's own word, made safe, and as a document" {
	local choosy=$OBJECTS/choosy.bpf.o
	expect 0 "$IOUCTL" run "$choosy" --ops choosy --json
	[ "$(json '.stats.checked, .stats["steps-seen"], .run.stop.text')" = $'1\n1\nnull' ]
	expect 2 "$IOUCTL" run "$choosy" --ops choosy answer=no out=kept
	[ "$stderr" = "iouctl: 'choosy' refuses: no \\x1b[31mroom\\x07: No space left on device" ]
	expect 2 "$IOUCTL" run "$choosy" --ops choosy answer=no out=kept --json
	[ "$(json '.schema, .stage, .errno, .exit')" = $'iouctl.error/1\nusage\nENOSPC\n2' ]
	[ "$(json .message)" = "'choosy' refuses: no \\x1b[31mroom\\x07" ]
	expect 2 "$IOUCTL" run "$choosy" --ops choosy answer=silence out=kept
	[ "$stderr" = "iouctl: 'choosy' refuses: it does not say why" ]
	expect 2 "$IOUCTL" run "$choosy" --ops choosy answer=nonsense out=kept --trace
	[ "$stderr" = "iouctl: 'choosy' refuses: there is no such errno" ]
	[ "$(<kept)" = precious ]
}

@test "refused: iouctl check does not ask, but has the kernel verify the check" {
	local choosy=$OBJECTS/choosy.bpf.o command
	expect 0 "$IOUCTL" check "$choosy" --ops choosy answer=no
	expect 0 "$IOUCTL" check copy direct bs=1000
	for command in check run; do
		expect 5 "$IOUCTL" "$command" "$choosy" --ops other out=kept
		has "the verifier rejects 'other_check': " "$stderr"
		has "(choosy.bpf.c:3" "$stderr"
		[ "$(wc -l <<<"$stderr")" = 1 ]
	done
	expect 5 "$IOUCTL" check "$choosy" --ops other --json
	[ "$(json '.stage, .exit')" = $'load\n5' ]
	has "processed" "$(json .detail)"
	[ "$(<kept)" = precious ]
}
