#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# iouctl vm --fetch, from a distribution of these tests' own: a repository of small packages, signed
# with a key that was made for it, in place of the machine's, in a mount namespace.

load ../helper

suite=trixie-backports

setup_file() {
	export GNUPGHOME=$BATS_FILE_TMPDIR/gpg REPO=$BATS_FILE_TMPDIR/repo
	mkdir -m 700 "$GNUPGHOME"
	for name in right wrong; do
		gpg --batch --quiet --passphrase '' --quick-gen-key $name@localhost rsa3072 sign never
		gpg --export $name@localhost >"$BATS_FILE_TMPDIR/$name.gpg"
	done
	debian_repository "$REPO"
}

teardown_file() {
	gpgconf --kill all
}

setup() {
	cd "$BATS_TEST_TMPDIR"
	mkdir -p home bin
	export HOME=$PWD/home XDG_CACHE_HOME= KEYRING=$BATS_FILE_TMPDIR/right.gpg
	os_release=$'ID=debian\nVERSION_CODENAME=bookworm'
	kernels=$HOME/.cache/iouctl/kernels
}

# package POOL NAME VERSION [DEPENDS] [FILE=CONTENT...]
package() {
	local pool=$1 name=$2 version=$3 depends=${4-} file
	local tree=$BATS_FILE_TMPDIR/tree.$name
	rm -rf "$tree"
	mkdir -p "$tree/DEBIAN" "$pool"
	printf '%s\n' "Package: $name" "Version: $version" "Architecture: amd64" \
		"Maintainer: iouctl <iouctl@localhost>" ${depends:+"Depends: $depends"} \
		"Description: test" >"$tree/DEBIAN/control"
	for file in "${@:5}"; do
		mkdir -p "$(dirname "$tree/${file%%=*}")"
		printf '%s\n' "${file#*=}" >"$tree/${file%%=*}"
	done
	dpkg-deb --root-owner-group -b "$tree" "$pool/$name.deb" >/dev/null
}

# image TEXT: a file that looks like a bzImage, and ends in the text.
image() {
	printf '%514sHdrS%100s%s' '' '' "$1"
}

# What the micro-VM needs to be built in.
config=$'CONFIG_VIRTIO_PCI=y\nCONFIG_VIRTIO_CONSOLE=y\nCONFIG_VIRTIO_FS=y'
with_loops=$config$'\nCONFIG_IO_URING_BPF_OPS=y'

# debian_kernel REPO VERSION CONFIG [unsigned-]
debian_kernel() {
	local abi=$2+deb13-cloud-amd64
	package "$1/pool" "linux-binary-${4-}$abi" "$2-1" "linux-base-$abi" \
		"usr/lib/modules/$abi/vmlinuz=$(image "$2")"
	package "$1/pool" "linux-base-$abi" "$2-1" "" "usr/lib/modules/$abi/config=$3"
	package "$1/pool" "linux-image-$abi" "$2-1" "linux-binary-$abi"
}

# index REPO SUITE [KEY]: lists and their signature.
index() {
	local dir=$1/dists/$2 deb
	mkdir -p "$dir/main/binary-amd64"
	for deb in "$1"/pool/*.deb; do
		dpkg-deb -f "$deb"
		printf 'Filename: pool/%s\nSize: %s\nSHA256: %s\n\n' "${deb##*/}" "$(stat -c %s "$deb")" \
			"$(sha256sum <"$deb" | cut -d' ' -f1)"
	done >"$dir/main/binary-amd64/Packages"
	{
		printf '%s\n' "Suite: $2" "Codename: $2" "Label: Test" "Architectures: amd64" \
			"Components: main" "Date: $(date -uR)" SHA256:
		printf ' %s %s main/binary-amd64/Packages\n' \
			"$(sha256sum <"$dir/main/binary-amd64/Packages" | cut -d' ' -f1)" \
			"$(stat -c %s "$dir/main/binary-amd64/Packages")"
	} >"$dir/Release"
	gpg --batch --yes --quiet -u "${3:-right}@localhost" --clearsign -o "$dir/InRelease" "$dir/Release"
}

debian_repository() {
	debian_kernel "$1" 6.12.9 "$config"
	debian_kernel "$1" 7.2.3 "$with_loops"
	debian_kernel "$1" 7.2.12 "$with_loops"
	debian_kernel "$1" 7.10.1 "$with_loops" unsigned-
	debian_kernel "$1" 7.11.0 "$config"
	# On its way out: some of its packages are gone.
	debian_kernel "$1" 7.1.5 "$with_loops"
	rm "$1/pool/linux-base-7.1.5"*
	package "$1/pool" linux-image-cloud-amd64 7.2.12-1 linux-image-7.2.12+deb13-cloud-amd64
	index "$1" $suite
}

