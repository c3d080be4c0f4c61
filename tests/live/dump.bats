#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# bats file_tags=any-kernel
# Variables and maps of objects, after a run, in text and JSON.

load helper

# as_json FILTER WANTED [FILTER WANTED...]: what jq, which is slow to start, makes of $output.
as_json() {
	local filters='' wanted='' got
	while [ $# -gt 0 ]; do
		filters+="${filters:+, }($1 | tojson)"
		wanted+="${wanted:+$'\n'}$2"
		shift 2
	done
	got=$(json "$filters")
	[ "$got" = "$wanted" ] || {
		diff <(echo "$wanted") <(echo "$got")
		return 1
	}
}

# line NAME VALUE: a line of $output as it stands, but for the width of the gap.
line() {
	[ "$squeezed_of" = "$output" ] || {
		squeezed_of=$output
		squeezed=$'\n'$(sed 's/   */  /' <<<"$output")$'\n'
	}
	has $'\n'"$1  $2"$'\n' "$squeezed"
}

# The per-CPU maps are filled on the first two.
cpus=$(($(sed 's/.*-//' /sys/devices/system/cpu/possible) + 1))
filled=$((cpus < 2 ? cpus : 2))

@test "variables of all kinds, in JSON" {
	expect 0 "$IOUCTL" run "$OBJECTS/dump.bpf.o" --json
	# jq 1.6 has no integers of 64 bits.
	has '"constant":18446744073709551615,' "$output"
	has '"minimum":-9223372036854775808,' "$output"
	as_json '.globals | [.small, .negative, .big, .yes, .letter]' '[200,-3,1234567,true,"x"]' \
		.globals.text '"t\\x1b\\xff"' \
		'.globals | [.color, .unnamed, .wider, .real, .single]' \
		'["BLUE",3,"0x1122334455667788","0.1","-2.5"]'
	as_json '.globals | [.matrix, .custom, .pointer]' '[[[1,2,3],[4,5,6]],7,"0x1234"]' \
		.globals.outer '{"name":"abc","in":[{"a":1,"b":-2},{"a":3,"b":-4}],"word":67305985,"bytes":[1,2,3,4],"low":5,"high":-6,"color":"GREEN"}'
	# What the program itself wrote.
	as_json '.globals | [.zero, .["____dump_step.calls"]]' '[1,42]' \
		'.globals.many | [length, .[63], .[64]]' '[65,0,"... 236 more"]' \
		'.globals | has("LICENSE"), has("dump"), has("res_map")' $'false\nfalse\nfalse'
	[ -z "$stderr" ]
}

@test "maps of all kinds, in JSON" {
	expect 0 "$IOUCTL" run "$OBJECTS/dump.bpf.o" --json
	as_json .maps.res_map '{"type":"array","max_entries":3,"entries":[{"key":0,"value":5},{"key":1,"value":6},{"key":2,"value":7}],"total":3,"truncated":false}' \
		.maps.words '{"type":"hash","max_entries":16,"entries":[{"key":"a\"b","value":{"hits":3,"note":"hi","delta":-7,"by_size":[10,20]}}],"total":1,"truncated":false}' \
		.maps.ports.type '"lru_hash"' \
		.maps.ports.entries '[{"key":{"port":80,"host":1},"value":"GREEN"}]' \
		.maps.none '{"type":"hash","max_entries":16,"entries":[],"total":0,"truncated":false}' \
		.maps.untyped.entries '[{"key":"hex:aabbccdd","value":"hex:010203feff00"}]' \
		.maps.secret '{"type":"array","max_entries":1,"entries":[],"total":1,"truncated":true,"error":"EPERM"}' \
		.maps.events '{"type":"ringbuf","max_entries":4096}' \
		.maps.queue '{"type":"queue","max_entries":2}' \
		.maps.dump '{"type":"struct_ops","max_entries":1}' \
		'.maps | length' 13
}

@test "maps with a value for each CPU, and their sums" {
	expect 0 "$IOUCTL" run "$OBJECTS/dump.bpf.o" --json
	[ "$(json '.maps.cpu_array | .type, (.entries[1].values | length)')" = $'percpu_array\n'$cpus ]
	as_json '.maps.cpu_array.entries | map(.key)' '[0,1]' \
		'.maps.cpu_array.entries | map(.sum)' "[0,$((filled * 4000000000 + filled - 1))]" \
		'.maps.cpu_array.entries[1].values[0]' 4000000000 \
		'.maps.cpu_hash.entries[0].values[0]' '{"hits":3,"note":"hi","delta":-7,"by_size":[10,20]}' \
		'.maps.cpu_hash.entries | map([.key, .sum])' \
		"[[1,{\"hits\":$((filled * 3)),\"delta\":$((filled * -7)),\"by_size\":[$((filled * 10)),$((filled * 20))]}]]"
}

@test "large maps: 64 entries, or --all" {
	expect 0 "$IOUCTL" run "$OBJECTS/dump.bpf.o" --json
	as_json '.maps.long_map | [(.entries | length), .entries[63].key, .total, .truncated]' '[64,63,1000,true]' \
		'.maps.many_keys | [(.entries | length), .total, .max_entries, .truncated]' '[64,100,200,true]' \
		'.maps.many_keys.entries | [(map(.key) | unique | length), all(.key == .value)]' '[64,true]'
	expect 0 "$IOUCTL" run "$OBJECTS/dump.bpf.o" --json --all
	as_json '.maps.long_map | [(.entries | length), .entries[999].key, .total, .truncated]' '[1000,999,1000,false]' \
		'.maps.many_keys | [(.entries | map(.key) | sort == [range(100)]), .total, .truncated]' '[true,100,false]' \
		'.globals.many | [length, .[299]]' '[300,0]'
}

@test "the same in text, for an object without our header" {
	expect 0 "$IOUCTL" run "$OBJECTS/dump.bpf.o"
	line constant 18,446,744,073,709,551,615
	line text '"t\x1b\xff"'
	line minimum -9223372036854775808
	line big 1,234,567
	line yes yes
	line color BLUE
	line real 0.1
	line matrix '[[1, 2, 3], [4, 5, 6]]'
	line outer '{name "abc", in [{a 1, b -2}, {a 3, b -4}], word 67305985, bytes [1, 2, 3, 4], low 5, high -6, color GREEN}'
	line 'res_map[2]' 7
	line 'words["a"b"]' '{hits 3, note "hi", delta -7, by_size [10, 20]}'
	line 'ports[{port 80, host 1}]' GREEN
	line none empty
	line 'untyped[hex:aabbccdd]' hex:010203feff00
	line secret 'cannot be read: Operation not permitted'
	line events 'ringbuf, max_entries 4,096'
	line 'long_map[63]' 0
	line long_map '64 of 1,000 entries'
	line many_keys '64 of 100 entries'
	[ "$(grep -c '^many_keys\[' <<<"$output")" -eq 64 ]
	[ "$(grep -c '^res_map ' <<<"$output")" -eq 0 ]
	[ "$(grep -c struct_ops <<<"$output")" -eq 0 ]
	has "cpu_array[1]" "$output"
	has "sum $((filled * 4000000000 + filled - 1)) of [4000000000, " "$output"
	expect 0 "$IOUCTL" run "$OBJECTS/dump.bpf.o" --all
	[ "$(grep -c '^long_map\[' <<<"$output")" -eq 1000 ]
	[ "$(grep -c '^many_keys\[' <<<"$output")" -eq 100 ]
	[ "$(grep -c entries <<<"$output")" -eq 2 ] # of events and queue
}

@test "--get: only these variables, of any object" {
	expect 0 "$IOUCTL" run "$OBJECTS/dump.bpf.o" --get outer.name --get=zero --json
	as_json .globals '{"outer.name":"abc","zero":1}' \
		.maps.res_map.total 3
	expect 0 "$IOUCTL" run "$OBJECTS/dump.bpf.o" --get big
	line big 1,234,567
	[ "$(grep -c ^zero <<<"$output")" -eq 0 ]
	line 'res_map[0]' 5
	expect 0 "$IOUCTL" run "$OBJECTS/dump.bpf.o" --get ____dump_step.calls
	line ____dump_step.calls 42
	# The header's own, and what is declared.
	expect 0 "$IOUCTL" run nop-chain count=7 --get iou_control.steps --get completed --get count
	line iou_control.steps 1
	[ "$(grep -c '^completed ' <<<"$output")" -eq 2 ]
	expect 0 "$IOUCTL" run nop-chain count=7 --get completed --get iou_geometry --json
	as_json '.globals | [.completed, .iou_geometry.cq_entries]' '[7,512]'
}

@test "a loop with our header: its own maps, and in JSON its own variables" {
	expect 0 "$IOUCTL" run "$OBJECTS/own.bpf.o" count=4 --json
	as_json .globals '{"extra":8}' \
		'.maps | keys' '["own","seen"]' \
		'.maps.seen.entries[1]' '{"key":1,"value":4}'
	expect 0 "$IOUCTL" run "$OBJECTS/own.bpf.o" count=4
	line 'seen[1]' 4
	[ "$(grep -cE '^(extra|iou_|own)' <<<"$output")" -eq 0 ]
	expect 0 "$IOUCTL" run nop-chain count=4 --json
	as_json .globals '{"in_flight":false}' \
		.maps '{"nop_chain":{"type":"struct_ops","max_entries":1}}'
	expect 0 "$IOUCTL" run nop-chain count=4
	[ "$(wc -l <<<"$output")" -eq 10 ]
}

@test "what a timeout or a failure left is printed too" {
	expect 124 "$IOUCTL" run "$OBJECTS/foreign.bpf.o" --timeout 100ms --json
	as_json '[.globals, .maps.foreign.type]' '[{},"struct_ops"]'
}
