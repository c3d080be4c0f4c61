#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# iouctl vm --disk: what cannot be a disk is said before anything is booted.

load ../helper

setup() {
	cd "$BATS_TEST_TMPDIR"
	export IOUCTL_KERNEL=/nonexistent
}

# refused CODE TEXT ARGUMENT...
refused() {
	local code=$1 text=$2
	shift 2
	expect "$code" "$IOUCTL" vm "$@" -- list
	[ -z "$output" ]
	has "$text" "$stderr"
}

@test "no file, no access, a directory, a pipe, a character device" {
	refused 2 "'nothing' cannot be a disk: No such file" --disk nothing
	mkdir dir
	refused 2 "'dir' cannot be a disk: Is a directory" --disk dir
	mkfifo pipe
	refused 2 "neither a file nor a block device" --disk pipe
	refused 2 "neither a file nor a block device" --disk /dev/zero
	refused 2 "cannot be a disk: No such file" --disk ''
	truncate -s 1M image
	chmod 444 image
	chmod 755 "$BATS_RUN_TMPDIR" "$BATS_FILE_TMPDIR" "$BATS_TEST_TMPDIR" "${BATS_TEST_TMPDIR%/*}"
	cp "$IOUCTL" iouctl
	[ "$(id -u)" != 0 ] || IOUCTL=$PWD/as-nobody
	# Root may write anything.
	printf '#!/bin/sh\nexec setpriv --reuid 65534 --regid 65534 --clear-groups "%s" "$@"\n' "$PWD/iouctl" >as-nobody
	chmod 755 as-nobody
	refused 2 "'image' cannot be a disk: Permission denied" --disk image
}

@test "an empty file, and one that is not made of sectors" {
	: >empty
	refused 2 "'empty' cannot be a disk: it is empty" --disk empty
	head -c 1000 /dev/zero >odd
	refused 2 "no multiple of 512" --disk odd
	has "truncate --size %512" "$stderr"
	[ "$(stat -c %s odd)" = 1000 ]
}

@test "the same one twice, by whatever name" {
	truncate -s 1M image
	ln image other
	ln -s image link
	refused 2 "'image' cannot be a disk: it was given twice" --disk image --disk image
	refused 2 "given twice" --disk image --disk other
	refused 2 "given twice" --disk link --disk image
}

@test "one that is in use" {
	truncate -s 1M image
	# As QEMU marks it that it writes to an image.
	perl -e '
		use Fcntl;
		open(my $f, "+<", "image") or die;
		my ($set, $lock) = (37, pack("ssx4qqlx4", F_RDLCK, 0, 101, 1, 0)); # F_OFD_SETLK
		fcntl($f, $set, $lock) or die "no lock: $!";
		fcntl($f, F_SETFD, 0);
		exec(@ARGV);
	' "$IOUCTL" vm --disk image -- list 2>err && code=0 || code=$?
	[ "$code" -eq 125 ]
	has "'image' cannot be a disk: Device or resource busy; another program has locked it" "$(<err)"
}

@test "a good one is not what stops it" {
	truncate -s 1M 'a,b:c=d ro'
	refused 125 /nonexistent --disk 'a,b:c=d ro'
	refused 2 "'--list' stands alone" --disk image --list
}