# fetch CODE [ARG...]: on a machine whose apt is configured with that repository.
fetch() {
	local code=$1
	shift
	echo "$os_release" >os-release
	echo "deb file:${REPO:?} whatever main" >sources.list
	export IOUCTL WRAP=${WRAP-}
	# shellcheck disable=SC2016
	expect "$code" unshare -m bash -euc '
		mount -t tmpfs none /etc/apt
		mkdir /etc/apt/preferences.d /etc/apt/apt.conf.d /etc/apt/trusted.gpg.d
		cp sources.list /etc/apt/
		[ ! -e apt.conf ] || cp apt.conf /etc/apt/apt.conf.d/99test
		mount -t tmpfs none /usr/share/keyrings
		cp "$KEYRING" /usr/share/keyrings/debian-archive-keyring.gpg
		cp "$KEYRING" /usr/share/keyrings/ubuntu-archive-keyring.gpg
		mount --bind os-release "$(realpath /etc/os-release)"
		PATH=$PWD/bin:$PATH
		exec $WRAP "$IOUCTL" vm --fetch "$@"' bash "$@"
}

# What there is below the cache, but the lock.
cached() {
	(cd "$kernels" && find . -type f ! -name .lock | sort)
}

@test "the kernel that the meta package leads to" {
	before=$(find /var/lib/apt /var/cache/apt -newer home | sort)
	fetch 0
	[ "$output" = "$kernels/7.2.12+deb13-cloud-amd64/vmlinuz" ]
	[[ "$(cat "$output")" == *" 7.2.12" ]]
	[ "$(cached)" = $'./7.2.12+deb13-cloud-amd64/config\n./7.2.12+deb13-cloud-amd64/vmlinuz' ]
	[ "$(ls -A "$kernels")" = $'.lock\n7.2.12+deb13-cloud-amd64' ]
	[ "$(find /var/lib/apt /var/cache/apt -newer home | sort)" = "$before" ]
	expect 0 "$IOUCTL" vm --list --json
	[ "$(json '.kernels[] | select(.where == "fetched") | "\(.release) \(.loops) \(.default)"')" = \
		"7.2.12+deb13-cloud-amd64 true true" ]
	# The second time it is there.
	inode=$(stat -c %i "$kernels/7.2.12+deb13-cloud-amd64/vmlinuz")
	fetch 0
	has "is there already" "$stderr"
	[ "$(stat -c %i "$output")" = "$inode" ]
}

@test "a series, and all of them; names compare as versions do" {
	fetch 0 7.10
	[ "$output" = "$kernels/7.10.1+deb13-cloud-amd64/vmlinuz" ]
	fetch 1 all
	has "7.11.0+deb13-cloud-amd64 cannot be used: its configuration lacks CONFIG_IO_URING_BPF_OPS=y" "$stderr"
	fetch 0 7.2 --json
	[ "$(json '.schema, (.kernels | length), .kernels[0].release')" = \
		$'iouctl.kernels/1\n1\n7.2.12+deb13-cloud-amd64' ]
	expect 0 "$IOUCTL" vm --list
	[[ "${lines[1]}" == 7.10.1* ]]
	[[ "${lines[2]}" == 7.2.12* ]]
}

@test "a series that is not there, or has no loops: which ones there are" {
	fetch 1 7.99
	has "$suite has none" "$stderr"
	has "series with loops there: 7.2 7.10 7.11" "$stderr"
	fetch 1 6.12
	has "lacks CONFIG_IO_URING_BPF_OPS=y" "$stderr"
	# Some of its packages are gone.
	fetch 1 7.1 --json
	[ "$(json '.schema, .stage, .exit')" = $'iouctl.error/1\nfetch\n1' ]
	[ -z "$(cached)" ]
}

@test "a repository with another signature, and one with none" {
	KEYRING=$BATS_FILE_TMPDIR/wrong.gpg fetch 1
	has "no mirror that apt is configured with gives $suite" "$stderr"
	[ -z "$(cached)" ]
	cp -r "$REPO" repo
	rm repo/dists/$suite/InRelease
	REPO=$PWD/repo fetch 1
	[ -z "$(cached)" ]
}

