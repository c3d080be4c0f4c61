#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# bats file_tags=any-kernel
# What status shows of loops that are there, to whom.

load helper

pins=/sys/fs/bpf/status

setup() {
	quiet
	cd "$BATS_TEST_TMPDIR"
	mountpoint -q /sys/fs/bpf || mount -t bpf bpf /sys/fs/bpf
	mkdir "$pins"
}

teardown() {
	rm -rf "$pins"
	echo 0 >/proc/sys/kernel/bpf_stats_enabled
	tidy
}

# bound ARGUMENT...: in the background; sets $pid and $fd.
bound() {
	: >"$BATS_TEST_TMPDIR/bound"
	"$TOOLS/bound" "$@" >"$BATS_TEST_TMPDIR/bound" 3>&- &
	until read -r pid fd <"$BATS_TEST_TMPDIR/bound"; do
		kill -0 $!
		sleep 0.05
	done
}

plain() {
	setpriv --reuid 65534 --regid 65534 --clear-groups "$@"
}

@test "a loop of iouctl's and its ring, each field" {
	local ino link prog
	bound "$OBJECTS/foreign.bpf.o" "$pins/x" $'a\e[1mb'
	ino=$(stat -Lc %i "/proc/$pid/fd/$fd")
	# bpftool prints what is tied to the program, too.
	prog=$(bpftool prog show name sleep_step)
	has 'iouctl_version = "7.8.9"' "$prog"
	[[ "$(bpftool link show)" =~ ([0-9]+):\ struct_ops\ .*map\ ([0-9]+) ]]
	link=${BASH_REMATCH[1]} map=${BASH_REMATCH[2]}
	echo 1 >/proc/sys/kernel/bpf_stats_enabled
	expect 0 "$IOUCTL" status --json
	[ -z "$stderr" ]
	cat >want <<-EOF
		[[],1,1,true]
		[$map,$link,${prog%%:*},"a\\\\x1b[1mb",true,true,"foreign","sleep_step","built-in","7.8.9",$pid,$fd,0,$ino]
		[["$pins/x"],[],0,0,true,true]
		[$ino,[{"process":"bound","pid":$pid,"tid":$pid,"fd":$fd}],["cqsize","single-issuer","defer-taskrun"],16,64]
		[0,0,0,0,$(in_flight 0),false,0,$pid,true,$map]
	EOF
	json '[.unseen, (.loops | length), (.rings | length), .loops[0].id == .rings[0].loop],
		(.loops[0] | [.id, .link_id, .prog_id, .name, .iouctl, .bound, .map_name, .prog_name, .source,
			.version, .pid, .ring_fd, .holder, .inode],
		[.pins, .holders, .runs, .run_ns, (.age_ns > 0 and .age_ns < 60e9),
			(.since_ns / 1e9 - now | fabs) < 60]),
		(.rings[0] | [.inode, .descriptors, .flags, .sq_entries, .cq_entries],
		[.sq_head, .sq_tail, .cq_head, .cq_tail, .in_flight, .cq_overflowed, .cq_lost, .submitter,
			.bound, .loop]) | tojson' >got
	diff want got
	expect 0 "$IOUCTL" status --pid "$pid"
	has 'a\x1b[1mb' "$output"
	has "bound $pid fd $fd  $pins/x " "$output"
	# The ring goes, and the pin stays.
	kill -KILL "$pid"
	for _ in 1 2 3 4 5; do
		expect 0 "$IOUCTL" status --json
		[[ $output != *'"rings":[]'* ]] || break
		sleep 0.2
	done
	[ "$(json '[.rings, (.loops[0] | .bound, .inode, .pins)] | tojson')" = "[[],false,null,[\"$pins/x\"]]" ]
}

