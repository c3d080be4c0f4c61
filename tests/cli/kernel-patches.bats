#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# kernel-patches/build, as far as it builds nothing, and the series as files.

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
		expect 1 "$patches/build" $arguments
		has "usage: build SERIES [--out DIR] [--debug] [--cached]" "$stderr"
		has "series: 6.12" "$stderr"
		[ -z "$output" ]
	done
	expect 1 "$patches/build" 6.12 --out "$PWD/nosuch"
	has "there is no directory '$PWD/nosuch'" "$stderr"
	[ ! -e cache ]
}

@test "kernel-patches: --cached is what was built of this series and configuration, the newest of it" {
	local plain debug
	plain=$(key "$patches/vm.config") debug=$(key "$patches/vm.config" "$patches/debug.config")
	expect 0 "$patches/build" 6.12 --cached
	[ -z "$output$stderr" ]
	mkdir -p cache/iouctl/kernel-patches/{6.12.9-1_$plain,6.12.10-1_$plain,6.12.11-1_0123456789abcdef}
	expect 0 "$patches/build" 6.12 --cached
	[ "$output" = "$PWD/cache/iouctl/kernel-patches/6.12.10-1_$plain/vmlinux" ]
	expect 0 "$patches/build" 6.12 --cached --debug
	[ -z "$output" ]
	mkdir "cache/iouctl/kernel-patches/6.12.9-1_$debug"
	expect 0 "$patches/build" --debug 6.12 --cached
	[ "$output" = "$PWD/cache/iouctl/kernel-patches/6.12.9-1_$debug/bzImage" ]
}

@test "kernel-patches: where nothing can be downloaded, it says so, or takes what was built before" {
	local plain
	plain=$(key "$patches/vm.config")
	# No mirror answers there.
	export http_proxy=http://127.0.0.1:9 https_proxy=http://127.0.0.1:9
	expect 1 unshare -rn "$patches/build" 6.12
	has "cannot get the source of the kernel" "$stderr"
	[ -z "$output" ]
	mkdir -p "cache/iouctl/kernel-patches/6.12.9-1_$plain"
	echo image >"cache/iouctl/kernel-patches/6.12.9-1_$plain/vmlinux"
	echo CONFIG >"cache/iouctl/kernel-patches/6.12.9-1_$plain/config"
	expect 0 unshare -rn "$patches/build" 6.12
	[ "$output" = "$PWD/cache/iouctl/kernel-patches/6.12.9-1_$plain/vmlinux" ]
	mkdir out
	expect 0 unshare -rn "$patches/build" 6.12 --out out
	[ "$output" = "$PWD/out/vmlinux" ]
	[ "$(cat out/vmlinux out/config)" = $'image\nCONFIG' ]
	[ -z "$(ls -A cache/iouctl/kernel-patches | grep '^\.build')" ]
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