@test "a package that is not what was signed" {
	cp -r "$REPO" repo
	package repo/pool linux-binary-7.2.12+deb13-cloud-amd64 7.2.12-1 "" \
		"usr/lib/modules/7.2.12+deb13-cloud-amd64/vmlinuz=$(image evil)"
	REPO=$PWD/repo fetch 1
	has "cannot download the kernel 7.2.12+deb13-cloud-amd64" "$stderr"
	[ -z "$(cached)" ]
	[ "$(ls -A "$kernels")" = .lock ]
}

@test "interrupted: nothing half done, and the signal" {
	printf '#!/bin/bash\ntouch "%s/unpacking"\nsleep 60\n' "$PWD" >bin/dpkg
	chmod +x bin/dpkg
	for signal in INT TERM; do
		rm -f unpacking
		(
			for _ in $(seq 200); do [ ! -e unpacking ] || break; sleep 0.1; done
			pkill -$signal -of "^$IOUCTL vm --fetch 7.2"
		) 3>&- &
		# Whoever runs the tests in the background had SIGINT ignored.
		WRAP="env --default-signal=INT" fetch $((128 + $(kill -l $signal))) 7.2
		[ -z "$output" ]
		[ "$(ls -A "$kernels")" = .lock ]
		run ! pgrep -f "^bash /proc/self/fd/"
	done
}

@test "killed, with all that it started: the next one cleans up" {
	printf '#!/bin/bash\ntouch "%s/unpacking"\nexec sleep 60\n' "$PWD" >bin/dpkg
	chmod +x bin/dpkg
	(
		for _ in $(seq 200); do [ ! -e unpacking ] || break; sleep 0.1; done
		pkill -KILL -f "^bash /proc/self/fd/.* 7.2"
		pkill -KILL -f "^sleep 60"
	) 3>&- &
	fetch 1 7.2
	[[ "$(ls -A "$kernels")" == .fetch.*.lock ]]
	expect 0 "$IOUCTL" vm --list --json
	[ "$(json '[.kernels[] | select(.where == "fetched")] | length')" = 0 ]
	rm bin/dpkg
	fetch 0 7.2
	[ "$(ls -A "$kernels")" = $'.lock\n7.2.12+deb13-cloud-amd64' ]
}

@test "the program killed: what it started goes too, and the next one does not wait" {
	printf '#!/bin/bash\ntouch "%s/unpacking"\nexec sleep 60\n' "$PWD" >bin/dpkg
	chmod +x bin/dpkg
	(
		for _ in $(seq 200); do [ ! -e unpacking ] || break; sleep 0.1; done
		pkill -KILL -of "^$IOUCTL vm --fetch 7.2"
	) 3>&- &
	fetch 137 7.2
	for _ in $(seq 50); do
		[ -n "$(pgrep -f '^bash /proc/self/fd/.* 7.2')$(ls -A "$kernels" | grep fetch)" ] || break
		sleep 0.1
	done
	run ! pgrep -f "^bash /proc/self/fd/.* 7.2"
	[ "$(ls -A "$kernels")" = .lock ]
	flock -n "$kernels/.lock" true
}

@test "what the machine's apt is configured with besides" {
	cat >apt.conf <<-END
		APT::Update::Pre-Invoke {"touch $PWD/hook; false";};
		APT::Update::Post-Invoke {"touch $PWD/hook; false";};
		APT::Update::Post-Invoke-Success {"touch $PWD/hook; false";};
		APT::Default-Release "bookworm";
		APT::Get::Download "0";
	END
	fetch 0 7.2
	[ -f "$output" ]
	[ ! -e hook ]
}

@test "nowhere to write notes; SIGCHLD ignored; a kernel of which nothing is left" {
	mkdir -p "$kernels/7.2.12+deb13-cloud-amd64"
	WRAP="env --ignore-signal=CHLD" fetch 0 7.2
	[ -f "$output" ]
	rm -rf "$kernels"
	export IOUCTL
	printf '#!/bin/bash\nexec "$@" 2>&-\n' >mute
	chmod +x mute
	WRAP=./mute fetch 0 7.2
	[ -f "$output" ]
}

@test "no room" {
	mkdir small
	# shellcheck disable=SC2016
	printf '#!/bin/bash\nmount -t tmpfs -o size=1M none small && exec "$@"\n' >with_small
	chmod +x with_small
	XDG_CACHE_HOME=$PWD/small WRAP=./with_small fetch 1 7.2
	has "no room" "$stderr"
}

