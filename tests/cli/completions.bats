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
	touch "$WORK/mine.o" "$WORK/other.txt" "$WORK/dir/deep.o" "$WORK/vmlinux" "$WORK/mine.bpf.c"
	ln -s "$IOUCTL" "$WORK/bin/iouctl"

	# An iouctl whose loops have names that a shell would act on, and parameters and words too.
	cat >"$WORK/liar/iouctl" <<'EOF'
#!/bin/sh
if [ "$1" = show ]; then
	for name in '$(touch owned)' '`touch owned`' 'x;touch owned' '*' 'x]:a:$(touch owned)' \
		'x]:a:{touch owned}' plain; do
		printf '%s\tchoice\t%s\n' "$name" '$(touch${IFS}owned) `touch${IFS}owned` * x;id plain'
	done
	exit
fi
printf '%s\n' '$(touch owned)' '`touch owned`' 'x;touch owned' '*' 'plain'
EOF
	# An iouctl that says what it was given.
	mkdir "$WORK/teller"
	cat >"$WORK/teller/iouctl" <<'EOF'
#!/bin/sh
printf 'GIVEN'
printf '[%s]' "$@"
echo
EOF
	chmod +x "$WORK/liar/iouctl" "$WORK/teller/iouctl"
	# A loop on the search path.
	export LOOPS=$BATS_FILE_TMPDIR/loops
	mkdir -m 755 "$LOOPS"
	compile "$LOOPS/mine.bpf.o" <<'EOF'
#include <iouctl/loop.bpf.h>
IOU_PARAM_U32(depth, 4, 1, 64, "", "$(touch owned)`touch owned`");
IOU_PARAM_FLAG(sync, 0, "'; touch owned; '");
IOU_PARAM_CHOICE(how, 0, "one|two_b|three", "]:a:{touch owned}");
IOU_PARAM_CHOICES(order, "", "one|two_b|three", "x");
IOU_PARAM_PATHS(list, "x");
IOU_PARAM_INFILE(in, "", "x");
IOU_PARAM_OUTFILE(out, "", "x");
IOU_PARAM_FLAG(timeout, 0, "called as an option of run");
static __always_inline int step(struct iou_ring *ring)
{
	return iou_done(ring) + depth + sync + how + timeout;
}
IOU_LOOP(mine, step, "x", 8, 16);
EOF
	write_zsh_capture
	PATH=$WORK/bin:$PATH
	export PATH
}

