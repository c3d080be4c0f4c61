#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The tests of the tests: what the live suite relies on finds what it should.

load helper

@test "a loop that is left attached is found" {
	start "$IOUCTL" run nop-chain --count $forever
	attached
	expect 1 "$TOOLS/loops" left
	[[ "$output" == "link "*$'\nmap '*$'\nprocess '"$pid" ]]
	kill -KILL $pid
	finish 137
	gone
}

@test "a pin that is left is found" {
	mount -t bpf none /sys/fs/bpf
	mkdir /sys/fs/bpf/left
	expect 1 "$TOOLS/loops" left
	rmdir /sys/fs/bpf/left
	umount /sys/fs/bpf
	[ "$output" = /sys/fs/bpf/left ]
}

@test "a complaint in the kernel log is found, but for the known one" {
	echo "iouctl test: all is well" >/dev/kmsg
	echo "WARNING: kernel/sched/core.c:3333 at set_task_cpu+0x1/0x2, CPU#1: iou-wrk-1/1" >/dev/kmsg
	gone "$log_from" "$trouble" "$known"
	echo "WARNING: this is a test of the tests" >/dev/kmsg
	expect 1 gone "$log_from" "$trouble" "$known"
	[ "$output" = "the kernel complained: WARNING: this is a test of the tests" ]
	# Not for teardown().
	quiet
}
