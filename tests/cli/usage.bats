#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Command lines, right and wrong: the same on any kernel.

load ../helper

@test "--help and --version succeed, for each command too" {
	expect 0 "$IOUCTL" --help
	has "Usage: iouctl COMMAND" "$output"
	expect 0 "$IOUCTL" --version
	[[ "$output" =~ ^iouctl\ [0-9]+\.[0-9]+\.[0-9]+$ ]]
	for command in run status list show new build check bench probe vm; do
		expect 0 "$IOUCTL" "$command" --help
		has "Usage: iouctl $command" "$output"
		[ -z "$stderr" ]
	done
}

@test "an unknown command is named, with the nearest one" {
	expect 2 "$IOUCTL" rnu nop-chain
	[ -z "$output" ]
	[ "$stderr" = "iouctl: 'rnu' is not an iouctl command; did you mean 'run'?" ]
	expect 2 "$IOUCTL"
	has "no command" "$stderr"
	expect 2 "$IOUCTL" --json
	expect 2 "$IOUCTL" -v run
	has "options go after the command" "$stderr"
}

@test "an unknown loop is named, with the nearest one" {
	expect 2 "$IOUCTL" run nop-chian
	has "did you mean 'nop-chain'?" "$stderr"
	expect 2 "$IOUCTL" run somethingelse
	has "iouctl list" "$stderr"
	expect 2 "$IOUCTL" run
	expect 2 "$IOUCTL" run ./nonexistent.bpf.o
	has "No such file" "$stderr"
}

@test "unknown options and parameters are named, with the nearest ones" {
	expect 2 "$IOUCTL" run nop-chain --cuont 5
	has "did you mean 'count'?" "$stderr"
	expect 2 "$IOUCTL" run nop-chain --entires 5
	has "did you mean '--entries'?" "$stderr"
	expect 2 "$IOUCTL" run nop-chain depth=5
	has "its parameters are: count" "$stderr"
	expect 2 "$IOUCTL" run --tmieout 1s nop-chain
	has "did you mean '--timeout'?" "$stderr"
	expect 2 "$IOUCTL" list --nams
	has "did you mean '--names'?" "$stderr"
	expect 2 "$IOUCTL" run nop-chain 5
	has "NAME=VALUE" "$stderr"
}

@test "options are not abbreviated" {
	expect 2 "$IOUCTL" run --time 1s nop-chain
	expect 2 "$IOUCTL" list --js
	expect 2 "$IOUCTL" probe --verb
}

@test "values out of range or form are usage errors" {
	for count in 0 -1 1.5 x "" 9223372036854775808 99999999999999999999999; do
		expect 2 "$IOUCTL" run nop-chain "count=$count"
		expect 2 "$IOUCTL" run nop-chain --count "$count"
	done
	has "1 to 9223372036854775807 requests" "$stderr"
	for entries in 0 32769 65537 x; do
		expect 2 "$IOUCTL" run nop-chain --entries "$entries"
	done
	expect 2 "$IOUCTL" run nop-chain --entries 64 --cq-entries 32
	has "smaller than the SQ" "$stderr"
	for timeout in 0 1x -1s ""; do
		expect 2 "$IOUCTL" run nop-chain --timeout "$timeout"
	done
	expect 2 "$IOUCTL" run nop-chain --ring-flag sq-rewnd
	has "did you mean 'sq-rewind'?" "$stderr"
	expect 2 "$IOUCTL" run nop-chain --ring-flag sqpoll
	has "'sqpoll' is not a flag for a ring with a loop" "$stderr"
	expect 2 "$IOUCTL" run nop-chain --count
	has "needs a value" "$stderr"
}

@test "vm: command lines" {
	expect 2 "$IOUCTL" vm
	has "goes after '--'" "$stderr"
	expect 2 "$IOUCTL" vm run nop-chain
	has "iouctl vm -- run" "$stderr"
	expect 2 "$IOUCTL" vm --accel fast -- list
	expect 2 "$IOUCTL" vm --cpus 0 -- list
	expect 2 "$IOUCTL" vm --memory 1M -- list
	expect 2 "$IOUCTL" vm --timeout 0 -- list
	expect 2 "$IOUCTL" vm --boot-timeout 0 -- list
	expect 2 "$IOUCTL" vm --list --boot-timeout 2m
	expect 2 "$IOUCTL" vm --share /nonexistent -- list
}

@test "with --json, a usage error is one document on standard output" {
	for args in "rnu --json" "run nop-chian --json" "run nop-chain --json --cuont 5" \
		"run --json nop-chain count=0" "list --json --nams" "vm --json" "probe --json=pretty x"; do
		# shellcheck disable=SC2086
		expect 2 "$IOUCTL" $args
		[ "$(json '.schema, .stage, .exit')" = $'iouctl.error/1\nusage\n2' ] ||
			[ "$(json '.schema, .stage, .exit')" = $'iouctl.error/1\nopen\n2' ]
		[ -n "$(json .message)" ]
		[ -z "$stderr" ]
	done
}

@test "list: a line for each built-in loop, names alone, JSON" {
	expect 0 "$IOUCTL" list
	has "nop-chain" "$output"
	has "built-in" "$output"
	expect 0 "$IOUCTL" list --names
	loops=$(perl -0777 -ne 'print join "\n", split " ", $1 if /^set\(LOOPS\s+(.*?)\)/ms' \
		"$BATS_TEST_DIRNAME/../../bpf/CMakeLists.txt")
	[[ $loops == "nop-chain"* ]]
	[ "$output" = "$loops" ]
	expect 0 "$IOUCTL" list --names --json
	[ "$(json '.schema')" = iouctl.list/1 ]
	expect 0 "$IOUCTL" list --json
	[ "$(json '.schema')" = iouctl.list/1 ]
	[ "$(json '.loops[0].name, .loops[0].source')" = $'nop-chain\nbuilt-in' ]
	[ "$(json '.loops[0].description | length > 10')" = true ]
	expect 0 as_nobody "$IOUCTL" list --names
}

@test "a flag may be its name alone, and no other parameter" {
	expect 2 "$IOUCTL" run nop-chain count
	has "'count' is not of the form NAME=VALUE" "$stderr"
	expect 2 "$IOUCTL" run nop-chain nosuch
	has "'nosuch' is not of the form NAME=VALUE" "$stderr"
	# This one is about the file: the flag was taken.
	expect 2 "$IOUCTL" run copy direct fsync in=/dev/null depth=0
	has "depth goes from 1" "$stderr"
}

@test "what cannot be written is a failure" {
	for args in "--help" "--version" "list" "list --json" "list --names" "run --help" \
		"run nop-chian --json"; do
		# shellcheck disable=SC2086
		expect 1 bash -c "\"$IOUCTL\" $args >/dev/full"
		has "cannot write standard output: No space left on device" "$stderr"
	done
	expect 1 bash -c "\"$IOUCTL\" list >&-"
	has "cannot write standard output" "$stderr"
}

@test "output closed early ends quietly" {
	run bash -c "set -o pipefail; \"$IOUCTL\" list --json | true"
	[ "$status" -eq 0 ] || [ "$status" -eq 141 ]
}