@test "which kernel boots: names as versions, candidates before releases, only what can be read" {
	for version in 7.2.3 7.2.12 7.3-rc1 7.3~rc7 7.3.1 bad; do
		mkdir -p "$kernels/$version"
		image "$version" >"$kernels/$version/vmlinuz"
		echo "$with_loops" >"$kernels/$version/config"
	done
	rm "$kernels/7.2.3/config"
	mkfifo "$kernels/7.2.3/config"
	expect 0 timeout 10 "$IOUCTL" vm --list --json
	[ "$(json '[.kernels[] | select(.where == "fetched") | .release] | join(" ")')" = \
		"7.3.1 7.3~rc7 7.3-rc1 7.2.12 7.2.3 bad" ]
	[ "$(json '.kernels[] | select(.release == "7.2.3") | .loops')" = false ]
	chmod 600 "$kernels/7.3.1/vmlinuz"
	chmod 755 "$BATS_RUN_TMPDIR" "$BATS_TEST_TMPDIR" "${BATS_TEST_TMPDIR%/*}"
	cp "$IOUCTL" iouctl
	expect 0 as_nobody ./iouctl vm --list --json
	[ "$(json '.kernels[] | select(.release == "7.3.1") | .readable, .default')" = $'false\nfalse' ]
	[ "$(json '.kernels[] | select(.default) | .release')" = "7.3~rc7" ]
	expect 0 as_nobody ./iouctl vm --list
	[[ "${lines[1]}" =~ ^7.3.1\ .*unreadable ]]
}

@test "two at once: one fetches, the other one waits and takes what it fetched" {
	# Until somebody waits for the lock, or for longer than it takes to get there.
	cat >bin/dpkg <<-END
		#!/bin/bash
		cd ${PWD@Q}
		echo >>unpacked
		lock=\$(stat -c %i ${kernels@Q}/.lock)
		for _ in {1..50}; do
			! grep -q -- "-> FLOCK .*:\$lock " /proc/locks || break
			sleep 0.1
		done
		exec /usr/bin/dpkg "\$@"
	END
	chmod +x bin/dpkg
	(fetch 0 7.2 && echo "$output" >first && echo "$stderr" >first.err) 3>&- &
	until [ -e unpacked ] || ! kill -0 $!; do sleep 0.1; done
	fetch 0 7.2
	wait
	[ "$output" = "$(<first)" ]
	[ "$(wc -l <unpacked)" = 2 ]
	[[ "$(<first.err)" != *"another fetch is under way"* ]]
	[[ "$stderr" == *"another fetch is under way"* ]]
}

@test "a plain user" {
	chmod 755 "$BATS_RUN_TMPDIR" "$BATS_FILE_TMPDIR" "$BATS_TEST_TMPDIR" "${BATS_TEST_TMPDIR%/*}"
	chmod -R a+rX "$REPO"
	cp "$IOUCTL" iouctl
	chown 65534:65534 home
	IOUCTL=$PWD/iouctl WRAP="setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all" \
		fetch 0 7.2
	[ "$(stat -c %u "$output")" = 65534 ]
}

@test "Ubuntu: its packages, its suites" {
	os_release=$'ID=ubuntu\nID_LIKE=debian\nVERSION_CODENAME=zany'
	for version in 7.4.0-3 7.4.0-12; do
		abi=$version-generic
		package repo/pool "linux-image-unsigned-$abi" "$version.1" "linux-modules-$abi" \
			"boot/vmlinuz-$abi=$(image "$version")"
		package repo/pool "linux-modules-$abi" "$version.1" "" "boot/config-$abi=$with_loops"
	done
	index repo zany
	index repo zany-updates
	REPO=$PWD/repo fetch 0
	[ "$output" = "$kernels/7.4.0-12-generic/vmlinuz" ]
	[[ "$(cat "$output")" == *" 7.4.0-12" ]]
	# A derivative says whose suites it has.
	rm -rf "$kernels"
	os_release=$'ID=other\nID_LIKE="ubuntu debian"\nVERSION_CODENAME=x\nUBUNTU_CODENAME=zany'
	REPO=$PWD/repo fetch 0 7.4
	[ "$output" = "$kernels/7.4.0-12-generic/vmlinuz" ]
}

@test "elsewhere: how to name a kernel" {
	os_release='ID=fedora'
	fetch 1
	has "works on Debian and its derivatives, and this is 'fedora'" "$stderr"
	has "--kernel" "$stderr"
	REPO=/nonexistent os_release=$'ID=debian\nVERSION_CODENAME=trixie' fetch 1 --json
	has "IOUCTL_KERNEL" "$(json .hint)"
	os_release=ID=debian XDG_CACHE_HOME=/proc/nonexistent fetch 1
	has "cannot make the directory" "$stderr"
}
