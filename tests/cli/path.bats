#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Loops by name: the search path, and what root refuses on it. Which object was found shows in its
# description; none needs a kernel that has loops.

load ../helper

# An object for each word, which describes itself as "the WORD".
setup_file() {
	local word
	[ "$(id -u)" = 0 ] || {
		echo "what root refuses can be seen by root alone" >&2
		return 1
	}
	export MADE=$BATS_FILE_TMPDIR/made
	mkdir "$MADE"
	for word in first second third; do
		cat >"$MADE/$word.bpf.c" <<END
#include <iouctl/loop.bpf.h>
static __always_inline int step(struct iou_ring *ring) { return iou_done(ring); }
IOU_LOOP(it, step, "the $word", 8, 16);
END
		clang -target bpf -g -O2 -mcpu=v3 -I "$BATS_TEST_DIRNAME/../../bpf/include" \
			-idirafter "/usr/include/$(gcc -dumpmachine)" \
			-c "$MADE/$word.bpf.c" -o "$MADE/$word.bpf.o"
	done
	chmod 755 "$BATS_RUN_TMPDIR" "$BATS_FILE_TMPDIR" "$MADE"
}

setup() {
	BUILTINS=$(XDG_DATA_DIRS=/nonexistent HOME=/nonexistent "$IOUCTL" list --names)
	umask 022
	chmod 755 "$BATS_TEST_TMPDIR"
	cd "$BATS_TEST_TMPDIR" || return
	mkdir own data home system1 system2
	unset IOUCTL_LOOP_PATH XDG_DATA_HOME
	export HOME=$PWD/home XDG_DATA_DIRS=$PWD/system1:$PWD/system2
}

# put WORD FILE: the object that WORD describes, as FILE.
put() {
	mkdir -p "$(dirname "$2")"
	cp "$MADE/$1.bpf.o" "$2"
}

# found NAME COMMAND...: "DESCRIPTION FILE" of the loop NAME as COMMAND sees it, or nothing.
found() {
	local name=$1
	shift
	expect 0 "${@:-env}" "$IOUCTL" list --json
	json ".loops[] | select(.name == \"$name\") | .error // .description, .source" |
		sed "s|$BATS_TEST_TMPDIR/||" | paste -sd ' '
}

@test "the order: IOUCTL_LOOP_PATH, then the user's data, then the system's, each in its order" {
	put first own/a.bpf.o
	put second data/a.bpf.o
	put third home/.local/share/iouctl/loops/a.bpf.o
	put first system1/iouctl/loops/a.bpf.o
	put second system2/iouctl/loops/a.bpf.o
	[ "$(IOUCTL_LOOP_PATH=$PWD/own:$PWD/data found a)" = "the first own/a.bpf.o" ]
	[ "$(IOUCTL_LOOP_PATH=$PWD/data:$PWD/own found a)" = "the second data/a.bpf.o" ]
	[ "$(IOUCTL_LOOP_PATH=/nonexistent::$PWD/data/ found a)" = "the second data/a.bpf.o" ]
	[ "$(found a)" = "the third home/.local/share/iouctl/loops/a.bpf.o" ]
	rm -r home/.local
	[ "$(found a)" = "the first system1/iouctl/loops/a.bpf.o" ]
	rm -r system1/iouctl
	[ "$(found a)" = "the second system2/iouctl/loops/a.bpf.o" ]
	rm -r system2/iouctl
	[ "$(found a)" = "" ]
}

@test "run takes the one that list names" {
	put first own/a.bpf.o
	put second system1/iouctl/loops/a.bpf.o
	export IOUCTL_LOOP_PATH=$PWD/own
	expect 2 "$IOUCTL" run a nosuch=1
	has "'a' has no parameter or option 'nosuch'" "$stderr"
	: >own/a.bpf.o
	expect 5 "$IOUCTL" run a
	has "'$PWD/own/a.bpf.o' is not a loop: the file is empty" "$stderr"
	# An earlier one that is no loop still hides the later one.
	has "the file is empty own/a.bpf.o" "$(found a)"
}

@test "NAME.bpf.o goes before NAME.o, and either before later directories" {
	put first own/a.o
	put second data/a.bpf.o
	export IOUCTL_LOOP_PATH=$PWD/own:$PWD/data
	[ "$(found a)" = "the first own/a.o" ]
	put third own/a.bpf.o
	[ "$(found a)" = "the third own/a.bpf.o" ]
}

@test "XDG_DATA_HOME: its place, and the home directory's where it is relative or empty" {
	put first data/iouctl/loops/a.bpf.o
	put second home/.local/share/iouctl/loops/a.bpf.o
	[ "$(XDG_DATA_HOME=$PWD/data found a)" = "the first data/iouctl/loops/a.bpf.o" ]
	[ "$(XDG_DATA_HOME=data found a)" = "the second home/.local/share/iouctl/loops/a.bpf.o" ]
	[ "$(XDG_DATA_HOME='' found a)" = "the second home/.local/share/iouctl/loops/a.bpf.o" ]
	[ "$(HOME='' found a)" = "" ]
	[ "$(HOME=home found a)" = "" ]
	# Relative elements of this one are never taken, whoever asks.
	put third system1/iouctl/loops/b.bpf.o
	[ "$(XDG_DATA_DIRS=system1 found b as_nobody)" = "" ]
	[ "$(XDG_DATA_DIRS=:system1:$PWD/system1 found b as_nobody)" = \
		"the third system1/iouctl/loops/b.bpf.o" ]
}

