#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# iouctl build: what it makes, what it refuses, and that it leaves nothing half done.

load ../helper

top=$BATS_TEST_DIRNAME/../..

setup() {
	mkdir "$BATS_TEST_TMPDIR/work"
	cd "$BATS_TEST_TMPDIR/work" || return
	cat >ok.bpf.c <<'EOF'
#include <iouctl/loop.bpf.h>

IOU_PARAM_U64(count, 1, 1, 9, "", "how many");

static __always_inline int step(struct iou_ring *ring)
{
	return iou_done(ring);
}

IOU_LOOP(ok, step, "does nothing", 8, 16);
EOF
}

# with_param DECLARATION: bad.bpf.c, the same with another declaration.
with_param() {
	sed "s/^IOU_PARAM_U64.*/$1/" ok.bpf.c >bad.bpf.c
}

# clang_is SCRIPT: CLANG is a script.
clang_is() {
	printf '#!/bin/bash\n%s\n' "$1" >clang.sh
	chmod +x clang.sh
	export CLANG=$PWD/clang.sh
}

# only FILE...: these are in the directory, and no others.
only() {
	diff <(printf '%s\n' "$@" | sort) <(find . -mindepth 1 -printf '%P\n' | sort)
}

@test "an object that is a loop, under the name that cc -c would give it, and how to run it" {
	expect 0 "$IOUCTL" build ok.bpf.c
	[[ "${lines[0]}" =~ ^made\ \ ok\.bpf\.o,\ [0-9.]+\ KiB:\ loop\ \'ok\'$ ]]
	[[ "${lines[1]}" =~ ^next\ \ iouctl\ (vm\ --\ )?run\ \./ok\.bpf\.o$ ]]
	[ "${#lines[@]}" -eq 2 ]
	[ -z "$stderr" ]
	only ok.bpf.c ok.bpf.o
	# Opened before its parameters are checked.
	expect 2 "$IOUCTL" run ./ok.bpf.o --count 10
	has "count goes from 1 to 9" "$stderr"
	mkdir -p src && cp ok.bpf.c src/other.bpf.c && cp ok.bpf.c src/plain.c
	expect 0 "$IOUCTL" build src/other.bpf.c
	expect 0 "$IOUCTL" build src/plain.c
	[ -s other.bpf.o ]
	[ -s plain.o ]
	[ "$(find src -name '*.o')" = "" ]
}

@test "--json: one document, and warnings are elsewhere" {
	expect 0 "$IOUCTL" build ok.bpf.c --json
	[ "$(json '.schema, .source, .object')" = $'iouctl.build/1\nok.bpf.c\nok.bpf.o' ]
	[ "$(json .size)" = "$(stat -c %s ok.bpf.o)" ]
	[ "$(json '.loops | map(.name, .description) | join(",")')" = "ok,does nothing" ]
	has "run ./ok.bpf.o" "$(json '.next[0]')"
	sed 's/^IOU_LOOP(ok/static int unused;\n&/' ok.bpf.c >warned.bpf.c
	expect 0 "$IOUCTL" build warned.bpf.c --json
	[ "$(json .object)" = warned.bpf.o ]
	has "unused variable" "$stderr"
	expect 0 "$IOUCTL" build warned.bpf.c
	has "unused variable" "$stderr"
}

@test "the object has BTF with paths as given, and no other debug information" {
	mkdir -p sub && cp ok.bpf.c sub
	expect 0 "$IOUCTL" build sub/ok.bpf.c
	run readelf -SW ok.bpf.o
	has " .BTF " "$output"
	has " .BTF.ext " "$output"
	[[ "$output" != *.debug* ]]
	grep -qaF "./sub/ok.bpf.c" ok.bpf.o
	run grep -qaF "$PWD" ok.bpf.o
	[ "$status" -eq 1 ]
}

@test "-o: another name, another directory, through a link, a device" {
	mkdir -p "my dir"
	expect 0 "$IOUCTL" build ok.bpf.c -o "my dir/it's.o"
	[ -s "my dir/it's.o" ]
	has "run 'my dir/it'\\''s.o'" "$output"
	expect 0 "$IOUCTL" build --output=plain ok.bpf.c
	has "run ./plain" "$output"
	ln -s "my dir/target.o" link.o
	touch "my dir/target.o"
	expect 0 "$IOUCTL" build ok.bpf.c -o link.o
	[ -L link.o ]
	cmp "my dir/it's.o" "my dir/target.o"
	expect 0 "$IOUCTL" build ok.bpf.c -o /dev/null
	[ -c /dev/null ]
	expect 1 "$IOUCTL" build ok.bpf.c -o /dev/full
	has "cannot write '/dev/full': No space left on device" "$stderr"
	[ -c /dev/full ]
	expect 0 bash -c "umask 077; '$IOUCTL' build ok.bpf.c -o private.o; umask 022; '$IOUCTL' build ok.bpf.c -o public.o"
	[ "$(stat -c %a private.o public.o)" = $'600\n644' ]
}

@test "paths with spaces, and those that look like something else" {
	mkdir -p "a b"
	for name in "a b/c d.bpf.c" -x.bpf.c @file.bpf.c "q'q.bpf.c" 'd$d.bpf.c'; do
		cp ok.bpf.c "./$name"
		expect 0 "$IOUCTL" build -- "$name"
		[ -s "./$(basename -- "$name" .c).o" ]
	done
	# What is said next can be typed.
	expect 0 "$IOUCTL" build "q'q.bpf.c"
	command=$(sed -n 's/^next  iouctl.* run //p' <<<"$output")
	expect 2 bash -c "'$IOUCTL' run $command --count 10"
}

@test "-I, -D and -O are clang's" {
	mkdir -p inc
	echo '#define TEXT "from a header"' >inc/text.h
	cat >defined.bpf.c <<'EOF'
#include "text.h"
#define WHAT(x) #x
#define STRING(x) WHAT(x)
EOF
	sed 's/"does nothing"/TEXT " " STRING(ONE) " " STRING(TWO)/' ok.bpf.c >>defined.bpf.c
	expect 0 "$IOUCTL" build defined.bpf.c -I inc -DONE -D TWO=2 --json
	[ "$(json '.loops[0].description')" = "from a header 1 2" ]
	expect 0 "$IOUCTL" build defined.bpf.c --include=inc --define=ONE=x --define TWO=y -O3 --json
	[ "$(json '.loops[0].description')" = "from a header x y" ]
	expect 0 "$IOUCTL" build -v ok.bpf.c -Os
	has " -Os " "$stderr"
	for level in 0 4 fast ""; do
		expect 2 "$IOUCTL" build ok.bpf.c --optimize="$level"
	done
	# A header of the user's own goes first.
	mkdir -p own/iouctl
	echo '#error "this is mine"' >own/iouctl/loop.bpf.h
	expect 5 "$IOUCTL" build ok.bpf.c -I own
	has "this is mine" "$stderr"
}

@test "a variable that clang makes smaller than its type is named" {
	cat >split.bpf.c <<-'END'
		#include <iouctl/loop.bpf.h>
		IOU_COUNTER(sum, "", "of them");
		static __u64 parts[2] = {1, 2};
		static __always_inline int step(struct iou_ring *ring)
		{
			parts[0] = parts[0] * 31 + sum;
			parts[1] = parts[1] * 31 + sum;
			sum = parts[0] ^ parts[1];
			return iou_done(ring);
		}
		IOU_LOOP(split, step, "is split", 4, 8);
	END
	expect 5 "$IOUCTL" build split.bpf.c
	[[ "$stderr" == *"made 'parts.0' smaller than its type"*"leave out 'static'"* ]]
	[ ! -e split.bpf.o ]
	sed -i 's/^static __u64/__u64/' split.bpf.c
	expect 0 "$IOUCTL" build split.bpf.c
}

@test "command lines that make no sense are usage errors" {
	expect 2 "$IOUCTL" build
	has "iouctl new NAME" "$stderr"
	expect 2 "$IOUCTL" build none.bpf.c
	has "cannot open 'none.bpf.c': No such file" "$stderr"
	expect 2 "$IOUCTL" build none.bpf.c --json
	[ "$(json '.schema, .stage, .errno')" = $'iouctl.error/1\nbuild\nENOENT' ]
	expect 2 "$IOUCTL" build ok.bpf.o
	has "does not end in .c" "$stderr"
	expect 2 "$IOUCTL" build .c
	expect 2 "$IOUCTL" build ok.bpf.c ok.bpf.c
	has "more than one FILE" "$stderr"
	mkdir -p dir.c
	expect 2 "$IOUCTL" build dir.c
	expect 2 "$IOUCTL" build ok.bpf.c -o dir.c
	has "Is a directory" "$stderr"
	expect 2 "$IOUCTL" build ok.bpf.c -o nodir/ok.o
	has "cannot write 'nodir/ok.o': No such file" "$stderr"
	cp ok.bpf.c before
	for object in ok.bpf.c ./ok.bpf.c; do
		expect 2 "$IOUCTL" build ok.bpf.c -o "$object"
		has "is the source" "$stderr"
	done
	cmp ok.bpf.c before
	expect 2 "$IOUCTL" build ok.bpf.c -o ""
	expect 2 "$IOUCTL" build ok.bpf.c --otput x
	has "did you mean '--output'?" "$stderr"
}

@test "a source that does not compile: clang's words, exit code 5, the old object stays" {
	echo 'int x = y;' >bad.bpf.c
	echo old >bad.bpf.o
	expect 5 "$IOUCTL" build bad.bpf.c
	has "bad.bpf.c:1:9: error: use of undeclared identifier 'y'" "$stderr"
	has "iouctl: 'bad.bpf.c' does not compile" "$stderr"
	[ -z "$output" ]
	expect 5 "$IOUCTL" build bad.bpf.c --json
	[ "$(json '.schema, .stage, .exit')" = $'iouctl.error/1\nbuild\n5' ]
	[ "$(json .detail | head -n 1)" = "bad.bpf.c:1:9: error: use of undeclared identifier 'y'" ]
	[ -z "$stderr" ]
	[ "$(cat bad.bpf.o)" = old ]
	only ok.bpf.c bad.bpf.c bad.bpf.o
}

@test "what is no loop is refused, and the old object stays" {
	: >empty.bpf.c
	echo 'int x;' >none.bpf.c
	echo old >empty.bpf.o
	echo old >none.bpf.o
	expect 5 "$IOUCTL" build empty.bpf.c
	has "'empty.bpf.c' has no loop" "$stderr"
	expect 5 "$IOUCTL" build none.bpf.c
	has "'none.bpf.c' has no loop: no variable of type struct io_uring_bpf_ops" "$stderr"
	expect 5 "$IOUCTL" build none.bpf.c --json
	[ "$(json '.stage, .exit')" = $'open\n5' ]
	[ "$(cat empty.bpf.o none.bpf.o)" = $'old\nold' ]
	only ok.bpf.c empty.bpf.c empty.bpf.o none.bpf.c none.bpf.o
}

@test "declarations that are not right are refused, by name" {
	with_param 'IOU_PARAM_U64(count, 10, 1, 9, "", "how many");'
	expect 5 "$IOUCTL" build bad.bpf.c
	has "the default of 'count' is not in the range" "$stderr"
	with_param 'IOU_PARAM_MEM(block, 1, nosuch, "memory");'
	expect 5 "$IOUCTL" build bad.bpf.c
	has "'nosuch' in the declaration of 'block'" "$stderr"
	with_param 'IOU_PARAM_INFILE_DIRECT(in, "", count, "a file"); IOU_PARAM_U64(count, 1, 1, 2, "", "no flag");'
	expect 5 "$IOUCTL" build bad.bpf.c
	has "'count' in the declaration of 'in' is no flag of this loop" "$stderr"
	[ ! -e bad.bpf.o ]
}

@test "a parameter that is called as an option of run is refused" {
	for name in timeout entries json verbose quiet help ops; do
		with_param "IOU_PARAM_U64($name, 1, 1, 9, \"\", \"how many\");"
		expect 5 "$IOUCTL" build bad.bpf.c
		has "'$name' is called as an option of 'iouctl run' is" "$stderr"
	done
	with_param 'IOU_PARAM_U64(cq_entries, 1, 1, 9, "", "how many");'
	expect 5 "$IOUCTL" build bad.bpf.c
	has "'cq-entries'" "$stderr"
	[ ! -e bad.bpf.o ]
	# Near is not the same, and what is counted is no option.
	with_param 'IOU_PARAM_U64(time, 1, 1, 9, "", "how many"); IOU_COUNTER(entries, "", "text");'
	expect 0 "$IOUCTL" build bad.bpf.c
}

@test "a check of a loop that is not there does not compile" {
	{
		cat ok.bpf.c
		echo 'static __always_inline int check(void) { return 0; }'
		echo 'IOU_CHECK(okay, check);'
	} >bad.bpf.c
	expect 5 "$IOUCTL" build bad.bpf.c
	has "use of undeclared identifier 'okay'" "$stderr"
	sed 's/okay/ok/' bad.bpf.c >good.bpf.c
	expect 0 "$IOUCTL" build good.bpf.c
}

@test "several loops in one object; parameters that must be given" {
	sed 's/^IOU_LOOP.*/&\nIOU_LOOP(second, step, "the same", 8, 16);/' ok.bpf.c >two.bpf.c
	expect 0 "$IOUCTL" build two.bpf.c
	has "loops 'ok', 'second'" "$output"
	has "run ./two.bpf.o --ops ok" "$output"
	expect 0 "$IOUCTL" build two.bpf.c --json
	[ "$(json '.loops | map(.name) | join(" ")')" = "ok second" ]
	sed 's/^IOU_PARAM_U64.*/IOU_PARAM_INFILE(in, "", "in"); IOU_PARAM_CONNECT(to, "", "to"); IOU_PARAM_OUTFILE(out, "-", "out"); IOU_PARAM_INFILE_OPTIONAL(more, "more");/' \
		ok.bpf.c >files.bpf.c
	expect 0 "$IOUCTL" build files.bpf.c
	has "run ./files.bpf.o in=FILE to=HOST:PORT" "$output"
	[[ "$output" != *out=* && "$output" != *more=* ]]
}

@test "no clang: said by name, with what to install" {
	mkdir bin
	expect 1 env PATH="$PWD/bin" "$IOUCTL" build ok.bpf.c
	has "cannot find clang" "$stderr"
	has "apt install clang" "$stderr"
	CLANG=clang-999 expect 1 "$IOUCTL" build ok.bpf.c
	has "cannot run 'clang-999': No such file" "$stderr"
	CLANG=./ok.bpf.c expect 1 "$IOUCTL" build ok.bpf.c --json
	[ "$(json '.stage, .errno, .exit')" = $'build\nEACCES\n1' ]
	# A stranger's environment does not choose what a program with privileges runs.
	grep -q secure_getenv "$top/src/build/clang.c"
	only ok.bpf.c bin
}

@test "missing headers are said by name, with what to install" {
	real=$(command -v clang)
	mkdir sys
	clang_is "exec '$real' -nostdlibinc \"\$@\""
	expect 1 "$IOUCTL" build ok.bpf.c
	has "cannot find <linux/types.h>, which 'ok.bpf.c' includes" "$stderr"
	has "apt install linux-libc-dev" "$stderr"
	for dir in linux asm-generic; do
		ln -s "/usr/include/$dir" sys
	done
	clang_is "exec '$real' -nostdlibinc -idirafter '$PWD/sys' \"\$@\""
	expect 1 "$IOUCTL" build ok.bpf.c
	has "cannot find <bpf/bpf_helpers.h>" "$stderr"
	has "apt install libbpf-dev" "$stderr"
	expect 1 "$IOUCTL" build ok.bpf.c --json
	[ "$(json '.stage, .errno')" = $'build\nnull' ]
	has "libbpf-dev" "$(json .hint)"
	has "'bpf/bpf_helpers.h' file not found" "$(json .detail)"
	unset CLANG
	# A copy of the program alone has no header beside it.
	mkdir -p copy/bin
	cp "$IOUCTL" copy/bin
	expect 1 copy/bin/iouctl build ok.bpf.c
	has "cannot find <iouctl/loop.bpf.h>" "$stderr"
	has "$PWD/copy/include" "$stderr"
	ln -s "$top/bpf/include" copy
	expect 0 copy/bin/iouctl build ok.bpf.c
	# All headers are there: it is not for them.
	echo '#include <iouctl/loop.bpf.h>' >bad.bpf.c
	echo 'int x = y;' >>bad.bpf.c
	expect 5 "$IOUCTL" build bad.bpf.c
	[[ "$stderr" != *"cannot find"* ]]
	# Nor one of the user's own.
	sed '1i #include "mine.h"' ok.bpf.c >mine.bpf.c
	expect 5 "$IOUCTL" build mine.bpf.c
	has "'mine.h' file not found" "$stderr"
}

@test "an interrupted build leaves nothing: no object, no clang" {
	echo old >ok.bpf.o
	clang_is 'echo $$ >pid; exec sleep 60'
	expect 130 timeout --foreground --preserve-status -s INT 1 "$IOUCTL" build ok.bpf.c
	# shellcheck disable=SC2016
	timeout 10 sh -c 'while kill -0 "$(cat pid)" 2>/dev/null; do sleep 0.1; done'
	[ "$(cat ok.bpf.o)" = old ]
	only ok.bpf.c ok.bpf.o clang.sh pid
	# clang alone, ended: the build says so.
	clang_is 'kill -KILL $$'
	expect 1 "$IOUCTL" build ok.bpf.c
	has "clang was ended by SIGKILL" "$stderr"
	[ "$(cat ok.bpf.o)" = old ]
}

@test "a disk that is full leaves the old object, and nothing else" {
	user=
	[ "$(id -u)" = 0 ] || user=--map-root-user
	unshare $user --mount true || skip "no mount namespaces here"
	mkdir small
	expect 1 unshare $user --mount sh -c 'mount -t tmpfs -o size=4k none small &&
		echo old >small/ok.bpf.o &&
		{ "$0" build ok.bpf.c -o small/ok.bpf.o; code=$?; ls -A small; cat small/ok.bpf.o; exit $code; }' "$IOUCTL"
	has "cannot write 'small/ok.bpf.o': No space left on device" "$stderr"
	[ "$output" = $'ok.bpf.o\nold' ]
}

@test "as a plain user: where he may write, and where not" {
	mkdir mine theirs
	chmod 777 mine
	cp ok.bpf.c secret.bpf.c
	chmod 600 secret.bpf.c
	# The build directory may be below one that is root's alone.
	cp -rL "$BUILD/include" inc
	expect 0 as_nobody "$IOUCTL" build ok.bpf.c -I inc -o mine/ok.o
	expect 4 as_nobody "$IOUCTL" build ok.bpf.c -I inc -o theirs/ok.o
	has "cannot write 'theirs/ok.o': Permission denied" "$stderr"
	expect 4 as_nobody "$IOUCTL" build secret.bpf.c -o mine/secret.o
	has "cannot open 'secret.bpf.c': Permission denied" "$stderr"
	[ "$(ls theirs)" = "" ]
	[ "$(ls mine)" = ok.o ]
}

@test "colours for a terminal, and not with NO_COLOR" {
	command -v script >/dev/null || skip "no script(1)"
	echo 'int x = y;' >bad.bpf.c
	run env -u NO_COLOR TERM=xterm script -qec "'$IOUCTL' build bad.bpf.c" /dev/null </dev/null
	has $'\e[' "$output"
	run env NO_COLOR=1 TERM=xterm script -qec "'$IOUCTL' build bad.bpf.c" /dev/null </dev/null
	[[ "$output" != *$'\e['* ]]
}

@test "every clang at hand makes a loop of it" {
	for clang in /usr/bin/clang /usr/bin/clang-[0-9][0-9]; do
		[ -x "$clang" ] || continue
		CLANG=$clang expect 0 "$IOUCTL" build ok.bpf.c
	done
}
