#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# iouctl bench as far as it goes without a kernel that has loops, and what its figures are held against.

load ../helper

top=$BATS_TEST_DIRNAME/../..

@test "bench: the jobs, and what can be said of each" {
	expect 0 "$IOUCTL" bench
	[ -z "$stderr" ]
	[[ ${lines[0]} == JOB*WHAT*PARAMETERS ]]
	has "nop-batch  NOPs, so many at a time" "$output"
	expect 0 "$IOUCTL" bench --json
	[ "$(json '.schema')" = iouctl.bench-jobs/1 ]
	[ "$(json '.jobs | map(select(.name == "nop-batch"))[0].params | tojson')" = '["count","depth"]' ]
	[ "$(json '.jobs | all((.name | test("^[a-z-]+$")) and .help != "")')" = true ]
}

@test "bench: jobs and parameters that there are not" {
	expect 2 "$IOUCTL" bench npo
	has "there is no job 'npo'; did you mean 'nop'?" "$stderr"
	expect 2 "$IOUCTL" bench somethingelse
	has "'iouctl bench' shows the ones that there are" "$stderr"
	expect 2 "$IOUCTL" bench nop-batch dpeth=3
	has "no parameter 'dpeth'; its parameters are: count, depth" "$stderr"
	expect 2 "$IOUCTL" bench nop-batch depth
	expect 2 "$IOUCTL" bench nop-batch depth=0
	has "'0' is not a number from 1 to 4096, as 'depth' has to be" "$stderr"
	expect 2 "$IOUCTL" bench nop-batch depth=9 depth=5000
	expect 2 "$IOUCTL" bench --rounds 3
	has "no JOB was given" "$stderr"
}

@test "bench: options that cannot be" {
	for option in --rounds=0 --rounds=x --rounds=100001 --duration=0 --duration=x --threads=0 \
		--threads=1025 --cpu=x --cpu= --cpu=1- --cpu=3-1 --cpu=0, --cpu=0x; do
		expect 2 "$IOUCTL" bench nop "$option"
		[ -z "$output" ]
	done
	expect 2 "$IOUCTL" bench nop --cpu 1000
	has "cannot run on processor 1000; this machine has those from 0 to " "$stderr"
	expect 2 "$IOUCTL" bench nop --csv --json
	has "'--csv' does not go with '--json'" "$(json .message)"
	expect 2 "$IOUCTL" bench nop --json=pretty --csv
	expect 2 "$IOUCTL" bench nop --cpu 0 --instructions
	has "'--cpu' does not go with '--instructions'" "$stderr"
	for option in --instructions --counted; do
		expect 2 "$IOUCTL" bench copy direct=1 $option
		has "direct=1 does not go with '$option'; a disk that is waited for cannot be counted" "$stderr"
	done
	expect 2 "$IOUCTL" bench --counted read direct=1
	expect 2 "$IOUCTL" bench nop -- count=5
	has "'--loop' names none" "$stderr"
}

@test "bench: a loop of one's own that there is not" {
	expect 2 "$IOUCTL" bench nop --loop nop-chian
	has "did you mean 'nop-chain'?" "$stderr"
	expect 2 "$IOUCTL" bench nop --loop ./nonexistent.bpf.o
	has "No such file" "$stderr"
	expect 2 "$IOUCTL" bench nop --loop nop-chain -- cuont=5
	has "'nop-chain' has no such parameter: 'cuont=5'" "$stderr"
	expect 2 "$IOUCTL" bench nop --loop nop-chain -- count=0
	has "count goes from 1" "$stderr"
	expect 5 "$IOUCTL" bench nop --loop "$OBJECTS/none.bpf.o" --json
	has "variant 'loop': " "$(json .message)"
}

@test "bench: a chart that cannot be written is said to be so before anything is measured" {
	cd "$BATS_TEST_TMPDIR"
	mkdir here
	expect 2 "$IOUCTL" bench nop --svg here
	has "cannot write 'here': Is a directory" "$stderr"
	expect 2 "$IOUCTL" bench nop --svg nowhere/x.svg
	has "cannot write 'nowhere/x.svg': No such file or directory" "$stderr"
	expect 2 "$IOUCTL" bench nop --instructions --svg nowhere/x.svg
	chmod 555 here
	chmod 711 .
	expect 4 as_nobody "$IOUCTL" bench nop --svg "$PWD/here/x.svg"
	[ "$(ls here)" = "" ]
}

# Not asked of the tool under test.
kernel_has_loops() {
	bpftool btf dump file /sys/kernel/btf/vmlinux 2>/dev/null | grep -q "STRUCT 'io_uring_bpf_ops'"
}

@test "bench: a kernel without loops, and where there is one with" {
	! kernel_has_loops || skip "this kernel has loops: see tests/live"
	cd "$BATS_TEST_TMPDIR"
	expect 3 "$IOUCTL" bench nop --svg x.svg
	has "variant 'loop': cannot load 'nop-chain': this kernel has no BPF io_uring loops" "$stderr"
	has "--instructions" "$stderr"
	has "iouctl vm --" "$stderr"
	[ "$(echo *)" = "*" ]
	expect 3 "$IOUCTL" bench nop --json
	[ "$(json '.schema, .exit')" = $'iouctl.error/1\n3' ]
}