# in_system COMMAND...: run it where system1 is /usr/local/share and system2 /usr/share.
in_system() {
	# shellcheck disable=SC2016
	unshare --mount sh -c 'mount --bind system1 /usr/local/share &&
		mount --bind system2 /usr/share && exec "$@"' sh "$@"
}

@test "without XDG_DATA_DIRS: /usr/local/share, then /usr/share" {
	put first system1/iouctl/loops/a.bpf.o
	put second system2/iouctl/loops/a.bpf.o
	put third system2/iouctl/loops/b.bpf.o
	unset XDG_DATA_DIRS
	[ "$(found a in_system)" = "the first /usr/local/share/iouctl/loops/a.bpf.o" ]
	[ "$(found b in_system)" = "the third /usr/share/iouctl/loops/b.bpf.o" ]
	export XDG_DATA_DIRS=
	[ "$(found a in_system)" = "the first /usr/local/share/iouctl/loops/a.bpf.o" ]
}

@test "built-ins are never shadowed" {
	put first own/nop-chain.bpf.o
	export IOUCTL_LOOP_PATH=$PWD/own
	[ "$(found nop-chain)" = "N requests, each after the last one's completion built-in" ]
	expect 2 "$IOUCTL" run nop-chain count=0
	has "count goes from 1" "$stderr"
	[ "$("$IOUCTL" list --names)" = "$BUILTINS" ]
}

@test "names: what cannot be typed plainly is not there" {
	for name in '$(touch owned)' '-;id' 'a b' A .a 'x.y' '' "$(printf 'n%.0s' {1..33})" \
		$'a\nb' 'ä'; do
		put first "own/$name.bpf.o"
		put first "own/$name.o"
	done
	for name in good 0 a-b_c -x "$(printf 'n%.0s' {1..32})"; do
		put second "own/$name.bpf.o"
	done
	put third own/good.bpf
	put third own/good.bpf.o.bak
	export IOUCTL_LOOP_PATH=$PWD/own
	expect 0 "$IOUCTL" list --names
	[ "$output" = "$(printf '%s\n' "$BUILTINS" -x 0 a-b_c good "$(printf 'n%.0s' {1..32})")" ]
	expect 2 "$IOUCTL" run 'x.y'
	has "no loop is called 'x.y'" "$stderr"
	expect 2 "$IOUCTL" run A
	expect 2 "$IOUCTL" run ''
	[ ! -e owned ]
}

@test "an unknown loop: the nearest one on the path is named" {
	put first own/steady.bpf.o
	export IOUCTL_LOOP_PATH=$PWD/own
	expect 2 "$IOUCTL" run staedy
	has "did you mean 'steady'?" "$stderr"
	# A link that leads nowhere: not its own name.
	ln -s nowhere own/lost.bpf.o
	expect 2 "$IOUCTL" run lost
	[[ $stderr != *"did you mean"* ]]
}

@test "list: what cannot be used says why, and is not among the names" {
	put first own/good.bpf.o
	echo text >own/text.bpf.o
	cp "$OBJECTS/none.bpf.o" own
	cp "$OBJECTS/two.bpf.o" own
	head -c 3000 "$MADE/first.bpf.o" >own/cut.o
	mkfifo own/fifo.bpf.o
	mkdir own/dir.o
	ln -s nowhere own/lost.bpf.o
	ln -s "$MADE/second.bpf.o" own/linked.bpf.o
	export IOUCTL_LOOP_PATH=$PWD/own
	expect 0 timeout 60 "$IOUCTL" list --names
	[ "$output" = "$BUILTINS"$'\ngood\nlinked\ntwo' ]
	expect 0 timeout 60 "$IOUCTL" list
	has "cannot be used: '$PWD/own/text.bpf.o' is not a loop: not an ELF file" "$output"
	has "2 loops (--ops): one, other" "$output"
	expect 0 "$IOUCTL" list --json
	[ "$(json '[.loops[] | select(.error).name] | join(" ")')" = "cut dir fifo lost none text" ]
	[ "$(json '.loops[] | select(.name == "two") | .ops | join(" ")')" = "one other" ]
	[ "$(json '.loops[] | select(.name == "two") | .error, .description')" = $'null\nnull' ]
	[ "$(json '[.loops[] | select(.error).description] | unique | length')" = 1 ]
}

