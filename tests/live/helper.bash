# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# For tests that run loops, as root, on a kernel that has them.

load ../helper

load ../live/trouble

# Not ours: a worker thread that the kernel makes within a step inherits that a step may not change
# its processor, which the scheduler finds when it moves the thread before it has run (7.2, 7.3).
known='WARNING: kernel/sched/core\.c:[0-9]+ at set_task_cpu\+'

# Waits until no loop, pin or process of an earlier test is there; the kernel frees them a moment
# after the last user.
# What the kernel's log says from now on is this test's.
quiet() {
	log_from=$("$TOOLS/loops" gone) || {
		echo "$log_from"
		return 1
	}
}

setup() {
	quiet
}

# After a test: ends what it started, and looks at what it left and at what the kernel said.
tidy() {
	# shellcheck disable=SC2046
	[ -z "${!-}" ] || kill -KILL $(jobs -p) 2>/dev/null || :
	gone "$log_from" "$trouble" "$known"
}

teardown() {
	tidy
}

# gone [RECORD TROUBLE KNOWN]: nothing is left behind, and the kernel did not complain since.
gone() {
	"$TOOLS/loops" gone "$@"
}

# Loops by a patch, on a kernel that does some of io_uring otherwise: kernel-patches/README.md.
patched=$(grep -c bpf_io_uring_wake /sys/kernel/btf/vmlinux) || :
is_patched() {
	[ "$patched" -gt 0 ]
}

# Jobs of tests/tools/app that such a kernel does not do as later ones do, whether there is a loop or
# not: what is behind a drain may be done before it, and rings have one size.
without=()
! is_patched || without=(--without drain --without resize)

# does JOB: the kernel does it as later ones do.
does() {
	[[ " ${without[*]} " != *" $1 "* ]]
}

# in_flight N: what is said of a ring with so many requests under way, if the kernel counts them.
in_flight() {
	if is_patched; then echo null; else echo "$1"; fi
}

# start COMMAND...: in the background, with its output in $BATS_TEST_TMPDIR/{out,err}; sets $pid.
start() {
	"$@" >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" 3>&- &
	pid=$!
}

# finish CODE: wait for it, as expect() does for a command that it runs.
finish() {
	local code=$1
	status=0
	wait "$pid" || status=$?
	text_of output "$BATS_TEST_TMPDIR/out"
	text_of stderr "$BATS_TEST_TMPDIR/err"
	[ "$status" -eq "$code" ] || {
		echo "exit code $status, not $code; stdout: $output; stderr: $stderr"
		return 1
	}
}

# attached: wait until a loop is bound to a ring.
attached() {
	"$TOOLS/loops" attached
}

# disk: mounts at ./disk the empty ext4 that tests/run made: in a guest it is a disk, elsewhere an
# image.
disk() {
	local loop=()
	[ -b "${DISK:?it names the ext4 of these tests: see tests/run}" ] || loop=(-o loop)
	mkdir disk
	mount -t ext4 "${loop[@]}" "$DISK" disk
}

# For teardown: what is on the disk goes.
leave_disk() {
	cd "$BATS_TEST_TMPDIR" || return
	[ -d disk/lost+found ] || return 0
	rm -rf disk/[!l]*
	umount disk
}

# sectors FIELD: how many of 512 bytes were read (2) or written (6) on the disk since the boot.
sectors() {
	local device fields
	device=$(mountpoint -d disk)
	read -ra fields <"/sys/dev/block/$device/stat"
	echo "${fields[$1]}"
}

forever=9223372036854775807
