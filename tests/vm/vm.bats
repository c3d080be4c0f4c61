#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# iouctl vm, from the host's side: each test boots a kernel, unless it is about one that does not.

load helper

@test "run: the same output, streams and exit code as on a kernel with loops" {
	expect 0 vm -- run nop-chain --count 12345 --json
	[ "$(json '.stats.completed, .run.enter_calls')" = $'12345\n1' ]
	expect 2 vm -- run nop-chain --count 0
	[ -z "$output" ]
	has "count=0 is out of range" "$stderr"
	expect 5 vm -- run "$OBJECTS/rejected.bpf.o" --json
	[ "$(json .exit)" = 5 ]
}

@test "arguments, directory and environment arrive unchanged" {
	mkdir "a dir with 'quotes'"
	cd "a dir with 'quotes'"
	export GREETING=$'two\nlines'
	expect 0 vm --exec -- sh -c 'printf "%s|" "$PWD" "$GREETING" "$@"' sh \
		'' 'a b' "it's" '"q"' $'new\nline' '$HOME' '*' '\' 'ünï' -- --x
	[ "$output" = "$PWD|$GREETING||a b|it's|\"q\"|"$'new\nline|$HOME|*|\\|ünï|--|--x|' ]
}

@test "a loop named by a relative path" {
	mkdir "my loops"
	cp "$OBJECTS/two.bpf.o" "my loops/two loops.bpf.o"
	cd "my loops"
	expect 0 vm -- run "./two loops.bpf.o" --ops one --json
	[ "$(json .loop.source)" = "./two loops.bpf.o" ]
}

@test "streams are binary-clean, in both directions, and stay apart" {
	head -c 20000000 /dev/urandom >random
	sum=$(sha256sum <random)
	out=$(vm --exec -- sh -c 'tee /dev/stderr' <random 2>err | sha256sum)
	[ "$out" = "$sum" ]
	# Notes of this tool's own may come first.
	[ "$(tail -c 20000000 err | sha256sum)" = "$sum" ]
}

@test "exit codes and signals of the command" {
	expect 0 vm --exec -- true
	expect 77 vm --exec -- sh -c 'exit 77'
	expect 137 vm --exec -- sh -c 'kill -KILL $$'
	expect 143 vm --exec -- sh -c 'kill -TERM $$'
}

@test "a signal reaches the command, which ends in its own way" {
	"$IOUCTL" vm --exec -- sh -c "$endless" "$IOUCTL" --json >out 2>err 3>&- &
	pid=$!
	started err
	kill -TERM $pid
	status=0
	wait $pid || status=$?
	output=$(<out)
	[ $status -eq 143 ]
	[ "$(json '.run.stop.reason, .run.stop.signal')" = $'interrupted\nSIGTERM' ]
	[ "$(json '.stats.completed > 1000')" = true ]
}

@test "^C on a terminal reaches the command" {
	export IOUCTL endless
	{ started out; printf '\003'; sleep 10; } | timeout 100 script -qefc \
		'"$IOUCTL" vm --exec -- sh -c "$endless" "$IOUCTL"; echo "code $?"' out >/dev/null || true
	cat out
	grep -q "interrupted by SIGINT" out
	grep -q "of 9,223,372,036,854,775,807 requests" out
}

@test "output closed early" {
	run bash -c "\"$IOUCTL\" vm --exec -- sh -c 'yes; exit 3' 2>/dev/null | head -c 100000 | wc -c; echo \${PIPESTATUS[0]}"
	[ "${lines[0]}" = 100000 ]
	[ "${lines[1]}" = 3 ]
	# The command itself dies by SIGPIPE, and so does iouctl.
	run bash -c "\"$IOUCTL\" vm --exec -- yes 2>/dev/null | head -c 100000 | wc -c; echo \${PIPESTATUS[0]}"
	[ "${lines[1]}" = 141 ]
}

@test "SIGKILL of iouctl leaves nothing" {
	"$IOUCTL" vm --exec -- sh -c 'echo loop-started >&2; sleep 60' 2>err 3>&- &
	pid=$!
	started err
	kill -KILL $pid
	wait $pid || true
}

@test "root in the guest writes nothing on the host, but in --share" {
	mkdir shared
	write_attack
	expect 0 vm --share shared --exec -- sh attack.sh
	check_attack
}

@test "submounts of the host are read-only too, and those of /dev are not there" {
	mkdir mnt
	# In a mount namespace of its own, so that nothing is left on the host.
	cat >outer.sh <<-'END'
		mount -t tmpfs tmpfs mnt
		echo host >mnt/file
		"$IOUCTL" vm --exec -- sh -c 'cat mnt/file; echo x 2>/dev/null >mnt/file && echo wrote;
			mount -o remount,rw mnt 2>/dev/null; echo x 2>/dev/null >mnt/file && echo wrote; ls /dev | wc -l'
		cat mnt/file
	END
	export IOUCTL
	run --separate-stderr unshare -m sh outer.sh
	[ "${lines[0]}" = host ]
	[ "${lines[1]}" -gt 5 ]
	[ "${lines[2]}" = host ]
	[ "${#lines[@]}" -eq 3 ]
}

