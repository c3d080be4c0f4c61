#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# bats file_tags=any-kernel
# What stats reads of loops that others bound.

load helper

pins=/sys/fs/bpf/stats

setup() {
	quiet
	cd "$BATS_TEST_TMPDIR"
	mkdir "$pins"
}

teardown() {
	"$IOUCTL" detach --clean -q >/dev/null || :
	rm -rf "$pins"
	echo 0 >/proc/sys/kernel/bpf_stats_enabled
	tidy
}

# there FILE: waits for it.
there() {
	for ((i = 0; i < 500; i++)); do
		[ ! -s "$1" ] || return 0
		sleep 0.02
	done
	echo "no $1"
	return 1
}

# app: in the background, with a ring that waits for SIGUSR1; sets $app and $fd.
app() {
	rm -f ready
	"$TOOLS/app" --ready ready --go - --hold --rounds 500 rw >app.out 3>&- &
	there ready
	read -r app fd _ <ready
}

# work: it does what it has to do, and keeps its ring. Sets $calls to how often it entered that.
work() {
	kill -USR1 "$app"
	there app.out
	[[ "$(<app.out)" =~ '"enters": '([0-9]+) ]]
	calls=${BASH_REMATCH[1]}
	[ "$calls" -gt 2 ]
}

plain() {
	setpriv --reuid 65534 --regid 65534 --clear-groups "$@"
}

@test "a loop that is pinned: parameters, statistics, variables, maps, and after its program's end" {
	app
	expect 0 "$IOUCTL" attach "$OBJECTS/counting.bpf.o" bound=7 --pid "$app" --ring-fd "$fd" --pin "$pins/a" -q
	work
	[[ "$(bpftool link show)" =~ ([0-9]+):\ struct_ops\ .*map\ ([0-9]+) ]]
	link=${BASH_REMATCH[1]} id=${BASH_REMATCH[2]}
	expect 0 "$IOUCTL" stats "$pins/a" --json
	[ -z "$stderr" ]
	cat >want <<-EOF
		["iouctl.stats/1","counting","$OBJECTS/counting.bpf.o",$id,$link,true,true]
		["app",$app,$fd,$(stat -Lc %i "/proc/$app/fd/$fd"),{"bound":7},null,true]
		[$calls,$calls,true,"many\\n\\"calls\\"",[3,$calls],[0,$calls]]
	EOF
	json '[.schema, .loop.name, .loop.source, .loop.id, .loop.link_id, .loop.iouctl, .loop.bound],
		[.target.name, .target.pid, .target.ring_fd, .target.ring_ino, .params, .run.steps,
			.time_ns - .since_ns > 0],
		[.stats.calls, .stats.sizes.count, .stats.sizes.sum == .stats.submitted, .stats.state, .globals.seen,
			[.maps.by_kind.entries[].value]] | tojson' >got
	diff want got
	# One variable, by the ring; and by the ID, as text.
	expect 0 "$IOUCTL" stats --pid "$app" --ring-fd "$fd" --get 'seen[1]' --json
	[ "$(json '.globals | tojson')" = "{\"seen[1]\":$calls}" ]
	expect 0 "$IOUCTL" stats "$id"
	[[ "$output" =~ target\ +app\ \(pid\ $app\),\ ring\ fd\ $fd ]]
	[[ "$output" =~ params\ +\{bound\ 7\} ]]
	expect 2 "$IOUCTL" stats "$pins/a" --get sen
	has "no variable 'sen'" "$stderr"
	# To name it by its ID takes more than to name it by its pin.
	chmod 755 /sys/fs/bpf "$pins" "$pins/a" "$pins/a/maps"
	chmod 666 "$pins/a/"{link,meta,object} "$pins/a/maps/"*
	expect 0 plain --inh-caps=-all,+bpf,+perfmon --ambient-caps=-all,+bpf,+perfmon "$IOUCTL" stats "$pins/a" --json
	[ "$(json '.stats.calls, .loop.bound')" = $calls$'\ntrue' ]
	chmod 700 /sys/fs/bpf
	expect 4 plain --inh-caps=-all "$IOUCTL" stats "$id"
	# Its program goes: what it counted is still there.
	kill -KILL "$app"
	until expect 0 "$IOUCTL" status --rings --json && [[ $output == *'"rings":[]'* ]]; do sleep 0.1; done
	expect 0 "$IOUCTL" stats --interval 50ms "$pins/a" --json
	[ "$(json '.loop.bound, .target.name, .target.pid, .stats.calls' | tr '\n' ' ')" = "false null $app $calls " ]
	has "no loop is left that is bound" "$stderr"
	expect 0 "$IOUCTL" stats "$pins/a"
	has "off: it is bound to no ring" "$output"
	expect 0 "$IOUCTL" detach --clean
	expect 2 "$IOUCTL" stats "$pins/a"
}