# compile FILE: the loop on standard input as an object.
compile() {
	clang -target bpf -g -O2 -mcpu=v3 -I "$BATS_TEST_DIRNAME/../../bpf/include" \
		-idirafter "/usr/include/$(gcc -dumpmachine)" -x c -c - -o "$1"
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
	local capture_end=
	if [[ ${argv[1,(i)(-|--)]} == *-(O|A|D)\ * ]]; then
		builtin compadd "$@"
		return
	fi
	builtin compadd -A capture_hits "$@"
	# What it puts behind a parameter.
	[[ ${argv[1,(i)(-|--)]} == *'-S = '* && ${capture_hits[1]} != -* ]] && capture_end==
	((${#capture_hits})) && print -rl -- "<hit>"${^capture_hits}$capture_end
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
		complete -C $argv[1] | string replace -r "\t.*" "" |
			string replace -r "^(--[^=]*)=\$" "\$1"
		true' "$1"
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
	"$IOUCTL" "$1" --help | grep -oE '^ +(-[a-zA-Z], )?--[a-z-]+' | grep -oE -- '-[a-zA-Z-]+'
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
	"$IOUCTL" "$1" --help | grep -oE '^ +(-[a-zA-Z], )?--[a-z-]+=' | grep -oE -- '--[a-z-]+'
}

ring_flags() {
	"$IOUCTL" run --ring-flag="$1" nop-chain 2>&1
}

@test "the help that all is compared with is read right" {
	run help_options run
	for option in --entries --ring-flag --json -q --quiet -h --help; do
		grep -qx -- "$option" <<<"$output"
	done
	run ! grep -q '[^a-zA-Z-]' <<<"$output"
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
	expect bash "iouctl run " $names mine.o bin dir liar teller
	expect zsh "iouctl run " $names mine.o bin dir liar teller
	expect fish "iouctl run " $names mine.o bin/ dir/ liar/ teller/
	for shell in bash zsh fish; do
		expect $shell "iouctl run nop-ch" nop-chain
		expect $shell "iouctl run -q --entries 8 nop-ch" nop-chain
		expect $shell "iouctl run mine" mine.o
		expect $shell "iouctl run other"
	done
	expect bash "iouctl run dir/" dir/deep.o
	expect fish "iouctl run dir/" dir/deep.o
	expect zsh "iouctl run dir/" deep.o
}

@test "after the loop: no loops, still options, parameters are stepped over" {
	for shell in bash zsh fish; do
		expect $shell "iouctl run nop-chain " count=
		expect $shell "iouctl run nop-chain count=5 " count=
		expect $shell "iouctl run nop-chain count=5 --js" --json
		expect $shell "iouctl run nop-chain --count 5 --js" --json
	done
}

@test "LOOP of every command that takes one, and of no other" {
	for command in $(help_commands); do
		if "$IOUCTL" "$command" --help | grep -q "^Usage: iouctl $command \[OPTION...\] LOOP"; then
			want=nop-chain
		else
			want=
		fi
		for shell in bash zsh fish; do
			# shellcheck disable=SC2086
			expect $shell "iouctl $command nop-chai" $want
		done
	done
	export IOUCTL_LOOP_PATH=$LOOPS
	for shell in bash zsh fish; do
		expect $shell "iouctl show mine" mine mine.o
		expect $shell "iouctl show mine d"
		expect $shell "iouctl show mine --par" --params
	done
}

@test "parameters of a loop: NAME=, --NAME, not where an option has the name" {
	export IOUCTL_LOOP_PATH=$LOOPS
	for shell in bash zsh fish; do
		for line in "mine" "-q --entries 8 mine" "mine how=two_b" "mine --how one" "mine --ops mine" \
			"mine --how=one"; do
			expect $shell "iouctl run $line " depth= how= in= list= order= out= sync= timeout=
		done
		expect $shell "iouctl run mine d" depth=
		expect $shell "iouctl run mine x"
		expect $shell "iouctl run $LOOPS/mine.bpf.o d" depth=
		expect $shell "iouctl run nosuch "
		expect $shell "iouctl run other.txt "
		expect $shell "iouctl vm -- run mine d" depth=
		# Without a loop nobody has parameters.
		expect $shell "iouctl run --dep"
	done
	expect bash "iouctl run mine --d" --depth=
	expect bash "iouctl run mine --tim" --timeout=
	for shell in zsh fish; do
		expect $shell "iouctl run mine --d" --depth
		expect $shell "iouctl run mine --tim" --timeout
		expect $shell "iouctl run mine --" --depth --how --in --list --order --out --sync \
			$(help_options run | grep -- ^--)
	done
}

@test "values of parameters: words, yes and no, files" {
	export IOUCTL_LOOP_PATH=$LOOPS
	expect bash "iouctl run mine how=" one two_b three
	expect zsh "iouctl run mine how=" one two_b three
	expect fish "iouctl run mine how=" how=one how=two_b how=three
	expect bash "iouctl run mine how=t" two_b three
	expect zsh "iouctl run mine --how=t" two_b three
	expect bash "iouctl run mine --how=t" two_b three
	expect fish "iouctl run mine --how=t" --how=two_b --how=three
	expect bash "iouctl run mine order=one,t" one,two_b one,three
	expect zsh "iouctl run mine order=one,t" two_b three
	expect fish "iouctl run mine order=one,t" order=one,two_b order=one,three
	expect fish "iouctl run mine order=tw" order=two_b
	expect bash "iouctl run mine list=oth" other.txt
	expect bash "iouctl run mine list=a,oth" a,other.txt
	expect zsh "iouctl run mine list=a,oth" other.txt
	expect fish "iouctl run mine list=a,oth" list=a,other.txt
	expect bash "iouctl run mine --list=@oth" @other.txt
	expect zsh "iouctl run mine --list=@oth" other.txt
	expect fish "iouctl run mine --list=@oth" --list=@other.txt
	expect bash "iouctl run mine in=oth" other.txt
	expect zsh "iouctl run mine in=oth" other.txt
	expect fish "iouctl run mine in=oth" in=other.txt
	expect bash "iouctl run mine --out=dir/d" dir/deep.o
	expect zsh "iouctl run mine --out=dir/d" deep.o
	expect fish "iouctl run mine --out=dir/d" --out=dir/deep.o
	for shell in bash zsh fish; do
		expect $shell "iouctl run mine --sync " yes no
		expect $shell "iouctl run mine --how tw" two_b
		expect $shell "iouctl run mine --in oth" other.txt
		expect $shell "iouctl run mine --depth "
		expect $shell "iouctl run mine depth="
		expect $shell "iouctl run mine nosuch="
		# That one is run's own.
		expect $shell "iouctl run mine --timeout "
	done
	expect bash "iouctl run mine timeout=" yes no
	expect zsh "iouctl run mine timeout=" yes no
	expect fish "iouctl run mine timeout=" timeout=yes timeout=no
}

@test "a loop in the home directory, and one whose name is quoted" {
	cp "$LOOPS/mine.bpf.o" "$HOME/my.o"
	cp "$LOOPS/mine.bpf.o" "$WORK/dir/a b.o"
	for shell in bash zsh fish; do
		expect $shell "iouctl run ~/my.o d" depth=
	done
	for shell in zsh fish; do
		expect $shell "iouctl run dir/a\\ b.o d" depth=
	done
	rm "$WORK/dir/a b.o"
}

@test "build: directories, C sources and no others, and one of them" {
	expect bash "iouctl build " mine.bpf.c bin dir liar teller
	expect zsh "iouctl build " mine.bpf.c bin dir liar teller
	expect fish "iouctl build " mine.bpf.c bin/ dir/ liar/ teller/
	for shell in bash zsh fish; do
		expect $shell "iouctl build -D X=1 mi" mine.bpf.c
		expect $shell "iouctl build -O " 1 2 3 s z
		expect $shell "iouctl build -o oth" other.txt
	done
	expect bash "iouctl build mine.bpf.c "
	expect fish "iouctl build mine.bpf.c "
	expect bash "iouctl build --include " bin dir liar teller
}

@test "detach and stats: directories, where pins are" {
	for command in detach stats; do
		expect bash "iouctl $command " bin dir liar teller
		expect zsh "iouctl $command di" dir
		expect fish "iouctl $command di" dir/
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
		expect $shell "iouctl vm --accel " auto count kvm tcg
	done
	expect bash "iouctl vm --accel=" auto count kvm tcg
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
	expect bash "iouctl vm --disk vml" vmlinux
	expect bash "iouctl vm --share " bin dir liar teller
	expect zsh "iouctl vm --share " bin dir liar teller
	expect fish "iouctl vm --share " bin/ dir/ liar/ teller/
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
	expect bash "iouctl vm -- vm --accel " auto count kvm tcg
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

@test "nor are a loop's parameters and their words" {
	PATH=$WORK/liar:$PATH
	for shell in bash zsh fish; do
		for line in "" pl x -- --x --plain= "--plain " plain= 'x;touch owned=' '$(touch owned)='; do
			run "complete_$shell" "iouctl run plain $line"
			[ "$status" -eq 0 ]
			[ ! -e owned ]
		done
		grep -q plain <<<"$("complete_$shell" "iouctl run plain pl")"
		grep -q plain <<<"$("complete_$shell" "iouctl run plain plain=")"
	done
	expect bash 'iouctl run plain x\;' 'x\;touch\ owned='
	expect bash "iouctl run plain plain=x" 'x\;id'
	# What zsh takes for a specification has none of them.
	expect zsh "iouctl run plain --pl" --plain
	expect zsh "iouctl run plain --x"
}

@test "nor is what a search path full of ill will has to say" {
	export IOUCTL_LOOP_PATH=$BATS_TEST_TMPDIR/ill
	mkdir -m 755 "$IOUCTL_LOOP_PATH"
	for name in '$(touch owned)' '`touch owned`' ';touch owned;' "'" '*' $'a\nb'; do
		cp "$LOOPS/mine.bpf.o" "$IOUCTL_LOOP_PATH/$name.bpf.o"
	done
	# Names and words as no compiler makes them: of the same length.
	perl -0777 -pe 's/\btwo_b\b/\$(id)/g' "$LOOPS/mine.bpf.o" >"$IOUCTL_LOOP_PATH/word.bpf.o"
	perl -0777 -pe 's/\bdepth\b/`id`;/g' "$LOOPS/mine.bpf.o" >"$IOUCTL_LOOP_PATH/name.bpf.o"
	head -c 20000 /dev/urandom >"$IOUCTL_LOOP_PATH/noise.bpf.o"
	{ head -c 64 "$LOOPS/mine.bpf.o"; head -c 20000 /dev/urandom; } \
		>"$IOUCTL_LOOP_PATH/head.bpf.o"
	cp "$LOOPS/mine.bpf.o" "$IOUCTL_LOOP_PATH"
	for shell in bash zsh fish; do
		# Help texts of this one hold commands.
		expect $shell "iouctl show mine" mine mine.o
		expect $shell "iouctl run mine d" depth=
		for loop in word name noise head; do
			expect $shell "iouctl run $loop"
			expect $shell "iouctl run $loop "
			expect $shell "iouctl run $loop --how "
			expect $shell "iouctl run $IOUCTL_LOOP_PATH/$loop.bpf.o "
		done
		run "complete_$shell" "iouctl run $IOUCTL_LOOP_PATH/"
		[ "$status" -eq 0 ]
		for dir in . "$IOUCTL_LOOP_PATH" "$BATS_TEST_TMPDIR" "$HOME"; do
			[ ! -e "$dir/owned" ]
		done
	done
}

@test "bash: in readline, up to the command line that is run" {
	PATH=$WORK/teller:$PATH
	keys='iouctl vm --acc\tt\t--js\t -- li\t--na\t\n'
	printf "%s\n$keys""exit\n" 'source $COMPLETIONS_DIR/iouctl.bash' |
		script -qec 'bash --norc --noprofile -i' /dev/null >"$BATS_TEST_TMPDIR/log"
	grep -qF 'GIVEN[vm][--accel=tcg][--json][--][list][--names]' "$BATS_TEST_TMPDIR/log"
	# That iouctl has no loops: what a parameter becomes is seen with the real one behind it.
	cat >"$BATS_TEST_TMPDIR/iouctl" <<'EOF'
#!/bin/sh
[ "$1" != run ] || exec "$WORK/teller/iouctl" "$@"
exec "$IOUCTL" "$@"
EOF
	chmod +x "$BATS_TEST_TMPDIR/iouctl"
	keys='iouctl run mine\t.bpf.o\b\b\b\b\b\b ho\ttw\t --sy\ty\t in=oth\t\n'
	export IOUCTL_LOOP_PATH=$LOOPS PATH=$BATS_TEST_TMPDIR:$PATH
	rm mine.o
	printf "%s\n$keys""exit\n" 'source $COMPLETIONS_DIR/iouctl.bash' |
		script -qec 'bash --norc --noprofile -i' /dev/null >"$BATS_TEST_TMPDIR/log"
	touch mine.o
	grep -qF 'GIVEN[run][mine][how=two_b][--sync=yes][in=other.txt]' "$BATS_TEST_TMPDIR/log"
}

@test "bench: jobs, and the parameters of each" {
	jobs=$("$IOUCTL" bench --json | jq -r '.jobs[].name')
	for shell in bash zsh fish; do
		# shellcheck disable=SC2086
		expect $shell "iouctl bench " $jobs
		expect $shell "iouctl bench nop-b" nop-batch
		expect $shell "iouctl bench nop-batch d" depth=
		expect $shell "iouctl bench --rounds 3 nop-batch count=1 d" depth=
	done
	expect bash "iouctl bench nop-batch depth="
	expect zsh "iouctl bench nop-batch depth="
}
