#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Packages of the distribution, by apt with a state of its own: nothing is installed, the machine's own
# lists are not touched, root is not needed, and what is downloaded is verified against the
# distribution's archive keyring. And a directory that keeps what comes of them. The beginning of what
# fetches kernels (fetch-kernel), which is part of the binary with this, and sourced by what builds them
# (kernel-patches/build).
#
# Who uses it sets label, keyring and attempts, which say what distribution it is; and elsewhere, what
# to do if there is no such package. say NOTE, die WHY [WHAT-NEXT] and clean_up are theirs, too.
# shellcheck disable=SC2034,SC2154
set -eu
# What apt and its methods make may not be readable for its sandbox user, which is not used here.
umask 022
export LC_ALL=C

# ---- A directory ----

# take_directory DIR WHAT SIZE: makes DIR, and in it $work, which has room for SIZE. One at a time:
# whoever waited finds what the other one got. What an earlier one left, because it was killed, has no
# owner by then.
take_directory() {
	mkdir -p "$1" || die "cannot make the directory $1" "set XDG_CACHE_HOME"
	exec 9>"$1/.lock" || die "cannot write in $1" "set XDG_CACHE_HOME"
	if ! flock -n 9; then
		say "another $2 is under way; waiting for it"
		flock 9
	fi
	rm -rf -- "$1/.$2".*
	trap clean_up EXIT
	trap 'exit 129' HUP
	trap 'exit 130' INT
	trap 'exit 143' TERM
	# Beside what is kept, so that a rename puts all in place at once; hidden, so that nobody takes it.
	work=$(mktemp -d "$1/.$2.XXXXXX")
	fallocate -l "$3" "$work/room" 2>/dev/null ||
		die "cannot keep a kernel in $1: no room for $3" "make room, or set XDG_CACHE_HOME"
	rm "$work/room"
}

# keep NEW TARGET: the directory NEW, as TARGET.
keep() {
	chmod 755 "$1"
	sync "$1"/*
	rm -rf -- "$2"
	mv -T -- "$1" "$2"
}

# ---- apt, with a state of its own ----

find_apt() {
	local tool suffix
	for tool in apt-get apt-cache dpkg; do
		command -v "$tool" >/dev/null || die "cannot fetch a kernel: $tool is missing"
	done
	for suffix in gpg pgp; do
		keyring_file=/usr/share/keyrings/$keyring.$suffix
		[ ! -r "$keyring_file" ] || return 0
	done
	die "cannot fetch a kernel: there is no $keyring in /usr/share/keyrings to verify it by" \
		"apt install $keyring"
}

apt_run() {
	local command=$1
	shift
	"$command" -qq -c="$work/apt.conf" -oDir::State="$work/state" -oDir::State::status="$work/status" \
		-oDir::Cache="$work/cache" -oDir::Log="$work/log" \
		-oDir::Etc::sourcelist="$work/sources.list" -oDir::Etc::sourceparts=/dev/null \
		-oDir::Etc::preferences=/dev/null -oDir::Etc::preferencesparts=/dev/null \
		-oAPT::Architecture=amd64 -oAPT::Architectures= -oAPT::Architectures::=amd64 \
		-oAPT::Sandbox::User=root -oAPT::Update::Error-Mode=any \
		-oAPT::Get::AllowUnauthenticated=false -oAcquire::AllowInsecureRepositories=false \
		-oAcquire::Languages=none -oAcquire::Retries=3 "$@"
}

# The machine's own apt is only asked, and is to write no cache for that.
ask_apt() {
	apt-get -oDir::Cache::pkgcache= -oDir::Cache::srcpkgcache= "$@"
}

# The mirrors that this machine uses for the distribution itself, the likeliest first. apt knows the
# label of those whose lists it has; all others can be told from what it would read.
mirrors() {
	{
		# shellcheck disable=SC2016 # apt expands it
		ask_apt indextargets --format '$(REPO_URI)' "Label: $label"
		ask_apt update --print-uris | sed -n "s|^'\(.*/\)dists/.*/InRelease'.*|\1|p"
	} | grep -v security | awk '!seen[$0]++'
}

# What the machine's configuration may have and must not count here: hooks, which are about the state
# of its own apt, and what narrows the choice. Proxies and the like do count.
write_configuration() {
	local name
	for name in APT::Update DPkg APT::Default-Release APT::Get::Print-URIs APT::Get::Download \
		APT::Get::Simulate APT::Snapshot; do
		echo "#clear $name;"
	done >"$work/apt.conf"
}

# Those of the first set of suites in $attempts that a mirror has: then that is in $suites.
read_lists() {
	local mirror set suite
	mkdir -p "$work/state/lists/partial" "$work/cache/archives/partial" "$work/log"
	: >"$work/status"
	write_configuration
	for set in "${attempts[@]}"; do
		for mirror in $(mirrors); do
			for suite in $set; do
				echo "deb [signed-by=$keyring_file] $mirror $suite main"
			done >"$work/sources.list"
			say "reading the package lists of $set"
			if apt_run apt-get update 2>"$work/error" >&2; then
				suites=$set
				return
			fi
		done
	done
	cat "$work/error" >&2 || :
	die "cannot fetch a kernel: no mirror that apt is configured with gives ${attempts[*]}" \
		"try 'apt-get update'; or $elsewhere"
}
