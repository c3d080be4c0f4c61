#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# iouctl vm where less is allowed than to root: a plain user, with and without user namespaces, and
# root in a container.

load helper

user_namespaces() {
	as_nobody unshare -Urm true 2>/dev/null
}

# The user nobody, in supplementary groups, as people are.
as_user() {
	setpriv --reuid 65534 --regid 65534 --groups 24,65534 --inh-caps=-all "$@"
}

contained() {
	"$TOOLS/contain" "$@"
}

@test "the container of these tests refuses what containers refuse" {
	expect 1 contained unshare -m true
	expect 1 contained unshare -Ur true
	run ! contained mount -t tmpfs none .
	expect 4 contained "$IOUCTL" probe --json
	[ "$(json '.checks[] | select(.id == "seccomp-bpf") | .answer')" = no ]
}

@test "a plain user: in a user namespace" {
	user_namespaces || skip "this kernel lets plain users make no namespaces"
	for_everybody
	expect 0 as_user ./iouctl vm -v -- run nop-chain --count 77 --json
	[ "$(json .stats.completed)" = 77 ]
	has "isolation: user, mount and PID namespaces" "$stderr"
}

@test "a plain user: what was written is theirs, and what they may not read stays so" {
	user_namespaces || skip "this kernel lets plain users make no namespaces"
	for_everybody
	echo secret >secret
	chmod 600 secret
	write_attack
	chmod 666 victim
	cat >>attack.sh <<-'END'
		cat secret 2>/dev/null && echo "read what is root's"
		cat /etc/shadow >/dev/null 2>&1 && echo "read /etc/shadow"
		mkdir shared/dir && echo x >shared/dir/file
	END
	victim=$(stat -c '%a %u %Y %s' victim)
	expect 0 as_user ./iouctl vm --share shared --exec -- sh attack.sh
	check_attack
	[ "$(stat -c %u:%g shared/dir/file)" = 65534:65534 ]
}

@test "a plain user: a disk in a file of theirs" {
	user_namespaces || skip "this kernel lets plain users make no namespaces"
	for_everybody
	truncate -s 1M shared/image
	chown 65534:65534 shared/image
	chmod 600 shared/image
	expect 0 as_user ./iouctl vm --disk shared/image --exec -- sh -c 'echo theirs >/dev/disk0'
	[ "$(head -c 6 shared/image)" = theirs ]
	[ "$(stat -c %s shared/image)" = 1048576 ]
}

@test "a plain user without user namespaces: what to do" {
	for_everybody
	# The filter of the container, and none of root's capabilities.
	run --separate-stderr contained setpriv --reuid 65534 --regid 65534 --clear-groups \
		--bounding-set=-all ./iouctl vm -v -- list --names
	if [ "$status" -eq 0 ]; then
		# A virtiofsd that can do without chroot.
		[ "$output" = "$("$IOUCTL" list --names)" ]
		has "a filter of system calls" "$stderr"
	else
		[ "$status" -eq 125 ]
		has "cannot make a process with user, mount and PID namespaces" "$stderr"
		has "wants chroot(2)" "$stderr"
		has "user.max_user_namespaces" "$stderr"
	fi
}

@test "a container: a filter of system calls" {
	expect 0 contained "$IOUCTL" vm -v -- run nop-chain --count 55 --json
	[ "$(json .stats.completed)" = 55 ]
	has "isolation: a filter of system calls, and no namespaces" "$stderr"
}

@test "a container: root in the guest writes nothing on the host, but in --share" {
	mkdir shared
	write_attack
	# There is no tree without /proc here, so look at more than the usual.
	cat >>attack.sh <<-'END'
		umount -l /proc
		echo x 2>/dev/null >/proc/sys/kernel/core_pattern && echo "wrote the host's /proc"
		exit 0
	END
	expect 0 contained "$IOUCTL" vm --share shared --exec -- sh attack.sh
	check_attack
	for f in */ ; do [ "$f" = shared/ ]; done
}

@test "a container: exit codes, signals, streams, paths with spaces" {
	mkdir "a dir"
	cp "$IOUCTL" "a dir/the iouctl"
	cp "$OBJECTS/two.bpf.o" "a dir/two loops.bpf.o"
	cd "a dir"
	expect 0 contained "./the iouctl" vm -- run "./two loops.bpf.o" --ops one --json
	[ "$(json .loop.source)" = "./two loops.bpf.o" ]
	expect 143 contained "./the iouctl" vm --exec -- sh -c 'kill -TERM $$'
	head -c 5000000 /dev/urandom >random
	[ "$(contained "./the iouctl" vm --exec -- cat <random 2>err | sha256sum)" = "$(sha256sum <random)" ]
}

@test "a container: SIGKILL of iouctl leaves nothing" {
	# A guest in which nothing else runs any more cannot see that it is alone, and power off.
	"$TOOLS/contain" "$IOUCTL" vm --cpus 1 --exec -- sh -c 'echo -1 >/proc/sys/kernel/sched_rt_runtime_us
		echo loop-started >&2; sleep 1; exec chrt -f 99 sh -c "while :; do :; done"' 2>err 3>&- &
	pid=$!
	started err
	[ "$(traces)" != "$before" ]
	kill -KILL $pid
	wait $pid || true
}

@test "a container without /dev/kvm" {
	export XDG_CACHE_HOME=$PWD/cache IOUCTL_KERNEL
	IOUCTL_KERNEL=$(XDG_CACHE_HOME='' "$IOUCTL" vm --list --json | jq -r '.kernels[] | select(.default) | .path')
	expect 0 private_dev -- "$TOOLS/contain" "$IOUCTL" vm -- list --names
	[ "$output" = "$("$IOUCTL" list --names)" ]
	has "no KVM here" "$stderr"
	[ ! -e cache/iouctl/kvm-broken ]
}
