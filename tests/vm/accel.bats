#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# iouctl vm --accel: what is said and done where KVM does not work. Machines differ, so QEMU is one
# here that fails with KVM in a known way, and else is what it is.

load helper

setup() {
	cd "$BATS_TEST_TMPDIR"
	before=$(traces)
	IOUCTL_KERNEL=$("$IOUCTL" vm --list --json | jq -r '.kernels[] | select(.default) | .path')
	export IOUCTL_KERNEL XDG_CACHE_HOME=$PWD/cache
	mkdir bin
}

# with_qemu COMMANDS [ACCEL]: a QEMU that does these with KVM, or ACCEL.
with_qemu() {
	local accel=${2-kvm}
	cat >bin/qemu-system-x86_64 <<-END
		#!/bin/bash
		echo run >>$PWD/runs
		if [[ " \$* " == *" -accel $accel"[\ ,]* ]]; then
			echo $accel >>$PWD/runs
			$1
		fi
		exec $(command -v qemu-system-x86_64) "\$@"
	END
	chmod +x bin/qemu-system-x86_64
}

# Each run of iouctl vm says what it does on standard error. Of software emulation's rare boots that
# crash it says so, and has another: not what is looked at here.
list() {
	expect 0 private_dev kvm -- env PATH="$PWD/bin:$PATH" "$IOUCTL" vm "$@" -- list --names
	stderr=$(sed '/the guest did not boot (.*); trying once more$/d' <<<"$stderr")
	[ "$output" = "$("$IOUCTL" list --names)" ]
}

@test "a KVM internal error: software emulation, said, and remembered" {
	with_qemu 'echo "KVM internal error. Suberror: 1" >&2; sleep 100'
	list
	has "KVM does not work here (QEMU: KVM internal error. Suberror: 1)" "$stderr"
	has "using software emulation" "$stderr"
	[ "$(grep -c kvm runs)" = 1 ]
	# Not tried again, and not explained again.
	list
	[ "$stderr" = "iouctl: using software emulation (KVM failed earlier in this boot)" ]
	list -q
	[ -z "$stderr" ]
	[ "$(grep -c kvm runs)" = 1 ]
	# Until the next boot.
	echo 00000000-0000-0000-0000-000000000000 >cache/iouctl/kvm-broken
	list
	has "KVM does not work here" "$stderr"
	[ "$(grep -c kvm runs)" = 2 ]
}

@test "a guest that does not come up with KVM" {
	with_qemu 'exec sleep 100'
	list
	has "KVM does not work here (the guest did not come up in 10.0 s)" "$stderr"
	list
	has "KVM failed earlier in this boot" "$stderr"
}

@test "a QEMU that cannot use KVM" {
	with_qemu 'echo "failed to initialize kvm: Permission denied" >&2; exit 1'
	list
	has "failed to initialize kvm: Permission denied" "$stderr"
}

@test "--accel kvm: exit code 125, and what works" {
	with_qemu 'echo "KVM internal error. Suberror: 1" >&2; sleep 100'
	expect 125 private_dev kvm -- env PATH="$PWD/bin:$PATH" "$IOUCTL" vm --accel kvm -- list
	has "KVM internal error" "$stderr"
	has "--accel tcg" "$stderr"
	# What was asked for is no finding.
	[ ! -e cache/iouctl/kvm-broken ]
}

@test "--accel tcg does not try KVM; without /dev/kvm nothing does" {
	with_qemu 'exit 1'
	list --accel tcg
	[ -z "$stderr" ]
	expect 0 private_dev -- env PATH="$PWD/bin:$PATH" "$IOUCTL" vm -- list --names
	has "no KVM here (/dev/kvm: No such file or directory)" "$stderr"
	run ! grep -q kvm runs
}

@test "a KVM whose memory cannot be kept is tried each time" {
	with_qemu 'echo "KVM internal error. Suberror: 1" >&2; sleep 100'
	echo "no directory" >cache
	list
	list
	has "KVM does not work here" "$stderr"
}

@test "software emulation whose kernel crashes as it boots: another boot, one" {
	# Its serial port is a socket.
	local crash='[[ "$*" =~ id=console,fd=([0-9]+) ]]
		echo "Kernel panic - not syncing: Fatal exception" >&${BASH_REMATCH[1]}
		exit 1'
	with_qemu "[ -e $PWD/crashed ] || { touch $PWD/crashed; $crash; }" tcg
	expect 0 env PATH="$PWD/bin:$PATH" "$IOUCTL" vm --accel tcg -- list --names
	[ "$output" = "$("$IOUCTL" list --names)" ]
	has "the guest did not boot (" "$stderr"
	has "Fatal exception); trying once more" "$stderr"
	[ "$(grep -c tcg runs)" = 2 ]
	rm runs
	with_qemu "$crash" tcg
	expect 125 env PATH="$PWD/bin:$PATH" "$IOUCTL" vm --accel tcg -- list --names
	has "the guest's kernel died: Kernel panic - not syncing: Fatal exception" "$stderr"
	[ "$(grep -c tcg runs)" = 2 ]
}
