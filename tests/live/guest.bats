#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The tests of the tests: what the live suite relies on finds what it should.

load helper

@test "a loop that is left attached is found" {
	start "$IOUCTL" run nop-chain --count $forever
	attached
	[ -n "$(leftovers)" ]
	kill -KILL $pid
	finish 137
	gone
}

@test "a complaint in the kernel log is found" {
	before=$(dmesg | wc -l)
	echo "WARNING: this is a test of the tests" >/dev/kmsg
	dmesg | tail -n +$((before + 1)) | grep -qE "$trouble"
	# Not for teardown().
	dmesg_before=$(dmesg | wc -l)
}
