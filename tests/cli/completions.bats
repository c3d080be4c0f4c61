#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The completions, asked in the real shells. COMPLETIONS_DIR has the built files, IOUCTL is the
# path of the binary; else both are those in BUILD. What is complete is measured by the binary's
# own --help.

bats_require_minimum_version 1.5.0

setup_file() {
	local shell

	: "${COMPLETIONS_DIR:=${BUILD:?}/completions}" "${IOUCTL:=${BUILD:?}/cmd/iouctl}"
	for shell in bash zsh fish; do
		command -v "$shell" >/dev/null || {
			echo "$shell is not installed" >&2
			return 1
		}
	done
	COMPLETIONS_DIR=$(realpath "$COMPLETIONS_DIR")
	IOUCTL=$(realpath "$IOUCTL")
	export COMPLETIONS_DIR IOUCTL

	# A place with known files, and the binary on the path under its own name.
	WORK=$BATS_FILE_TMPDIR/work
	export WORK HOME=$BATS_FILE_TMPDIR/home XDG_CONFIG_HOME=$BATS_FILE_TMPDIR/home
	unset IOUCTL_LOOP_PATH XDG_DATA_HOME
	export XDG_DATA_DIRS=/nonexistent
	mkdir -p "$WORK/bin" "$WORK/dir" "$WORK/liar" "$HOME"
	touch "$WORK/mine.o" "$WORK/other.txt" "$WORK/dir/deep.o" "$WORK/vmlinux"
	ln -s "$IOUCTL" "$WORK/bin/iouctl"

	# An iouctl whose loops have names that a shell would act on.
	cat >"$WORK/liar/iouctl" <<'EOF'
#!/bin/sh
printf '%s\n' '$(touch owned)' '`touch owned`' 'x;touch owned' '*' 'plain'
EOF
	# An iouctl that says what it was given.
	mkdir "$WORK/echo"
	cat >"$WORK/echo/iouctl" <<'EOF'
#!/bin/sh
printf 'GIVEN'
printf '[%s]' "$@"
echo
EOF
	chmod +x "$WORK/liar/iouctl" "$WORK/echo/iouctl"
	write_zsh_capture
	PATH=$WORK/bin:$PATH
	export PATH
}

setup() {
	cd "$WORK" || return
}

