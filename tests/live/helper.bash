# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# For tests that run loops, as root, on a kernel that has them.

load ../helper

# What the kernel complains of when something of it broke.
trouble='BUG|WARNING|KASAN|UBSAN|refcount|hung task|Oops|general protection|stalls? on CPU'

# Not ours: a worker thread that the kernel makes within a step inherits that a step may not change
# its processor, which the scheduler finds when it moves the thread before it has run (7.2, 7.3).
known='WARNING: kernel/sched/core\.c:[0-9]+ at set_task_cpu\+'

# Links and maps of loops, pins, and processes; the kernel frees them a moment after the last user.
leftovers() {
	"$TOOLS/loops" || echo "cannot look for loops"
	find /sys/fs/bpf -mindepth 1 2>/dev/null
	pgrep -x iouctl | grep -vx 1 # the micro-VM's init is an iouctl
}

gone() {
	for _ in $(seq 100); do
		[ -n "$(leftovers)" ] || return 0
		sleep 0.05
	done
	echo "left behind: $(leftovers)"
	return 1
}

setup() {
	gone
	dmesg_before=$(dmesg | wc -l)
}

teardown() {
	jobs -p | xargs -r kill -KILL 2>/dev/null
	gone || return 1
	if dmesg | tail -n +$((dmesg_before + 1)) | grep -E "$trouble" | grep -vE "$known"; then
		echo "the kernel complained"
		return 1
	fi
}

# start COMMAND...: in the background, with its output in $BATS_TEST_TMPDIR/{out,err}; sets $pid.
start() {
	"$@" >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" 3>&- &
	pid=$!
}

# finish: wait for it, as expect() does for a command that it runs.
finish() {
	local code=$1
	status=0
	wait "$pid" || status=$?
	output=$(cat "$BATS_TEST_TMPDIR/out")
	stderr=$(cat "$BATS_TEST_TMPDIR/err")
	[ "$status" -eq "$code" ] || {
		echo "exit code $status, not $code; stdout: $output; stderr: $stderr"
		return 1
	}
}

# attached: wait until a loop is bound to a ring.
attached() {
	for _ in $(seq 200); do
		[[ "$("$TOOLS/loops")" != *link* ]] || return 0
		sleep 0.05
	done
	echo "no loop was attached"
	return 1
}

forever=9223372036854775807
