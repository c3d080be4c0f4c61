#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# iouctl vm on a terminal: it is the guest's while the command runs, and as it was afterwards.

load helper

# What runs on the terminal: its settings before and after, with the exit code in between.
setup_file() {
	cat >"$BATS_FILE_TMPDIR/session.sh" <<-'END'
		stty rows 33 cols 101 -ixon
		stty -a >before
		"$IOUCTL" vm --exec -- bash --norc --noediting -i
		echo "$?" >code
		stty -a >after
	END
}

# on_screen PATTERN: wait until it is there, for half a minute at most.
on_screen() {
	for _ in $(seq 300); do
		! grep -q "$1" screen 2>/dev/null || break
		sleep 0.1
	done
}

# Type a line, or what printf makes of it, once the guest's shell has come up.
type_all() {
	local keys
	on_screen 'bash.*# '
	for keys; do
		sleep 1
		# shellcheck disable=SC2059
		printf "$keys"
	done
	sleep 3
}

# on_terminal KEYS...: $code and the screen are what came of it.
on_terminal() {
	export IOUCTL
	: >screen
	type_all "$@" | timeout 90 script -qefc "bash $BATS_FILE_TMPDIR/session.sh" screen >/dev/null
	cat screen
	cmp before <(sed "${resized:+s/rows 44; columns 55/rows 33; columns 101/}" after)
	code=$(<code)
}

@test "a shell in the guest: size, echo, editing, job control, its exit code" {
	on_terminal 'stty size; [ -t 2 ] && tty\r' 'echo ab\177c\r' 'sleep 100\r' '\003' 'sleep 50\r' \
		'\032' 'jobs\r' 'kill -9 %%1; while jobs %%1; do sleep 0.1; done\r' 'exit 7\r'
	[ "$code" = 7 ]
	grep -q '^33 101' screen
	grep -q '^/dev/pts/' screen
	grep -q '^ac.$' screen
	grep -q 'Stopped *sleep 50' screen
	# What was typed is there once.
	[ "$(grep -c 'sleep 100' screen)" = 1 ]
}

@test "a guest that panics" {
	on_terminal 'echo c >/proc/sysrq-trigger\r'
	[ "$code" = 125 ]
	grep -q 'Kernel panic' screen
}

@test "a QEMU that is killed" {
	(
		sleep 12
		for process in $(pgrep qemu-system); do
			[[ $(readlink "/proc/$process/cwd") != *"$PWD" ]] || kill -KILL "$process"
		done
	) 3>&- &
	on_terminal 'sleep 100\r'
	[ "$code" = 125 ]
	grep -q 'QEMU was killed by SIGKILL' screen
}

@test "the way out of a guest that does not listen" {
	on_terminal 'stty -isig; sleep 100\r' '\003' '\035' '\035\035\035'
	[ "$code" = 130 ]
}

# resize COMMAND...: the window, when the command is through, which is begun when the session is.
resize() {
	local session=
	until [ -e before ]; do sleep 0.1; done
	session=$(pgrep -f "^bash $BATS_FILE_TMPDIR/session.sh" | head -n 1)
	"$@"
	stty rows 44 cols 55 <"/dev/$(ps -o tty= -p "$session")"
}

@test "the window's size changes" {
	resize on_screen 'sleep 3' 3>&- &
	resized=1 on_terminal 'sleep 3\r' '' '' '' 'stty size\r' 'exit\r'
	grep -q '^44 55' screen
}

@test "the window's size changes while the guest boots" {
	resize sleep 1 3>&- &
	resized=1 on_terminal 'stty size\r' 'exit\r'
	grep -q '^44 55' screen
}

@test "a guest that reads nothing: no busy loop, and the way out stays" {
	# Far more than is under way at a time.
	head -c 400000 /dev/zero | tr '\0' x >flood
	{
		type_all 'exec bash -c "stty raw -echo; echo UP; sleep 100"\r'
		cat flood
		sleep 2
		process=$(pgrep -of "^[^ ]*iouctl vm --exec -- bash")
		used=$(awk '{ print $14 + $15 }' "/proc/$process/stat")
		sleep 3
		echo $(($(awk '{ print $14 + $15 }' "/proc/$process/stat") - used)) >ticks
		printf '\035\035\035'
		sleep 3
	} | IOUCTL=$IOUCTL timeout 60 script -qefc "bash $BATS_FILE_TMPDIR/session.sh" screen >/dev/null
	[ "$(<code)" = 130 ]
	[ "$(<ticks)" -lt 100 ]
}

@test "started in the background, then brought to the front" {
	export IOUCTL
	: >screen
	{
		type_all "\"\$IOUCTL\" vm --exec -- sh -c 'echo guest-is-up; read -r l; echo \"got \$l\"; stty size' &\r"
		on_screen '^guest-is-up'
		printf 'fg\r'
		sleep 2
		printf 'hello\r'
		sleep 2
		printf 'stty -a | grep -o "[-]*icanon"\r'
		sleep 1
		printf 'exit\r'
		sleep 2
	} | timeout 90 script -qefc 'bash --norc --noediting -i' screen >/dev/null
	cat screen
	grep -q '^got hello' screen
	[ "$(grep -c '^hello' screen)" = 1 ]
	grep -q '^icanon' screen
}

@test "suspended and resumed: the terminal is the shell's in between" {
	# bash as a login on the terminal, which is typed to.
	export IOUCTL
	: >screen
	{
		type_all "\"\$IOUCTL\" vm --exec -- sh -c 'echo guest-is-up; read -r l; echo \"got \$l\"'\r"
		on_screen '^guest-is-up'
		kill -TSTP "$(pgrep -of '^[^ ]*iouctl vm --exec -- sh -c echo guest-is-up')"
		sleep 1
		printf 'stty -a | grep -o "[-]*icanon"\r'
		sleep 1
		printf 'fg\r'
		sleep 1
		printf 'hello\r'
		sleep 1
		printf 'stty -a | grep -o "[-]*echo "\r'
		sleep 1
		printf 'exit\r'
		sleep 2
	} | timeout 90 script -qefc 'bash --norc --noediting -i' screen >/dev/null
	cat screen
	grep -q 'Stopped' screen
	grep -q '^icanon' screen
	grep -q '^got hello' screen
	grep -q '^echo ' screen
}