# complete_bash LINE: what bash offers at the end of LINE, one a line. COMP_WORDS is as readline
# makes it, which breaks words at '=' and ':' too.
complete_bash() {
	bash --norc --noprofile -c '
		source "$COMPLETIONS_DIR/iouctl.bash"
		COMP_LINE=$1 COMP_POINT=${#1} COMP_WORDS=()
		rest=$1
		while rest=${rest#"${rest%%[! ]*}"}; [[ $rest ]]; do
			[[ $rest =~ ^([=:]+|[^=:\ ]+) ]]
			COMP_WORDS+=("${BASH_REMATCH[1]}")
			rest=${rest#"${BASH_REMATCH[1]}"}
		done
		[[ $1 == *\  ]] && COMP_WORDS+=("")
		COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
		handler=$(complete -p iouctl)
		[[ $handler == *" -F _iouctl iouctl" ]] || exit 1
		_iouctl iouctl "${COMP_WORDS[COMP_CWORD]}" ""
		((${#COMPREPLY[@]})) && printf "%s\n" "${COMPREPLY[@]}"
		exit 0' bash "$1"
}

# An interactive zsh in a pseudo-terminal, whose compadd prints what it would offer.
write_zsh_capture() {
	cat >"$BATS_FILE_TMPDIR/inner.zsh" <<'EOF'
PROMPT= RPROMPT=
unsetopt beep zle_bracketed_paste 2>/dev/null
fpath=($COMPLETIONS_DIR $fpath)
autoload -Uz compinit
compinit -u -D
zstyle ':completion:*' menu no
bindkey '^M' undefined-key
bindkey '^J' undefined-key
bindkey '^I' complete-word
capture_end() { print -r -- "<end>" }
compprefuncs=(capture_begin)
capture_begin() { comppostfuncs=(capture_end) }
compadd() {
	local -a capture_hits
	if [[ ${argv[1,(i)(-|--)]} == *-(O|A|D)\ * ]]; then
		builtin compadd "$@"
		return
	fi
	builtin compadd -A capture_hits "$@"
	((${#capture_hits})) && print -rl -- "<hit>"${^capture_hits}
	builtin compadd "$@"
}
print -r -- "<ready>"
EOF
	cat >"$BATS_FILE_TMPDIR/outer.zsh" <<'EOF'
zmodload zsh/zpty || exit 1
zpty -b z zsh -f -i
zpty -w z "source ${0:h}/inner.zsh"
integer tries
local line seen= state=ready
for ((tries = 0; tries < 2000; tries++)); do
	if ! zpty -r -t z line; then
		sleep 0.01
		continue
	fi
	line=${${line//$'\r'/}%$'\n'}
	if [[ $state == ready ]]; then
		# Not the command's echo, which is quoted.
		[[ $line == *'<ready>' ]] || continue
		zpty -w -n z "$1"$'\t'
		state=hits
	elif [[ $line == *'<end>'* ]]; then
		exit 0
	elif [[ $line == *'<hit>'* ]]; then
		print -r -- "${line#*<hit>}"
	fi
done
exit 1
EOF
}

complete_zsh() {
	zsh -f "$BATS_FILE_TMPDIR/outer.zsh" "$1"
}

# fish offers an option with an optional value in two forms, with and without '='.
complete_fish() {
	fish --no-config -c '
		source $COMPLETIONS_DIR/iouctl.fish
		complete -C $argv[1] | string replace -r "=?(\t.*)?\$" ""' "$1"
}

# expect SHELL LINE WORD...: exactly these are offered, in any order.
expect() {
	local shell=$1 line=$2 got want

	shift 2
	got=$("complete_$shell" "$line" | sed 's/ *$//; /^$/d' | LC_ALL=C sort -u)
	want=$(if [ $# -gt 0 ]; then printf '%s\n' "$@"; fi | LC_ALL=C sort -u)
	if [ "$got" != "$want" ]; then
		echo "$shell, '$line'" >&2
		diff <(echo "$want") <(echo "$got") >&2
		return 1
	fi
}

# The options that the binary lists for a command, long and short, one a line.
help_options() {
	"$IOUCTL" "$1" --help | grep -oE '^ +(-[a-z], )?--[a-z-]+' | grep -oE -- '-[a-z-]+'
}

# The word that ends them, where it is wanted.
option_end() {
	[ "$1" != vm ] || echo --
}

help_commands() {
	"$IOUCTL" --help | sed -n 's/^  \([a-z-]*\) .*/\1/p'
}

# Those that need a value.
help_value_options() {
	"$IOUCTL" "$1" --help | grep -oE '^ +(-[a-z], )?--[a-z-]+=' | grep -oE -- '--[a-z-]+'
}

ring_flags() {
	"$IOUCTL" run --ring-flag="$1" nop-chain 2>&1
}

@test "the help that all is compared with is read right" {
	run help_options run
	for option in --entries --ring-flag --json -q --quiet -h --help; do
		grep -qx -- "$option" <<<"$output"
	done
	run ! grep -q '[^a-z-]' <<<"$output"
	[ "$(help_commands | head -n 1)" = run ]
	help_value_options vm | grep -qx -- --kernel
	run ! grep -qx -- --exec <<<"$(help_value_options vm)"
}

@test "commands" {
	for shell in bash zsh fish; do
		expect $shell "iouctl " $(help_commands)
		expect $shell "iouctl pr" probe
		expect $shell "iouctl nothing "
	done
}

@test "iouctl's own options" {
	expect bash "iouctl -" --help -h --version
	expect zsh "iouctl -" --help -h --version
	expect fish "iouctl --" --help --version
}

@test "bash: the options of each command, '=' where a value is needed" {
	for command in $(help_commands); do
		want=$(help_options "$command")
		for option in $(help_value_options "$command"); do
			want=$(sed "s/^$option\$/$option=/" <<<"$want")
		done
		expect bash "iouctl $command -" $want $(option_end "$command")
	done
}

@test "zsh: the options of each command" {
	for command in $(help_commands); do
		expect zsh "iouctl $command --" $(help_options "$command" | grep -- ^--) \
			$(option_end "$command")
		expect zsh "iouctl $command -" $(help_options "$command") $(option_end "$command")
	done
}

@test "fish: the options of each command" {
	for command in $(help_commands); do
		expect fish "iouctl $command --" $(help_options "$command" | grep -- ^--) \
			$(option_end "$command")
		expect fish "iouctl $command -" $(help_options "$command") $(option_end "$command")
	done
}

@test "loops: names, directories, object files and no others" {
	names=$(iouctl list --names)
	[ -n "$names" ]
	expect bash "iouctl run " $names mine.o bin dir echo liar
	expect zsh "iouctl run " $names mine.o bin dir echo liar
	expect fish "iouctl run " $names mine.o bin/ dir/ echo/ liar/
	for shell in bash zsh fish; do
		expect $shell "iouctl run nop-ch" nop-chain
		expect $shell "iouctl run -q --entries 8 nop-ch" nop-chain
		expect $shell "iouctl run mi" mine.o
		expect $shell "iouctl run oth"
	done
	expect bash "iouctl run dir/" dir/deep.o
	expect fish "iouctl run dir/" dir/deep.o
	expect zsh "iouctl run dir/" deep.o
}

@test "after the loop: no loops, still options, parameters are stepped over" {
	for shell in bash zsh fish; do
		expect $shell "iouctl run nop-chain "
		expect $shell "iouctl run nop-chain count=5 --js" --json
		expect $shell "iouctl run nop-chain --count 5 --js" --json
	done
}

@test "values that nobody knows complete to nothing" {
	for shell in bash zsh fish; do
		expect $shell "iouctl run --entries "
		expect $shell "iouctl run --timeout "
		expect $shell "iouctl vm --memory "
	done
}

@test "ring flags, also after a dash" {
	for shell in bash zsh fish; do
		expect $shell "iouctl run --ring-flag sq-r" sq-rewind
	done
	expect bash "iouctl run --ring-flag -no-s" -no-sqarray
	expect zsh "iouctl run --ring-flag -no-s" -no-sqarray
	# fish takes a word with a dash for an option, unless it is behind '='.
	expect fish "iouctl run --ring-flag=-no-s" --ring-flag=-no-sqarray
	expect bash "iouctl run --ring-flag=sq-r" sq-rewind
	expect zsh "iouctl run --ring-flag=sq-r" sq-rewind
	expect fish "iouctl run --ring-flag=sq-r" --ring-flag=sq-rewind
	flags=$(complete_bash "iouctl run --ring-flag ")
	[ "$(wc -l <<<"$flags")" -ge 20 ]
	expect zsh "iouctl run --ring-flag " $flags
	# fish holds back those with a dash only where it shows them.
	[ "$(complete_fish "iouctl run --ring-flag " | grep -v ^- | sort)" = "$(sort <<<"$flags")" ]
	for flag in $flags; do
		run ring_flags "$flag"
		[[ $output != *"is not a ring flag"* ]]
	done
	run ring_flags no-such-flag
	[[ $output == *"is not a ring flag"* ]]
}

@test "--accel and --json" {
	for shell in bash zsh fish; do
		expect $shell "iouctl vm --accel " auto kvm tcg
	done
	expect bash "iouctl vm --accel=" auto kvm tcg
	expect zsh "iouctl vm --accel=t" tcg
	expect fish "iouctl vm --accel=t" --accel=tcg
	expect bash "iouctl list --json=" pretty
	expect zsh "iouctl list --json=" pretty
	expect fish "iouctl list --json=" --json=pretty
	# Its value is optional, and never a word of its own.
	expect bash "iouctl list --json "
	run ! grep -q pretty <<<"$(complete_zsh "iouctl list --json ")"
	expect fish "iouctl list --json "
}

@test "--kernel takes files, --share directories" {
	expect bash "iouctl vm --kernel vml" vmlinux
	expect bash "iouctl vm --kernel=vml" vmlinux
	expect zsh "iouctl vm --kernel vml" vmlinux
	expect fish "iouctl vm --kernel vml" vmlinux
	expect bash "iouctl vm --share " bin dir echo liar
	expect zsh "iouctl vm --share " bin dir echo liar
	expect fish "iouctl vm --share " bin/ dir/ echo/ liar/
}

@test "vm: the command after -- is completed as one of its own" {
	for shell in bash zsh fish; do
		expect $shell "iouctl vm " --
		expect $shell "iouctl vm -- " $(help_commands)
		expect $shell "iouctl vm --cpus 2 --kernel vmlinux -- pr" probe
		expect $shell "iouctl vm -- run nop-ch" nop-chain
		expect $shell "iouctl vm -- run nop-chain --js" --json
		expect $shell "iouctl vm -- vm -- list --na" --names
	done
	expect bash "iouctl vm -- vm --accel " auto kvm tcg
}

@test "vm --exec: a program after --, then files" {
	for shell in bash zsh fish; do
		expect $shell "iouctl vm --exec -- cksum othe" other.txt
		complete_$shell "iouctl vm --exec -- cksu" | grep -q '^cksum'
		run ! grep -qx probe <<<"$(complete_$shell "iouctl vm --exec -- prob")"
	done
}

@test "names that a shell would act on are not acted on" {
	PATH=$WORK/liar:$PATH
	for shell in bash zsh fish; do
		run "complete_$shell" "iouctl run "
		[ "$status" -eq 0 ]
		grep -q plain <<<"$output"
		[ ! -e owned ]
	done
	# What bash inserts is one word of the command line.
	expect bash "iouctl run x" 'x\;touch\ owned'
}

@test "bash: in readline, up to the command line that is run" {
	PATH=$WORK/echo:$PATH
	keys='iouctl vm --acc\tt\t--js\t -- li\t--na\t\n'
	printf "%s\n$keys""exit\n" 'source $COMPLETIONS_DIR/iouctl.bash' |
		script -qec 'bash --norc --noprofile -i' /dev/null >"$BATS_TEST_TMPDIR/log"
	grep -qF 'GIVEN[vm][--accel=tcg][--json][--][list][--names]' "$BATS_TEST_TMPDIR/log"
}