@test "others' loops, several at a time, and what they ran" {
	local loops first second third seen
	echo 1 >/proc/sys/kernel/bpf_stats_enabled
	start "$IOUCTL" run nop-chain --count $forever
	third=$pid
	attached
	bound "$OBJECTS/foreign.bpf.o"
	first=$pid
	bound -
	second=$pid pid=$third
	expect 0 "$IOUCTL" status --json
	seen=$output
	# It takes the time of all else.
	kill -TERM "$pid"
	finish 143
	output=$seen
	loops=$(json '.rings[] as $r | ([.loops[] | select(.id == $r.loop)] | first) as $l |
		"\($r.descriptors[0].pid) \($r.bound) \($l.name) \($l.iouctl) \($l.holders[0].pid) \($l.inode == $r.inode)"' | sort -n)
	[ "$loops" = "$(printf '%s\n' "$first true foreign false $first true" "$second false null null null false" \
		"$pid true nop_chain false $pid true" | sort -n)" ]
	# What is in flight is counted, not concluded from heads and tails.
	[ "$(json ".rings[] | select(.descriptors[0].pid == $second) |
		[.in_flight, .sq_head, .sq_tail, .cq_head, .cq_tail, (.descriptors | length)] | tojson")" = "[$(in_flight 3),4,4,0,1,2]" ]
	# Runs are those of nop-chain, whose steps go on.
	[ "$(json '.loops | map([.name, .runs > 3, .run_ns > 1000]) | sort | tojson')" = \
		'[["foreign",false,false],["nop_chain",true,true]]' ]
	expect 0 "$IOUCTL" status --pid "$first" --json
	[ "$(json '(.loops | length), (.rings | length), .loops[0].name' | tr '\n' ' ')" = "1 1 foreign " ]
}

@test "with CAP_BPF and CAP_PERFMON all but how often loops ran" {
	bound "$OBJECTS/foreign.bpf.o" - mine
	expect 0 plain --inh-caps=-all,+bpf,+perfmon --ambient-caps=-all,+bpf,+perfmon "$IOUCTL" status --json
	[ "$(json '.loops[0] | [.name, .bound, .pid, .holders[0].pid, .link_id > 0, .prog_id > 0, .age_ns > 0,
		.runs] | tojson')" = "[\"mine\",true,$pid,$pid,true,true,true,null]" ]
	[ "$(json '.rings[0] | [.descriptors[0].pid, .in_flight, .submitter] | tojson')" = "[$pid,$(in_flight 0),$pid]" ]
	has '"runs"' "$(json '[.unseen[].id] | tojson')"
	expect 0 plain --inh-caps=-all,+bpf --ambient-caps=-all,+bpf "$IOUCTL" status --json
	[ "$(json '(.loops | length), (.rings | length), .unseen[0].id' | tr '\n' ' ')" = "0 0 ring-setup " ]
	expect 0 plain --inh-caps=-all "$IOUCTL" status
	has "none seen" "$output"
}

@test "a plain user sees what is pinned for it, by what is tied to it" {
	bound "$OBJECTS/foreign.bpf.o" "$pins/x" mine
	expect 0 plain --inh-caps=-all "$IOUCTL" status --json
	[ "$(json '.loops')" = '[]' ]
	has pins "$(json '[.unseen[].id] | tojson')"
	chmod 755 /sys/fs/bpf "$pins"
	chmod 666 "$pins"/*
	expect 0 plain --inh-caps=-all "$IOUCTL" status --json
	[ "$(json '.loops | map([.name, .pins, .pid, .bound, .link_id > 0]) | tojson')" = \
		"[[\"mine\",[\"$pins/x\"],$pid,null,true]]" ]
	# Without the map beside it nobody says that it is a loop.
	rm "$pins/x-meta"
	expect 0 plain --inh-caps=-all "$IOUCTL" status --json
	[ "$(json '.loops')" = '[]' ]
	chmod 700 "$pins"
}

@test "in a pid namespace of its own: its own numbers, and nobody else's rings" {
	bound "$OBJECTS/foreign.bpf.o"
	expect 0 unshare -pf --mount-proc bash -c "\"$TOOLS/bound\" - >/dev/null & sleep 1; \"$IOUCTL\" status --json"
	[ "$(json '.rings | map([.descriptors[0].pid, .submitter]) | tojson')" = '[[2,2]]' ]
	# The loop is the machine's; its ring was not seen.
	[ "$(json '.loops | map([.name, .bound, .inode]) | tojson')" = '[["foreign",true,null]]' ]
}
