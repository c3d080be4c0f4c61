#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# kernel-patches/build: of the series, as far as it builds nothing; and of a series of these tests' own,
# with stand-ins for apt, dpkg and make. And the series as files.

load ../helper

setup() {
	cd "$BATS_TEST_TMPDIR"
	export XDG_CACHE_HOME=$PWD/cache
	patches=$BATS_TEST_DIRNAME/../../kernel-patches
}

# key CONFIG...: what the cache calls what is built of the series with these.
key() {
	cat "$patches"/6.12/[0-9]*.patch "$@" | sha256sum | cut -c 1-16
}

@test "kernel-patches: usage, what there is, and no directory" {
	for arguments in "" "--debug" "5.4" "6.12 6.12" "6.12 --nosuch" "6.12 --out" "../6.12/x"; do
		# shellcheck disable=SC2086
		expect 2 "$patches/build" $arguments
		has "usage: build SERIES [--out DIR] [--debug] [--cached]" "$stderr"
		has "series: 6.12" "$stderr"
		[ -z "$output" ]
	done
	expect 0 "$patches/build" --help
	has "series: 6.12" "$output"
	for arguments in "--out $PWD/nosuch" "--out=$PWD/nosuch" "--out="; do
		# shellcheck disable=SC2086
		expect 1 "$patches/build" 6.12 $arguments
		has "there is no directory" "$stderr"
	done
	expect 1 env -u HOME -u XDG_CACHE_HOME "$patches/build" 6.12 --cached
	has "HOME: it says where the cache is" "$stderr"
	[ ! -e cache ]
}

# built VERSION KEY IMAGE: as if that had been built.
built() {
	local dir=cache/iouctl/kernel-patches/$1_$2
	mkdir -p "$dir/selftest"
	echo image >"$dir/$3"
	echo CONFIG >"$dir/config"
	echo test >"$dir/selftest/loop"
}

@test "kernel-patches: --cached is what was built of this series and configuration, the newest of it" {
	local plain debug
	plain=$(key "$patches/vm.config") debug=$(key "$patches/vm.config" "$patches/debug.config")
	expect 0 "$patches/build" 6.12 --cached
	[ -z "$output$stderr" ]
	for version in 6.12.9-1 6.12.10-1; do built $version "$plain" vmlinux; done
	built 6.12.11-1 0123456789abcdef vmlinux
	mkdir "cache/iouctl/kernel-patches/6.12.12-1_$plain"
	expect 0 "$patches/build" 6.12 --cached
	[ "$output" = "$PWD/cache/iouctl/kernel-patches/6.12.10-1_$plain/vmlinux" ]
	expect 0 "$patches/build" 6.12 --cached --debug
	[ -z "$output" ]
	built 6.12.9-1 "$debug" bzImage
	expect 0 "$patches/build" --debug 6.12 --cached
	[ "$output" = "$PWD/cache/iouctl/kernel-patches/6.12.9-1_$debug/bzImage" ]
	# Where there is more room; a relative one is not to be used.
	mv cache/iouctl roomy
	ln -s "$PWD/roomy" cache/iouctl
	mkdir -- -out
	expect 0 "$patches/build" 6.12 --cached --out -out
	[ "$output" = "$PWD/-out/vmlinux" ]
	[ "$(cat ./-out/vmlinux ./-out/config ./-out/selftest/loop)" = $'image\nCONFIG\ntest' ]
	XDG_CACHE_HOME=cache HOME=$PWD expect 0 "$patches/build" 6.12 --cached
	[ -z "$output" ]
}

@test "kernel-patches: where nothing can be downloaded, it says so, or takes what was built before" {
	local plain
	plain=$(key "$patches/vm.config")
	# No mirror answers there.
	export http_proxy=http://127.0.0.1:9 https_proxy=http://127.0.0.1:9
	expect 1 unshare -rn "$patches/build" 6.12
	has "cannot get the source of the kernel" "$stderr"
	[ -z "$output" ]
	built 6.12.9-1 "$plain" vmlinux
	expect 0 unshare -rn "$patches/build" 6.12
	has "taking what was built of 6.12.9-1" "$stderr"
	[ "$output" = "$PWD/cache/iouctl/kernel-patches/6.12.9-1_$plain/vmlinux" ]
	mkdir out
	expect 0 unshare -rn "$patches/build" 6.12 --out out
	[ "$output" = "$PWD/out/vmlinux" ]
	[ "$(cat out/vmlinux out/config out/selftest/loop)" = $'image\nCONFIG\ntest' ]
	[ -z "$(ls -A cache/iouctl/kernel-patches | grep '^\.build')" ]
}

# stand_in NAME: standard input is a program for PATH.
stand_in() {
	{ echo '#!/bin/bash' && cat; } >"bin/$1"
	chmod +x "bin/$1"
}

