#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What 'cmake --install' puts where, and that it needs nothing of the trees it came from.

load ../helper

setup_file() {
	export PREFIX=$BATS_FILE_TMPDIR/prefix
	cmake --install "$BUILD" --prefix "$PREFIX" >/dev/null
}

# cached NAME: what the build directory was configured with.
cached() {
	sed -n "s/^$1:[A-Z]*=//p" "$BUILD/CMakeCache.txt"
}

# All that should be there, relative to the prefix.
expected() {
	local name
	echo bin/iouctl
	for name in $(ls "$BATS_TEST_DIRNAME/../../bpf/include/iouctl"); do
		echo "include/iouctl/$name"
	done
	for name in $("$IOUCTL" list --names); do
		echo "share/iouctl/loops/$name.bpf.c"
	done
	printf 'share/iouctl/loops/%s.bpf.h\n' blocks inflight queue
	for name in CHANGELOG.md LICENSE README.md json.md loops.md; do
		echo "share/doc/iouctl/$name"
	done
	for name in $("$IOUCTL" --help | sed -n 's/^  \([a-z]*\) .*/-\1/p') ""; do
		echo "share/man/man1/iouctl$name.1"
	done
	echo share/man/man7/iouctl-loops.7
	echo share/bash-completion/completions/iouctl
	echo share/fish/vendor_completions.d/iouctl.fish
	echo "$(cached IOUCTL_ZSH_DIR)/_iouctl"
}

# same_files ROOT: the files in ROOT are the expected ones.
same_files() {
	diff <(expected | sort) <(cd "$1" && find . ! -type d -printf '%P\n' | sort)
}

@test "--prefix: every file is in its place, and no other" {
	same_files "$PREFIX"
}

@test "DESTDIR: the same below the prefix of the build" {
	DESTDIR=$BATS_TEST_TMPDIR cmake --install "$BUILD" >/dev/null
	same_files "$BATS_TEST_TMPDIR/$(cached CMAKE_INSTALL_PREFIX)"
}

@test "the binary alone is executable, and all files are readable, whatever the umask" {
	(umask 077 && cmake --install "$BUILD" --prefix "$BATS_TEST_TMPDIR/usr" >/dev/null)
	[ "$(find "$BATS_TEST_TMPDIR/usr" -type f ! -perm 644)" = "$BATS_TEST_TMPDIR/usr/bin/iouctl" ]
	[ "$(stat -c %a "$BATS_TEST_TMPDIR/usr/bin/iouctl")" = 755 ]
}

@test "the installed binary runs, and says the same as the built one" {
	expect 0 "$PREFIX/bin/iouctl" --version
	[ "$output" = "$("$IOUCTL" --version)" ]
	expect 0 "$PREFIX/bin/iouctl" list --json
	[ "$output" = "$("$IOUCTL" list --json)" ]
	expect 2 "$PREFIX/bin/iouctl" run "$BATS_TEST_TMPDIR/none.bpf.o"
	has "No such file" "$stderr"
	expect 5 "$PREFIX/bin/iouctl" run "$OBJECTS/none.bpf.o"
}

@test "nothing that is installed names the source or the build directory" {
	[ "$(cached IOUCTL_SANITIZE)" != ON ] || skip "gcc's sanitizers note where the source is"
	# As whole paths: that of a tree in /src is also the end of "./src".
	for dir in "$(cached CMAKE_HOME_DIRECTORY)" "$BUILD"; do
		run env LC_ALL=C grep -rlaP "(?<![\\w.-])\\Q$dir\\E(?![\\w.-])" "$PREFIX"
		[ "$output" = "" ]
		[ "$status" -eq 1 ]
	done
	run readelf -d "$PREFIX/bin/iouctl"
	[[ "$output" != *RPATH* && "$output" != *RUNPATH* ]]
}

@test "the installed binary builds a loop with the header that was installed beside it" {
	cd "$BATS_TEST_TMPDIR"
	expect 0 "$PREFIX/bin/iouctl" new hello
	expect 0 "$PREFIX/bin/iouctl" build -v hello.bpf.c
	has " -I$PREFIX/include " "$stderr"
	expect 2 "$PREFIX/bin/iouctl" run ./hello.bpf.o nosuch=1
}

@test "the installed sources of loops compile with the installed header alone" {
	for source in "$PREFIX"/share/iouctl/loops/*.bpf.c; do
		clang -target bpf -g -O2 -mcpu=v3 -Wall -Werror -I "$PREFIX/include" \
			-idirafter "/usr/include/$(gcc -dumpmachine)" \
			-c "$source" -o "$BATS_TEST_TMPDIR/loop.bpf.o"
		# Opened before its parameters are checked: a usage error, not a rejected object.
		expect 2 "$PREFIX/bin/iouctl" run "$BATS_TEST_TMPDIR/loop.bpf.o" nosuch=1
		has "nosuch" "$stderr"
	done
}
