#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Files that are no loops: told apart before the kernel is asked.

load ../helper

@test "not a loop: what it is instead is said, exit code 5" {
	: >"$BATS_TEST_TMPDIR/empty.o"
	echo "int main" >"$BATS_TEST_TMPDIR/text.o"
	head -c 40 "$OBJECTS/two.bpf.o" >"$BATS_TEST_TMPDIR/short.o"
	head -c 3000 "$OBJECTS/two.bpf.o" >"$BATS_TEST_TMPDIR/cut.o"
	{ head -c 5 "$OBJECTS/two.bpf.o"; printf '\2'; tail -c +7 "$OBJECTS/two.bpf.o"; } \
		>"$BATS_TEST_TMPDIR/endian.o"
	while IFS='|' read -r file what; do
		expect 5 "$IOUCTL" run "$file"
		has "$what" "$stderr"
		[ -z "$output" ]
	done <<-END
		$BATS_TEST_TMPDIR/empty.o|the file is empty
		$BATS_TEST_TMPDIR/text.o|not an ELF file
		$BATS_TEST_TMPDIR/short.o|cut short
		$BATS_TEST_TMPDIR/cut.o|cut short
		$BATS_TEST_TMPDIR/endian.o|other byte order
		/bin/sh|not for BPF
		/dev/null|not a regular file
		$BATS_TEST_TMPDIR/|not a regular file
		$OBJECTS/none.bpf.o|has no loop
		$OBJECTS/nostep.bpf.o|has no loop_step
		$OBJECTS/two.bpf.o|has 2 loops
	END
}

@test "several loops: --ops is named, with its choices" {
	expect 5 "$IOUCTL" run "$OBJECTS/two.bpf.o"
	has "choose one with --ops: one, other" "$stderr"
	expect 2 "$IOUCTL" run "$OBJECTS/two.bpf.o" --ops third
	has "it has: one, other" "$stderr"
}

@test "an object without BTF" {
	clang -target bpf -O2 -mcpu=v3 -idirafter "/usr/include/$(uname -m)-linux-gnu" \
		-c "$BATS_TEST_DIRNAME/../bpf/foreign.bpf.c" -o "$BATS_TEST_TMPDIR/nobtf.o"
	expect 5 "$IOUCTL" run "$BATS_TEST_TMPDIR/nobtf.o"
	has "it has no BTF" "$stderr"
}

@test "an object that may not be read is a matter of permission" {
	cp "$OBJECTS/two.bpf.o" "$BATS_TEST_TMPDIR/secret.bpf.o"
	chmod 600 "$BATS_TEST_TMPDIR/secret.bpf.o"
	chmod 755 "$BATS_TEST_TMPDIR" "$BATS_RUN_TMPDIR"
	expect 4 as_nobody "$IOUCTL" run "$BATS_TEST_TMPDIR/secret.bpf.o"
	has "Permission denied" "$stderr"
}

@test "with --json it is an error document" {
	expect 5 "$IOUCTL" run "$OBJECTS/none.bpf.o" --json
	[ "$(json '.schema, .stage, .exit')" = $'iouctl.error/1\nopen\n5' ]
	expect 5 "$IOUCTL" run --json=pretty /bin/sh
	[ "$(json '.exit')" = 5 ]
}

@test "a hostile file name does nothing to the terminal and keeps JSON valid" {
	name=$BATS_TEST_TMPDIR/$'bad\e[31m\xff.o'
	expect 2 "$IOUCTL" run "$name"
	[[ "$stderr" != *$'\e'* ]]
	has '\x1b[31m\xff' "$stderr"
	expect 2 "$IOUCTL" run "$name" --json
	[ "$(json .exit)" = 2 ]
}

@test "--get: a variable that the object does not have, before anything is made" {
	while IFS='|' read -r path hint; do
		expect 2 "$IOUCTL" run "$OBJECTS/dump.bpf.o" --get small --get "$path"
		[ "$stderr" = "iouctl: 'dump' has no variable '$path'; $hint" ]
		[ -z "$output" ]
	done <<-END
		smal|did you mean 'small'?
		outr.name|did you mean 'outer'?
		outer.nam|did you mean 'outer.name'?
		outer.low|ask for 'outer', which has it
		big.x|'big' has no fields
		x|--json prints all variables there are
		|--json prints all variables there are
		dump|--json prints all variables there are
		LICENSE|--json prints all variables there are
		outer.|--json prints all variables there are
		.|--json prints all variables there are
	END
	expect 2 "$IOUCTL" run "$OBJECTS/dump.bpf.o" --get smal --json
	[ "$(json '.schema, .stage, .hint')" = $'iouctl.error/1\nusage\ndid you mean \'small\'?' ]
	expect 2 "$IOUCTL" run "$OBJECTS/dump.bpf.o" --get
	has "'--get' needs a value" "$stderr"
	expect 2 "$IOUCTL" run "$OBJECTS/dump.bpf.o" --all=1
	has "'--all' takes no value" "$stderr"
}