# own_series: 1.0, of two patches, whose source apt has, and which make builds: what it was told is in
# made, and it fails at the target in FAILS, or sleeps there for SLEEPS.
own_series() {
	local selftests=tools/testing/selftests/io_uring
	mkdir -p own/{kernel-patches/1.0,src/vm} bin source/linux-1.0/$selftests
	cp "$patches/build" "$patches/packages" own/kernel-patches
	cp "$patches/../src/vm/apt.sh" own/src/vm
	echo CONFIG_VM=y >own/kernel-patches/vm.config
	printf '%s\n' CONFIG_DEBUG=y CONFIG_SLIM=n >own/kernel-patches/debug.config
	printf '%s\n' suite=here package=linux-1.0 >own/kernel-patches/1.0/source
	for nr in 1 2; do
		printf '%s\n' --- "+++ b/loops$nr" '@@ -0,0 +1 @@' "+CONFIG_IO_URING_BPF_OPS=y" \
			>own/kernel-patches/1.0/000$nr.patch
	done
	tar -C source -cJf linux-1.0.tar.xz linux-1.0
	export SOURCE=$PWD/linux-1.0.tar.xz MADE=$PWD/made FAILS='' SLEEPS='' PATH=$PWD/bin:$PATH
	echo 'echo "Version: 1.0.3-1"' | stand_in apt-cache
	stand_in apt-get <<-'EOF'
		case "$*" in
		*indextargets*) echo http://mirror/ ;;
		*download*) touch linux-1.0_1.0.3-1_all.deb ;;
		esac
	EOF
	stand_in dpkg <<-'EOF'
		mkdir -p "$3/usr/src" && cp "$SOURCE" "$3/usr/src"
	EOF
	echo 'echo -n installed' | stand_in dpkg-query
	echo 'cp "$3" "$2"' | stand_in strip
	# The environment is not handed on: what the tests want of it is written in.
	{
		echo "FAILS=\$(cat $PWD/fails 2>/dev/null) SLEEPS=\$(cat $PWD/sleeps 2>/dev/null) MADE=$MADE"
		cat <<-'EOF'
			env | grep -v '^_=\|^PWD=\|^SHLVL=\|^PATH=\|^HOME=\|^LC_ALL=' >>"$MADE.env"
			for word; do
				case $word in
				O=*) o=${word#O=} ;;
				OUTPUT=*) output=${word#OUTPUT=} ;;
				-*) ;;
				*=*) ;;
				*) target=$word ;;
				esac
				case $word in "$FAILS") echo "error: no $word" && exit 2 ;; esac
				case $word in "$SLEEPS") touch "$MADE.asleep" && sleep 61.5 ;; esac
			done
			echo "$target" >>"$MADE"
			case $target in
			tinyconfig) echo CONFIG_SLIM=y >"$o/.config" ;;
			olddefconfig)
				cat loops* "$3"/loops[12] >>"$o/.config" 2>/dev/null
				sed -i '/=n$/d; /^CONFIG_GONE/d' "$o/.config"
				! grep -q CONFIG_DEBUG "$o/.config" || sed -i /CONFIG_SLIM/d "$o/.config"
				;;
			headers) mkdir -p "$o/arch/x86/boot" && echo image | tee "$o/vmlinux" >"$o/arch/x86/boot/bzImage" ;;
			*) [ -z "$output" ] || echo test >"$output/loop" ;;
			esac
		EOF
	} | stand_in make
	own=$PWD/own/kernel-patches kept=$PWD/cache/iouctl/kernel-patches
}

# nothing_but NAME...: what is kept, beside the lock; the rest of a build is gone, and what it ran.
nothing_but() {
	[ "$(ls -A "$kept" | grep -vx .lock | xargs)" = "$*" ]
	run ! pgrep -f '^sleep 61.5'
}

@test "kernel-patches: a kernel is built once, and kept with its configuration and selftest" {
	own_series
	expect 0 env ARCH=arm64 LLVM=1 KCFLAGS=-O0 MAKEFLAGS=k "$own/build" 1.0
	[ "$(<made)" = $'tinyconfig\nolddefconfig\nheaders\n'"$(tail -n 1 made)" ]
	[ ! -s made.env ]
	[[ "$output" == "$kept"/1.0.3-1_*/vmlinux ]]
	[ "$(cat "$output" "${output%/*}/selftest/loop")" = $'image\ntest' ]
	grep -qx CONFIG_VM=y "${output%/*}/config"
	plain=$output
	nothing_but "$(basename "${plain%/*}")"
	rm made
	expect 0 "$own/build" 1.0
	[ "$output" = "$plain" ]
	[ ! -e made ]
	expect 0 "$own/build" 1.0 --debug
	[[ "$output" == "$kept"/1.0.3-1_*/bzImage ]]
	[ "${output%/*}" != "${plain%/*}" ]
	echo CONFIG_MORE=y >>own/kernel-patches/vm.config
	expect 0 "$own/build" 1.0 --cached
	[ -z "$output" ]
}

