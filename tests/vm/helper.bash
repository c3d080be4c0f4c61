# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# For tests of the micro-VM from the host's side, as root.

load ../helper

setup() {
	cd "$BATS_TEST_TMPDIR"
	export IOUCTL_TEST_MARK=$BATS_TEST_TMPDIR
	before=$(traces | sort)
}

teardown() {
	for _ in $(seq 50); do
		left=$(comm -13 - <(traces | sort) <<<"$before")
		[ -n "$left" ] || return 0
		sleep 0.1
	done
	echo "left behind: $left"
	return 1
}

# What a micro-VM could leave: processes, mounts, files. QEMU has an environment of its own, but
# the directory that it was started in (which may be seen from outside of a chroot).
traces() {
	local process
	# Nor does virtiofsd have that; but it is in the session of who started it.
	for process in $(pgrep -x virtiofsd); do
		[ -d "/proc/$(ps -o sid= -p "$process" | tr -d ' ')" ] || ps -o args= -p "$process"
	done
	for process in $(pgrep qemu-system); do
		[[ $(readlink "/proc/$process/cwd") != *"$BATS_TEST_TMPDIR"* ]] || ps -o args= -p "$process"
	done
	grep -lsz "^IOUCTL_TEST_MARK=$BATS_TEST_TMPDIR\$" /proc/[0-9]*/environ |
		while IFS=/ read -r _ _ process _; do
			[ "$(ps -o comm= -p "$process")" != iouctl ] || ps -o args= -p "$process"
		done
	grep -E 'iouctl|virtiofs' /proc/self/mounts
	find /tmp /run /var/run /dev/shm ${TMPDIR:+"$TMPDIR"} -maxdepth 1 -newer "$BATS_RUN_TMPDIR" \
		-name '*iouctl*' ! -name 'iouctl-tests.*' 2>/dev/null
	true
}

# A loop that never ends, which says on standard error that it is about to start.
endless='echo loop-started >&2; exec "$0" run nop-chain --count 9223372036854775807 "$@"'

# started FILE: wait for that, and for the loop.
started() {
	for _ in $(seq 300); do
		! grep -q '^loop-started' "$1" || break
		sleep 0.2
	done
	sleep 4
}

vm() {
	"$IOUCTL" vm "$@"
}

# Where tests as another user find the kernel and the program, which may lie where only root may
# look.
for_everybody() {
	chmod 755 "$BATS_RUN_TMPDIR" "$BATS_FILE_TMPDIR" "$BATS_TEST_TMPDIR" "${BATS_TEST_TMPDIR%/*}"
	cp "$IOUCTL" iouctl
	cp "$("$IOUCTL" vm --list --json | jq -r '.kernels[] | select(.default) | .path')" kernel
	chmod 644 kernel
	mkdir home shared
	chown 65534:65534 home shared
	export HOME=$PWD/home IOUCTL_KERNEL=$PWD/kernel XDG_CACHE_HOME=
}

# private_dev [kvm] -- COMMAND...: under a /dev of its own, with a /dev/kvm that is none, or without.
private_dev() {
	# shellcheck disable=SC2016
	unshare -m bash -euc '
		work=$PWD/dev.$$ kvm=
		mkdir "$work"
		mount -t tmpfs -o mode=755 dev "$work"
		for node in null:3 zero:5 full:7 random:8 urandom:9; do
			mknod -m 666 "$work/${node%:*}" c 1 "${node#*:}"
		done
		mknod -m 666 "$work/tty" c 5 0
		mkdir -m 1777 "$work/shm"
		[ "$1" != kvm ] || { shift; mknod -m 666 "$work/kvm" c 1 3; }
		shift
		mount --move "$work" /dev
		rmdir "$work"
		exec "$@"' bash "$@"
}

# What a guest must not get done; it prints what it could do. $PWD/shared is a share.
write_attack() {
	cat >attack.sh <<-'END'
		for f in /etc/iouctl-test /tmp/iouctl-test /usr/iouctl-test /var/iouctl-test "$PWD/iouctl-test"; do
			echo x 2>/dev/null >"$f" && echo "wrote $f"
		done
		mount -o remount,rw / 2>/dev/null
		mount -o remount,rw,bind / 2>/dev/null
		mount -o remount,rw,bind "$PWD" 2>/dev/null
		for f in /etc/iouctl-test /tmp/iouctl-test victim; do
			echo x 2>/dev/null >>"$f" && echo "wrote $f after remount"
		done
		mkdir iouctl-test-dir 2>/dev/null && echo "made a directory"
		mknod iouctl-test-fifo p 2>/dev/null && echo "made a fifo"
		ln victim iouctl-test-link 2>/dev/null && echo "made a link"
		ln -s victim iouctl-test-symlink 2>/dev/null && echo "made a symlink"
		mv victim moved 2>/dev/null && echo "mv worked"
		chmod 777 victim 2>/dev/null && echo "chmod worked"
		chown 1 victim 2>/dev/null && echo "chown worked"
		touch -d 2001-01-01 victim 2>/dev/null && echo "touch worked"
		truncate -s 0 victim 2>/dev/null && echo "truncate worked"
		rm -f victim 2>/dev/null && echo "rm worked"
		[ "$(cat victim)" = content ] || echo "the victim changed"
		# The guest's own: these may change, there.
		echo guest >/proc/sys/kernel/core_pattern
		echo 0 >/sys/kernel/mm/ksm/run 2>/dev/null
		echo x >/dev/shm/iouctl-test
		echo x >/run/iouctl-test
		mknod shared/null c 1 3 2>/dev/null && echo x 2>/dev/null >shared/null && echo "a device in the share"
		echo x >"$TMPDIR/file" || echo "TMPDIR cannot be written"
		echo shared >shared/file || echo "the share cannot be written"
		ls -d /proc/1 /sys/kernel /dev/null >/dev/null || echo "no proc, sys or dev"
	END
	echo content >victim
	chmod 666 victim
	core_pattern=$(cat /proc/sys/kernel/core_pattern)
	victim=$(stat -c '%a %u %Y %s' victim)
}

# And that it did not.
check_attack() {
	[ -z "$output" ]
	[ "$(cat shared/file)" = shared ]
	[ "$(cat /proc/sys/kernel/core_pattern)" = "$core_pattern" ]
	[ "$(stat -c '%a %u %Y %s' victim)" = "$victim" ]
	for f in /etc /tmp /usr /var /dev/shm /run .; do
		[ -z "$(find "$f" -maxdepth 1 -name 'iouctl-test*' ! -name 'iouctl-tests.*')" ]
	done
}