@test "--disk: in order, written here, clean when the command left it mounted, nobody else's meanwhile" {
	truncate -s 32M 'a,b.img'
	truncate -s 1536 'c:ro'
	printf third >>c:ro
	truncate -s 2048 'c:ro'
	mkfs.ext4 -q 'a,b.img'
	# What is below reaches into the guest's own files, and the other guest does not boot.
	vm --disk 'a,b.img' --disk c:ro --share . --exec -- sh -ec '
		mkdir /run/mnt
		mount /dev/disk0 /run/mnt
		echo hello >/run/mnt/file
		dd if=/dev/disk1 bs=512 skip=3 status=none | tr -d "\0"
		printf fourth | dd of=/dev/disk1 bs=512 seek=1 conv=notrunc,fsync status=none
		echo booted >booted
		while [ ! -e done ]; do sleep 0.1; done' >out 2>err 3>&- &
	pid=$!
	for _ in $(seq 600); do
		[ ! -e booted ] || break
		sleep 0.1
	done
	(expect 125 vm --disk c:ro -- list && has "another program has locked it" "$stderr") || code=$?
	touch done
	wait $pid
	[ -z "${code-}" ]
	[ "$(<out)" = third ]
	expect 0 fsck.ext4 -fn 'a,b.img'
	run ! grep -qi recover <<<"$output$stderr"
	[ "$(debugfs -R 'cat file' 'a,b.img' 2>/dev/null)" = hello ]
	[ "$(dd if=c:ro bs=512 skip=1 count=1 status=none | tr -d '\0')" = fourth ]
}

@test "--timeout: exit code 124" {
	expect 124 vm --timeout 8s --exec -- sleep 60
	has "8" "$stderr"
	expect 124 vm --timeout 1s -- run nop-chain --json
	[ "$(json '.schema, .exit')" = $'iouctl.error/1\n124' ]
}

@test "--boot-timeout: a kernel that is too slow is not tried again" {
	expect 125 vm --boot-timeout 500ms -- list
	[[ "$stderr" =~ "the guest did not come up in 500"(\.0)?" ms" ]]
	[[ "$stderr" != *"once more"* ]]
	expect 0 vm --boot-timeout 2m -- list
}

@test "options of the machine: --cpus, --memory, --kernel-arg" {
	expect 0 vm --cpus 1 --memory 512M --kernel-arg iouctl.test=1 --exec -- \
		sh -c 'nproc; grep -c iouctl.test=1 /proc/cmdline; grep MemTotal /proc/meminfo'
	[ "${lines[0]}" = 1 ]
	[ "${lines[1]}" = 1 ]
	[[ "${lines[2]}" =~ \ [34][0-9]{5}\ kB ]]
}

@test "no kernel, no QEMU, no virtiofsd: exit code 125, what is missing" {
	expect 125 vm --kernel /nonexistent -- list
	has "/nonexistent" "$stderr"
	expect 125 vm --kernel /etc/passwd -- list
	mkdir bin
	for tool in sh ls; do ln -s "$(command -v $tool)" bin/; done
	expect 125 env PATH="$PWD/bin" "$IOUCTL" vm -- list
	has qemu "$stderr"
	expect 125 vm --kernel /nonexistent --json -- list
	[ "$(json '.schema, .stage, .exit')" = $'iouctl.error/1\nvm\n125' ]
}

@test "a guest that panics: exit code 125, with the console's last lines" {
	expect 125 vm --kernel-arg init=/nonexistent -- list
	has "panic" "$stderr"
	expect 125 vm --exec -- sh -c 'echo c >/proc/sysrq-trigger; sleep 30'
	has "panic" "$stderr"
}

@test "several at once" {
	for i in 1 2; do
		vm -- run nop-chain --count $i --json >out$i 2>err$i 3>&- &
	done
	wait
	cat err1 err2
	[ "$(jq .stats.completed out1)" = 1 ]
	[ "$(jq .stats.completed out2)" = 2 ]
}

@test "check --kernel: the same verdicts as behind vm --" {
	kernel=$("$IOUCTL" vm --list --json | jq -r '[.kernels[] | select(.loops)][0].path')
	expect 0 "$IOUCTL" check nop-chain --kernel "$kernel" --json
	[ "$(json '.schema, .verdict')" = $'iouctl.check/1\naccepted' ]
	expect 5 "$IOUCTL" check --kernel="$kernel" "$OBJECTS/rejected.bpf.o"
	has "rejected.bpf.c:15" "$stderr"
	expect 125 "$IOUCTL" check nop-chain --kernel /nonexistent
}