@test "kernel-patches: what does not apply, is not to be had, or does not build" {
	own_series
	for fails in tinyconfig olddefconfig vmlinux; do
		echo $fails >fails
		expect 1 "$own/build" 1.0
		has "error: no $fails" "$stderr"
		has "it does not build: see $kept/output" "$stderr"
		grep -q "error: no $fails" "$kept/output"
		nothing_but output
	done
	rm fails "$kept/output"
	echo CONFIG_GONE=y >>own/kernel-patches/vm.config
	expect 1 "$own/build" 1.0
	has "the configuration cannot have CONFIG_GONE=y" "$stderr"
	printf '%s\n' CONFIG_SLIM=n >own/kernel-patches/vm.config
	expect 1 "$own/build" 1.0
	has "the configuration cannot be without CONFIG_SLIM" "$stderr"
	echo CONFIG_VM=y >own/kernel-patches/vm.config
	cp own/kernel-patches/1.0/000[12].patch .
	sed -i 's/^@@.*/@@ -1 +1,2 @@\n context/' own/kernel-patches/1.0/0002.patch
	expect 1 "$own/build" 1.0
	has "0002.patch does not apply to linux-1.0 1.0.3-1" "$stderr"
	rm own/kernel-patches/1.0/0002.patch
	sed -i s/BPF_OPS/NO_OPS/ own/kernel-patches/1.0/0001.patch
	expect 1 "$own/build" 1.0
	has "the series has no CONFIG_IO_URING_BPF_OPS" "$stderr"
	cp 000[12].patch own/kernel-patches/1.0
	echo 'case "$*" in *indextargets*) echo http://mirror/ ;; *download*) exit 100 ;; esac' | stand_in apt-get
	expect 1 "$own/build" 1.0
	has "cannot download linux-1.0 1.0.3-1" "$stderr"
	echo 'case "$*" in *indextargets*) echo http://mirror/ ;; *download*) touch linux-1.0_1_all.deb ;; esac' |
		stand_in apt-get
	echo 'exit 2' | stand_in dpkg
	expect 1 "$own/build" 1.0
	has "cannot unpack linux-1.0 1.0.3-1" "$stderr"
	nothing_but ""
}

@test "kernel-patches: no room" {
	own_series
	# In a mount namespace of its own.
	mkdir cache
	# shellcheck disable=SC2016
	expect 1 unshare -rm sh -c 'mount -t tmpfs -o size=8M none "$1" && exec "$2" 1.0' - "$PWD/cache" "$own/build"
	has "no room for 4G" "$stderr"
	[ ! -e made ]
}

@test "kernel-patches: a signal ends a build and all that it runs" {
	own_series
	echo vmlinux >sleeps
	for signal in TERM HUP INT; do
		rm -f made.asleep
		# Whoever runs the tests in the background had SIGINT ignored, and may have SIGHUP.
		env --default-signal=INT,HUP "$own/build" 1.0 >out 2>err 3>&- &
		pid=$!
		until [ -e made.asleep ]; do sleep 0.05; done
		kill -$signal $pid
		begin=$SECONDS status=0
		wait $pid || status=$?
		[ "$status" = $((128 + $(kill -l $signal))) ]
		[ $((SECONDS - begin)) -lt 20 ]
		nothing_but ""
	done
}

@test "kernel-patches: one builds at a time, and the next one takes what is there then" {
	own_series
	echo vmlinux >sleeps
	"$own/build" 1.0 >first.out 2>first.err 3>&- &
	pid=$!
	until [ -e made.asleep ]; do sleep 0.05; done
	"$own/build" 1.0 >second.out 2>second.err 3>&- &
	second=$!
	until [ -s second.err ]; do sleep 0.05; done
	has "another build is under way; waiting for it" "$(<second.err)"
	# What a killed one left has no owner: the next one does not wait for it.
	rm sleeps
	kill -KILL $pid
	wait $second
	pkill -KILL -f "$PWD/bin/make"
	pkill -f '^sleep 61.5'
	[[ "$(<second.out)" == "$kept"/1.0.3-1_*/vmlinux ]]
	nothing_but "$(basename "$(dirname "$(<second.out)")")"
}

@test "kernel-patches: each patch of the series has its number, author and sign-off" {
	local nr=0 patch
	for patch in "$patches"/6.12/[0-9]*.patch; do
		nr=$((nr + 1))
		[ "$(basename "$patch" | cut -c 1-4)" = "$(printf %04d $nr)" ]
		grep -q '^From: .* <.*@.*>$' "$patch"
		grep -q '^Signed-off-by: .* <.*@.*>$' "$patch"
	done
	[ "$nr" -ge 8 ]
}