# samples NAME: what follows its labels, of each in $output.
samples() {
	sed -n "s/^$1{[^}]*} //p" <<<"$output"
}

# families: fails where a name comes twice, or a sample is in another's family.
families() {
	[ "${output##*$'\n'}" = "# EOF" ]
	awk '/^# EOF/ { if (ended++) exit 1; next }
		/^# TYPE/ { if (seen[$3]++) exit 1; name = $3; next }
		/^#/ { if ($3 != name) exit 1; next }
		{ sub(/[{ ].*/, ""); if (index($0, name) != 1) exit 1
			if (substr($0, length(name) + 1) !~ /^(_total|_bucket|_sum|_count)?$/) exit 1 }' <<<"$output"
}

@test "two loops, held and pinned, by others and as OpenMetrics" {
	local first second
	app
	first=$app
	"$IOUCTL" attach "$OBJECTS/counting.bpf.o" --pid "$app" --ring-fd "$fd" >held 2>&1 3>&- &
	holder=$!
	attached
	work
	second=$calls
	mv app.out first.out
	app
	expect 0 "$IOUCTL" attach pass --pid "$app" --ring-fd "$fd" --pin "$pins/b" -q
	work
	echo 1 >/proc/sys/kernel/bpf_stats_enabled
	expect 0 "$IOUCTL" stats --all --format openmetrics
	families
	has "iouctl_calls_total{loop=\"counting\",pid=\"$first\"" "$output"
	has "iouctl_calls_total{loop=\"pass\",pid=\"$app\",ring_fd=\"$fd\"" "$output"
	[ "$(samples iouctl_calls_total | sort -n)" = "$(printf '%s\n' "$calls" "$second" | sort -n)" ]
	[ "$(samples iouctl_loop_bound)" = $'1\n1' ]
	[ "$(samples iouctl_sizes_count)" = "$second" ]
	has 'le="+Inf"} '"$second" "$output"
	has 'value="many\n\"calls\""} 1' "$output"
	has "# HELP iouctl_submitted requests the kernel took" "$output"
	# A document each; a loop that is named twice is one.
	expect 0 "$IOUCTL" stats --all --pid "$first" "$pins/b" --json
	[ "$(jq -r .loop.name <<<"$output" | sort)" = $'counting\npass' ]
	# It ends with the loop.
	start "$IOUCTL" stats --pid "$first" --interval 100ms --json
	there out
	kill -TERM "$holder"
	finish 0
	has "no loop is left that is bound" "$stderr"
	[ "$(head -1 <<<"$output" | jq .stats.calls)" = "$second" ]
	expect 2 "$IOUCTL" stats --pid "$first"
	# Or with the time.
	expect 0 "$IOUCTL" stats "$pins/b" --interval 200ms --duration 500ms --json
	[ "$(jq -s length <<<"$output")" -ge 1 ]
	[ -z "$stderr" ]
	expect 0 "$IOUCTL" detach --all
}

@test "a loop that iouctl did not attach" {
	echo 1 >/proc/sys/kernel/bpf_stats_enabled
	mkfifo fifo
	exec 7<>fifo
	start "$IOUCTL" run "$OBJECTS/sleeper.bpf.o" fd=7
	attached
	[[ "$(bpftool link show)" =~ ([0-9]+):\ struct_ops\ .*map\ ([0-9]+) ]]
	link=${BASH_REMATCH[1]} id=${BASH_REMATCH[2]}
	expect 0 "$IOUCTL" stats "$id" --json
	[ "$(json '[.loop.name, .loop.id, .loop.iouctl, .loop.bound, .target.pid, .program, .stats, .run.steps > 0,
		([.program_maps[].name] | index("sleeper.bss") != null)] | tojson')" = \
		"[\"sleeper\",$id,false,true,$pid,\"sleeper_loop_re\",null,true,true]" ]
	expect 0 "$IOUCTL" stats --pid "$pid"
	has "sleeper (not by 'iouctl attach')" "$output"
	has "bpftool map dump id ID" "$output"
	expect 0 "$IOUCTL" stats --pid "$pid" --format openmetrics
	families
	[ "$(samples iouctl_loop_steps_total)" -gt 0 ]
	# It is none of --all.
	expect 0 "$IOUCTL" stats --all --format openmetrics
	[ "$output" = "# EOF" ]
	has "no loop is bound" "$stderr"
	kill -TERM "$pid"
	finish 143
}