@test "root refuses a directory that is not its own or that others can write" {
	put first own/a.bpf.o
	put second data/a.bpf.o
	export IOUCTL_LOOP_PATH=$PWD/own:$PWD/data
	while IFS='|' read -r change why how; do
		chown 0:0 own
		chmod 755 own
		$change own
		expect 4 "$IOUCTL" run a
		has "the loop 'a' is refused to root: the directory '$PWD/own' $why" "$stderr"
		has "$how" "$stderr"
		has "name the file: $PWD/own/a.bpf.o" "$stderr"
		expect 4 "$IOUCTL" run a --json
		[ "$(json '.stage, .exit')" = $'open\n4' ]
		has "is refused to root" "$(found a)"
		[ "$("$IOUCTL" list --names)" = "$BUILTINS" ]
		# A loop that is not in it is not held up by it, and a path is the user's own word.
		expect 2 "$IOUCTL" run b
		expect 2 "$IOUCTL" run "$PWD/own/a.bpf.o" nosuch=1
		has "no parameter" "$stderr"
	done <<-END
		chown 65534|belongs to user 65534, not to root|(chown root)
		chmod 775|can be written by others|(chmod go-w)
		chmod 757|can be written by others|(chmod go-w)
		chmod 1777|can be written by others|(chmod go-w)
	END
	chown 65534 own
	chmod 1777 own
	expect 4 "$IOUCTL" run a
	has "belongs to user 65534, not to root, and can be written by others" "$stderr"
	has "(chown root, chmod go-w)" "$stderr"
	# Whose they are is all the same to a plain user.
	[ "$(found a as_nobody)" = "the first own/a.bpf.o" ]
}

@test "root refuses a file that is not its own or that others can write" {
	put first own/a.bpf.o
	put second data/a.bpf.o
	export IOUCTL_LOOP_PATH=$PWD/own:$PWD/data
	while IFS='|' read -r change why; do
		chown 0:0 own/a.bpf.o
		chmod 644 own/a.bpf.o
		$change own/a.bpf.o
		expect 4 "$IOUCTL" run a
		has "the file '$PWD/own/a.bpf.o' $why" "$stderr"
		[ "$("$IOUCTL" list --names)" = "$BUILTINS" ]
		expect 2 "$IOUCTL" run own/a.bpf.o nosuch=1
	done <<-END
		chown 65534|belongs to user 65534, not to root
		chmod 664|can be written by others
		chmod 646|can be written by others
	END
	chmod 644 own/a.bpf.o
	[ "$(found a)" = "the first own/a.bpf.o" ]
	# It is the file that counts, not the link that leads to it.
	mv own/a.bpf.o home/a
	ln -s ../home/a own/a.bpf.o
	chown -h 65534 own/a.bpf.o
	[ "$(found a)" = "the first own/a.bpf.o" ]
	chown 65534 home/a
	expect 4 "$IOUCTL" run a
}

@test "relative elements are for plain users alone, empty ones for nobody" {
	put first own/a.bpf.o
	put second b.bpf.o
	export IOUCTL_LOOP_PATH=own:::
	[ "$(found a)" = "" ]
	[ "$(found a as_nobody)" = "the first own/a.bpf.o" ]
	[ "$(found b as_nobody)" = "" ]
	export IOUCTL_LOOP_PATH=.
	[ "$(found b)" = "" ]
	[ "$(found b as_nobody)" = "the second ./b.bpf.o" ]
}

# What a program that is started like this was told of AT_SECURE: nothing where it is set, since the
# loader then ignores this variable.
at_secure() {
	"$@" env LD_SHOW_AUXV=1 true | sed -n 's/^AT_SECURE: *//p'
}

@test "AT_SECURE: built-ins alone, whatever the environment says" {
	put first own/a.bpf.o
	put second system1/iouctl/loops/a.bpf.o
	put third home/.local/share/iouctl/loops/a.bpf.o
	export IOUCTL_LOOP_PATH=$PWD/own
	# A real user or group that is not the effective one, which is root or is not. The leak
	# sanitizer fails in a process of the latter kind, which it may not look at, and hears no option.
	local ways=("--ruid 65534" "--rgid 65534 --clear-groups" "--euid 65534")
	! nm -D "$IOUCTL" | grep -q __asan_ || unset "ways[2]"
	for how in "${ways[@]}"; do
		# shellcheck disable=SC2086
		[ "$(at_secure setpriv $how)" = "" ]
		# shellcheck disable=SC2086
		expect 0 setpriv $how "$IOUCTL" list --names
		[ "$output" = "$BUILTINS" ]
		# shellcheck disable=SC2086
		expect 2 setpriv $how "$IOUCTL" run a
		has "takes none by name but the built-in ones" "$stderr"
		# Not the directories that are there without an environment, either.
		# shellcheck disable=SC2086
		expect 0 in_system env -u XDG_DATA_DIRS setpriv $how "$IOUCTL" list --names
		[ "$output" = "$BUILTINS" ]
	done
	[ "$(at_secure env)" = 0 ]
	[ "$(found a)" = "the first own/a.bpf.o" ]
	expect 0 in_system env -u XDG_DATA_DIRS -u IOUCTL_LOOP_PATH -u HOME "$IOUCTL" list --names
	[ "$output" = "$BUILTINS"$'\na' ]
}