# compare NOW: figures of a kernel against those of base.json.
compare() {
	jq -r --argjson limit 1.03 --argjson startup_max 100 --argjson besides 1.03 --slurpfile base base.json \
		-f "$top/tests/bench/compare.jq" <<<"$1"
}

now() {
	printf '{"kernel": "%s", "compiler": "clang 14", "jobs": {"nop": {"loop": %s, "one": %s, "two": %s}}}' "$@"
}

@test "bench: loops that became dearer are found, with both figures" {
	cd "$BATS_TEST_TMPDIR"
	echo '{"compiler": "clang 14", "kernels": {
		"7.2.12": {"nop": {"loop": 400, "one": 1000, "two": 500}},
		"7.3.4": {"nop": {"loop": 440, "one": 1100, "two": 550}}}}' >base.json
	expect 0 compare "$(now 7.2.12 411 1 1)"
	[ "$output" = "1..1"$'\n'"ok - 7.2.12: nop: 411 instructions a request, baseline 400 (2.8%)" ]
	expect 0 compare "$(now 7.2.12 412.5 1000 500)"
	[ "${lines[1]}" = "not ok - 7.2.12: nop: 412.5 instructions a request, baseline 400 (3.1%)" ]
	# Much cheaper is no failure.
	expect 0 compare "$(now 7.3.4 300 1100 550)"
	[[ ${lines[1]} == "ok - "*"(-31.8%)" ]]
}

@test "bench: on another kernel, loops are held against what else was measured there" {
	cd "$BATS_TEST_TMPDIR"
	echo '{"compiler": "clang 14", "kernels": {
		"7.2.12": {"nop": {"loop": 400, "one": 1000, "two": 500}},
		"7.3.4": {"nop": {"loop": 440, "one": 1000, "two": 500}}}}' >base.json
	# All is a tenth dearer.
	expect 0 compare "$(now 7.2.99 440 1100 550)"
	[[ ${lines[1]} == "ok - 7.2.99: nop: 440 instructions"*"baseline is of 7.2.12, 400"*"same run: 0%" ]]
	# The loop alone.
	expect 0 compare "$(now 7.2.99 440 1000 500)"
	[[ ${lines[1]} == "not ok - "*"same run: 10%" ]]
	# Of a new series, beside the newest.
	expect 0 compare "$(now 7.4.0 484 1100 550)"
	[[ ${lines[1]} == "ok - 7.4.0"*"baseline is of 7.3.4, 440"* ]]
}

@test "bench: another compiler is named, and a job without a baseline is a failure" {
	cd "$BATS_TEST_TMPDIR"
	echo '{"compiler": "clang 19", "kernels": {"7.2.12": {"nop": {"loop": 400}}}}' >base.json
	expect 0 compare "$(now 7.2.12 400 1 1)"
	has "; by clang 14, the baseline by clang 19" "$output"
	echo '{"compiler": "clang 14", "kernels": {"7.2.12": {}}}' >base.json
	expect 0 compare "$(now 7.2.12 400 1 1)"
	[[ ${lines[1]} == "not ok - 7.2.12: nop: no baseline"* ]]
}

# started INSTRUCTIONS NOP-CHAIN BARE
started() {
	printf '{"kernel": "7.2.12", "compiler": "clang 14", "startup": %s, "bare": %s, "jobs": {"nop count=100000": {"loop": %s}}}' \
		"$1" "$3" "$2"
}

@test "bench: a start that takes too much is found, and one that was not measured" {
	cd "$BATS_TEST_TMPDIR"
	echo '{"compiler": "clang 14", "kernels": {"7.2.12": {}}}' >base.json
	for startup in 100 101 null; do
		expect 0 compare "$(started "$startup" 400 400)"
		[ "${lines[0]}" = 1..3 ]
		[[ ${lines[1]} == "${is-ok} - 7.2.12: 'run nop-chain --count 1' takes $startup instructions, of 100 at most" ]]
		is="not ok"
	done
}

@test "bench: what nop-chain takes besides its NOPs is found, and a bare one that was not measured" {
	cd "$BATS_TEST_TMPDIR"
	echo '{"compiler": "clang 14", "kernels": {"7.2.12": {}}}' >base.json
	expect 0 compare "$(started 100 400 390)"
	[[ ${lines[2]} == "ok - 7.2.12: statistics, stop reasons and the trace cost nop-chain 2.6%, of 3% at most: 400 instructions, without them 390" ]]
	expect 0 compare "$(started 100 400 388)"
	[[ ${lines[2]} == "not ok - "*" 3.1%, "* ]]
	expect 0 compare "$(started 100 400 null)"
	[[ ${lines[2]} == "not ok - "* ]]
}

@test "bench: the baseline that was committed has all jobs, by their own names" {
	expect 0 "$IOUCTL" bench --json
	for job in $(json '.jobs[].name'); do
		grep -q "^$job " "$top/tests/bench/jobs"
		jq -e --arg job "$job" '.kernels | length > 0 and
			all(.[]; any(to_entries[]; (.key | startswith($job + " ")) and .value.loop > 0))' \
			"$top/tests/bench/baseline.json"
	done
}
