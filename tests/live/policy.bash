# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# For tests of loops on the rings of other programs.

# ready FILE: waits until it is there, and has something in it.
ready() {
	local i
	for ((i = 0; i < 1000; i++)); do
		[ ! -s "$1" ] || return 0
		sleep 0.02
	done
	echo "no $1"
	return 1
}

# with_loop LOOP PARAMETER... -- COMMAND...: COMMAND has 'ready' and 'go' for its files; the loop is on
# its ring before it goes on, and until it ends. Then $program is what it printed, and $output what
# iouctl did.
with_loop() {
	local loop=() i pid fd rest of_program code=0
	while [ "$1" != -- ]; do
		loop+=("$1")
		shift
	done
	shift
	rm -f ready go
	"$@" >program.out 2>program.err 3>&- &
	of_program=$!
	ready ready || {
		cat program.err
		return 1
	}
	read -r pid fd rest <ready
	start "$IOUCTL" attach "${loop[@]}" --pid "$pid" --ring-fd "$fd" --json
	# A machine that is busy with others takes its time to load a large loop.
	attached || attached || {
		cat "$BATS_TEST_TMPDIR/err"
		return 1
	}
	: >go
	wait "$of_program" || code=$?
	text_of program program.out
	[ "$code" -eq 0 ] || {
		echo "exit code $code: $program"
		cat program.err
		return 1
	}
	finish 0
}
