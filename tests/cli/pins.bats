#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What detach makes of pins that others may have written to. On any kernel: the link that is pinned is
# that of another kind of struct_ops.

load ../helper

setup() {
	[ "$(id -u)" = 0 ] || skip "only root may pin"
	cd "$BATS_TEST_TMPDIR" || return
	mkdir pins
	local code=0
	unshare --mount sh -c "mount -t bpf bpf pins && '$TOOLS/forge' pins/a pass '$OBJECTS/notours.bpf.o'" \
		2>why || code=$?
	case $code in
	0) ;;
	1) skip "no struct_ops here: $(tail -n 1 why)" ;;
	*) cat why && return 1 ;; # such as what a sanitizer found
	esac
}

# pinned SCRIPT: run in a mount namespace with an empty bpffs at pins, by bash -e; 'forge NAME WRONG'
# pins a loop at pins/NAME.
pinned() {
	expect 0 unshare --mount bash -euc "
		mount -t bpf bpf pins
		forge() { '$TOOLS/forge' pins/\$1 pass '$OBJECTS/notours.bpf.o' \${2-}; }
		iouctl() { '$IOUCTL' \"\$@\"; }
		$1"
}

@test "what is as iouctl made it is taken off in order, and nothing is left" {
	pinned 'forge a; iouctl detach pins/a --json; [ ! -e pins/a ]'
	[ "$(json '.detached | map([.loop, .pin, .left]) | tojson')" = '[["pass","pins/a","in-order"]]' ]
}

@test "what others put beside pins stays, and no link is followed" {
	mkdir there
	touch there/precious
	pinned 'forge a; rm -r pins/a/maps; ln -s "$PWD/there" pins/a/maps
		iouctl detach pins/a
		forge b; mkdir pins/b/more pins/b/maps/more; ln pins/b/meta pins/b/mine; ln pins/b/meta pins/b/more/mine
		iouctl detach pins/b
		echo; ls pins/b pins/b/*'
	[ -e there/precious ]
	[ "${output#*$'\n\n'}" = $'pins/b/mine\n\npins/b:\nmaps\nmine\nmore\n\npins/b/maps:\nmore\n\npins/b/more:\nmine' ]
}

@test "where what is beside a link makes no sense the link goes, and the pins" {
	local wrong
	for wrong in no-object bad-object large-map; do
		pinned "forge a $wrong; iouctl detach pins/a --json; [ ! -e pins/a ]; forge a"
		[ "$(json '.detached | map([.loop, .left]) | tojson')" = '[["pass","unheard"]]' ]
	done
}

@test "what is no link is not taken off" {
	pinned 'forge a map-link; iouctl detach pins/a || echo "$?"; [ -e pins/a/link ]'
	[ "$output" = 5 ]
	has "'pins/a/link' is no loop's link" "$stderr"
}

@test "pins without a link are removed" {
	pinned 'forge a no-link; iouctl detach pins/a; [ ! -e pins/a ]'
	has "had no link of a loop any more, and is removed" "$stderr"
	pinned 'forge a no-link; mkdir pins/b; iouctl detach --clean; [ ! -e pins/a ]; [ -e pins/b ]'
}

@test "two that take off the same" {
	pinned 'for i in 1 2 3; do
			forge a
			iouctl detach pins/a >/dev/null & other=$!
			iouctl detach pins/a >/dev/null
			wait "$other"
			[ ! -e pins/a ]
		done'
}
