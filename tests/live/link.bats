#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# link: what a request returned is what the next one is made of, for files of any size, many of
# them, and when one of them fails.

load helper

setup() {
	quiet
	cd "$BATS_TEST_TMPDIR" || return
}

# run_link ARGUMENT...: it must succeed.
run_link() {
	expect 0 "$IOUCTL" run link "$@" --json
	[ "$(json '.run.stop.reason, .run.ring.in_flight, .run.enter_calls')" = $'done\n0\n1' ]
}

# receive SOCKET FILE [BYTES]: in the background, all that one peer sends; or so many bytes of it,
# and then the connection is closed.
receive() {
	perl -MIO::Socket::UNIX -e '
		my ($path, $file, $bytes) = @ARGV;
		my $listener = IO::Socket::UNIX->new(Local => $path, Listen => 1) or die "$path: $!";
		my $peer = $listener->accept;
		open my $out, ">:raw", $file or die "$file: $!";
		while (!defined $bytes || $bytes > 0) {
			my $got = sysread $peer, my $data, $bytes // 65536;
			last unless $got;
			print $out $data;
			$bytes -= $got if defined $bytes;
		}' "$@" 3>&- &
	receiver=$!
	until [ -S "$1" ]; do sleep 0.05; done
}

# times WORD TEXT: sets $nr to how often WORD is in TEXT.
times() {
	local rest=${2//"$1"/}
	nr=$(((${#2} - ${#rest}) / ${#1}))
}

# closed: each descriptor that an open in the trace returned was closed.
closed() {
	local opened
	times 'sqe OPENAT' "$stderr"
	opened=$nr
	times 'res=-2 ENOENT' "$stderr"
	opened=$((opened - nr))
	times 'sqe CLOSE' "$stderr"
	[ "$nr" -eq "$opened" ] && [ "$nr" -gt 0 ] || {
		echo "$opened opened, $nr closed: $stderr"
		return 1
	}
}

@test "link: exactly what was read is written" {
	for size in 0 40967 ${LONG:+1 4095 4096 4097}; do
		head -c "$size" /dev/urandom >a
		echo "what was there before, and is longer than some" >b
		run_link in=a out=b bs=4096
		cmp a b
		[ "$(json '.stats.bytes, .stats.reads')" = "$size"$'\n'$(((size + 4095) / 4096)) ]
	done
	run_link in=a out=b steps=read,write,fsync bs=1000 --entries 1 --cq-entries 1 \
		--ring-flag -sq-rewind --ring-flag -no-sqarray
	cmp a b
	[ "$(json '.params.steps | tojson')" = '["read","write","fsync"]' ]
	[ "$(json '.params.files, .params.to')" = $'null\nnull' ]
}

@test "link: 300 files to a socket, from a list on standard input" {
	for i in {1..300}; do
		printf '%*d' $((i * 7 % 501)) "$i" >"f$i"
	done
	printf 'f%s\n' {1..300} >list
	for i in {1..300}; do text_of one "f$i" && printf %s "$one"; done >all
	receive socket got
	run_link files=@- to=unix:socket bs=256 <list
	wait "$receiver"
	cmp all got
	[ "$(json '.stats.opens, .stats["files-done"], .stats.failed')" = $'300\n300\n0' ]
	[ "$(json '.stats.bytes')" = "$(stat -c %s all)" ]
	[ "$(json '.params.files')" = @- ]
	[ "$(json '.stats.sends == .stats.reads + .stats.continued')" = true ]
}

@test "link: sizes around a block, names with all that names may have, to two places" {
	local nl=$'two\nlines' all=()
	for size in 0 1 4095 4096 4097 40967; do
		head -c "$size" /dev/urandom >"of $size"
		all+=("of $size")
	done
	echo comma >a,b
	echo lines >"$nl"
	echo at >@at
	receive socket got
	run_link files="of 0,of 1,of 4095,of 4096,of 4097,of 40967,a\\,b,$nl,./@at" out=copy \
		to=unix:socket steps=open,read,write,send,close,fsync bs=4096
	wait "$receiver"
	cat "${all[@]}" a,b "$nl" @at | cmp - copy
	cmp copy got
	[ "$(json '.stats["files-done"]')" = 9 ]
	printf '%s\0' "$nl" @at "of 1" >list
	run_link files=@list out=copy
	cat "$nl" @at "of 1" | cmp - copy
}

@test "link: lists that are empty, that are not there, and a file that would be written over" {
	run_link files=@/dev/null out=b
	[ "$(json '.stats.opens, .stats["files-done"]')" = $'0\n0' ]
	expect 2 "$IOUCTL" run link files=@nosuch out=b
	has "cannot open 'nosuch', the list of files: No such file or directory" "$stderr"
	echo precious >a
	ln -s a same
	expect 2 "$IOUCTL" run link files=b,same out=a
	has "'a' would be written over" "$stderr"
	[ "$(<a)" = precious ]
}

@test "link: files that fail are counted, the others are read, and it fails in the end" {
	head -c 10000 /dev/urandom >a
	head -c 5000 /dev/urandom >b
	mkdir dir
	: >out
	: >secret
	chmod 000 secret
	chmod 666 out
	chmod 755 . "$BATS_RUN_TMPDIR" "${BATS_TEST_TMPDIR%/*}"
	expect 1 setpriv --reuid 65534 --clear-groups --inh-caps +bpf,+perfmon --ambient-caps +bpf,+perfmon \
		"$IOUCTL" run link files=a,missing,dir,secret,b out=out --json
	cat a b | cmp - out
	[ "$(json '.run.stop.reason, .run.stop.errno, .run.ring.in_flight')" = $'failed\nENOENT\n0' ]
	[ "$(json '.stats.failed, .stats["failed-file"], .stats["files-done"], .stats.opens')" = $'3\n2\n2\n3' ]
	has "cannot open one of 'files': see failed-file: No such file or directory" "$stderr"
	[ -n "${LONG-}" ] || return 0
	expect 1 "$IOUCTL" run link files=a,dir,b out=out
	has "cannot read one of 'files': see failed-file: Is a directory" "$stderr"
}

@test "link: what was opened is closed, whatever the steps and the ending" {
	head -c 10000 /dev/urandom >a
	expect 0 "$IOUCTL" run link files=a,a,a steps=open,read,write out=b --trace
	closed
	cat a a a | cmp - b
	expect 1 "$IOUCTL" run link files=a,missing,a out=/dev/full bs=4096 --trace
	has "cannot write to 'out': No space left on device" "$stderr"
	closed
	has "opens        1 requests" "$output"
	truncate -s 5M big
	mkfifo broken source
	exec 5<>broken
	start env --default-signal=PIPE "$IOUCTL" run link in=source out=broken 5>&-
	exec 6>source
	attached
	exec 5>&-
	echo hello >&6
	finish 1
	exec 6>&-
	has "cannot write to 'out': Broken pipe" "$stderr"
	receive socket got 1
	expect 1 "$IOUCTL" run link files=big,a to=unix:socket --trace
	[[ $stderr == *"cannot send to 'to': "@(Broken pipe|Connection reset by peer)* ]]
	closed
	wait "$receiver"
}

@test "link: SIGINT ends a read, a write and a send that nobody answers" {
	mkfifo pipe
	exec 5<>pipe
	truncate -s 1M big
	perl -MIO::Socket::UNIX -e '
		my $listener = IO::Socket::UNIX->new(Local => "socket", Listen => 1); sleep 60' 5>&- 3>&- &
	until [ -S socket ]; do sleep 0.05; done
	for args in "files=pipe,big out=b" "files=big to=unix:socket" \
		${LONG:+"in=pipe out=b" "files=big out=pipe"}; do
		# shellcheck disable=SC2086
		start env --default-signal=INT "$IOUCTL" run link $args --json --trace
		attached
		sleep 0.3
		kill -INT $pid
		finish 130
		[ "$(json '.run.stop.reason, .run.ring.in_flight, .stats.failed')" = $'interrupted\n0\n0' ]
		[[ $args != files* ]] || closed
	done
	[ ! -s b ]
	exec 5>&-
}

@test "link: short writes go on, and what is not ready is waited for" {
	head -c 1000003 /dev/urandom >a
	mkfifo pipe
	(sleep 0.3 && cat pipe >b) 3>&- &
	run_link in=a out=pipe bs=512K
	wait $!
	cmp a b
	[ "$(json '.stats.continued > 0 and .stats.bytes == 1000003')" = true ]
	# Other users of standard input may want it not to wait.
	(sleep 1.5 && cat a) | perl -MFcntl -e 'fcntl STDIN, F_SETFL, O_NONBLOCK; exec @ARGV' \
		"$IOUCTL" run link in=- out=b -q >stats
	cmp a b
}

@test "link: steps that cannot work" {
	echo hello >a
	while IFS='|' read -r args text; do
		[ -n "$args" ] || continue
		# shellcheck disable=SC2086
		expect 2 "$IOUCTL" run link $args
		[ "$stderr" = "iouctl: 'link' refuses: $text" ]
	done <<END
files=a steps=open,read,open|step 'open' needs a 'close' of what is open
in=a out=b steps=read,fsync,write|step 'write' needs a 'read' right before it
in=a steps=read,send|step 'send' needs to
in=a out=b steps=read,fsync|there is out, but no step 'write'
${LONG:+steps=open,read in=a|step 'open' needs files
files=a steps=open,close,read|step 'read' needs in, or an 'open' before it
in=a steps=read,write|step 'write' needs out
in=a steps=read,close|step 'close' needs an 'open' before it
in=a steps=read,fsync|step 'fsync' needs out
in=a files=a out=b|there are both files and in: say which steps
in=a files=a steps=open,read|there is in, but no step 'read' of it
out=b|there is nothing to read: give files or in
in=a|there is nowhere to write: give out or to
in=a files=a steps=read|there are files, but no step 'open'}
END
}
