# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# For all bats files. tests/run sets BUILD; OBJECTS and TOOLS hold what it built for the tests.

: "${BUILD:?tests are started by tests/run}"
IOUCTL=${IOUCTL:-$BUILD/cmd/iouctl}
OBJECTS=$BUILD/tests/bpf
TOOLS=$BUILD/tests

bats_require_minimum_version 1.5.0

# Loops that this machine or this user has at hand are not the tests'.
unset IOUCTL_LOOP_PATH
export XDG_DATA_HOME=/nonexistent XDG_DATA_DIRS=/nonexistent

# A plain user who holds no capability. The words are for the background: there a function's job is a
# shell, which leaves behind what it waits for when it is killed.
nobody=(setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all)

# as_nobody COMMAND...: the same.
as_nobody() {
	"${nobody[@]}" "$@"
}

# text_of NAME FILE: sets NAME to what $(<FILE) is. A fork takes its time in a guest.
text_of() {
	local text
	IFS= read -r -d '' text <"$2" || :
	while [[ $text == *$'\n' ]]; do text=${text%$'\n'}; done
	printf -v "$1" %s "$text"
}

# expect CODE COMMAND...: run it with $output and $stderr apart, and check the exit code. As bats'
# 'run --separate-stderr', which takes seven forks. A function runs in a subshell. In the background,
# too: each process has its own files.
expect() {
	local code=$1 to=$BATS_TEST_TMPDIR.$BASHPID
	shift
	status=0
	if declare -F "$1" >/dev/null; then
		(set +eE && "$@") >"$to.out" 2>"$to.err" || status=$?
	else
		"$@" >"$to.out" 2>"$to.err" || status=$?
	fi
	text_of output "$to.out"
	text_of stderr "$to.err"
	IFS=$'\n' read -r -d '' -a lines <<<"$output" || :
	if [ "$status" -ne "$code" ]; then
		echo "exit code $status, not $code, of: $*"
		echo "stdout: $output"
		echo "stderr: $stderr"
		return 1
	fi
}

# has TEXT IN...: IN contains TEXT.
has() {
	if [[ "$2" != *"$1"* ]]; then
		echo "no '$1' in: $2"
		return 1
	fi
}

# json FILTER: apply a filter of jq to $output, which must be one document.
json() {
	local code=0
	"$TOOLS/pick" "$1" <<<"$output" || code=$?
	[ "$code" -eq 64 ] || return "$code"
	# More than it knows.
	jq -rs "if length == 1 then .[0] else error(\"not one document\") end | $1" <<<"$output"
}

# example NAME: the source in docs/loops.md whose loop is called so.
example() {
	"$BATS_TEST_DIRNAME/../tools/example" "$1" "$BATS_TEST_DIRNAME/../../docs/loops.md"
}
