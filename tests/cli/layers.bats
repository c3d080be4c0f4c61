#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# No layer includes a higher one, and only the JSON renderer knows json-c.

load ../helper

top=$BATS_TEST_DIRNAME/../..

# What each layer may include, beside itself: what its CMake target links, and what that links.
allowed() {
	case $1 in
	base) echo "" ;;
	ring | object | meta | render | vm) echo "base" ;;
	loop) echo "base object" ;;
	stats | trace | build) echo "base object loop" ;;
	session) echo "base ring object loop" ;;
	survey) echo "base object meta" ;;
	dump) echo "base object loop render" ;;
	bench | probe) echo "base ring object loop session" ;;
	attach) echo "base ring object loop session meta survey" ;;
	esac
}

# includes FOLDER: "LAYER" of each include of another folder's header there.
includes() {
	sed -n 's|^#include "\([a-z]*\)/.*|\1|p' "$top/src/$1"/*.[ch] | sort -u
}

check_layer() {
	local layer=$1 included
	for included in $(includes "$layer"); do
		[ "$included" = "$layer" ] || [[ " $(allowed "$layer") " == *" $included "* ]] || {
			echo "src/$layer includes $included/"
			return 1
		}
	done
}

@test "each layer includes only lower ones" {
	for layer in "$top"/src/*/; do
		check_layer "$(basename "$layer")"
	done
}

@test "every folder of src is a layer with a rule and a target" {
	for layer in "$top"/src/*/; do
		layer=$(basename "$layer")
		[ "$layer" = base ] || [ -n "$(allowed "$layer")" ]
		grep -q "^iouctl_layer($layer " "$top/src/CMakeLists.txt"
	done
}

@test "nothing below cmd/ includes its headers, prints, or exits" {
	run grep -nE '#include "(args|commands|exit|log|progress|report)\.h"' "$top"/src/*/*.[ch]
	[ "$status" -eq 1 ]
	run grep -nE '\b(printf|puts|putchar|perror|exit)\(' "$top"/src/{base,ring,object,loop,stats,trace,meta,survey,session,attach,probe,dump}/*.c
	[ "$status" -eq 1 ]
}

@test "json-c is known to render/json.c alone" {
	run grep -lE 'json-c|json_object' -r "$top/src" "$top/cmd"
	[ "$output" = "$top/src/render/json.c" ]
}

@test "the check finds an include that goes upwards" {
	mkdir -p "$BATS_TEST_TMPDIR/src/base"
	echo '#include "session/session.h"' >"$BATS_TEST_TMPDIR/src/base/bad.c"
	top=$BATS_TEST_TMPDIR
	run check_layer base
	[ "$status" -eq 1 ]
	has "src/base includes session/" "$output"
}
