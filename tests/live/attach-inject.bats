#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# inject: how many requests fail, which ones, with what, and what becomes of all others.

load helper
load policy

setup() {
	quiet
	cd "$BATS_TEST_TMPDIR" || return
}

# steady RING ROUNDS ERRNO WHAT PARAMETER...
steady() {
	local ring=$1 rounds=$2 errno=$3 what=$4
	shift 4
	with_loop inject "$@" -- "$TOOLS/steady" "$ring" "$rounds" "$errno" "$what" ready go
	[[ $(json '.attach.left') == @(in-order|unheard) || $(json '.attach.end') == exit ]]
}

# within VALUE REQUESTS PARTS: it is the share of them, to 4 sigma.
within() {
	awk -v got="$1" -v n="$2" -v p="$3" 'BEGIN {
		p /= 1000000
		off = got - n * p
		exit !(off * off <= 16 * n * p * (1 - p))
	}' || {
		echo "$1 of $2 requests"
		return 1
	}
}

@test "inject: the rate, the same requests for the same seed, SQEs as they were" {
	local rounds=${LONG:+4000} ring digest=
	: "${rounds:=300}"
	for ring in plain sq-rewind ${LONG:+no-sqarray}; do
		steady $ring "$rounds" 5 reads rate=10% seed=7
		[ "$(json '.stats["looked-at"].read, .stats["used-seed"], .params.rate')" = \
			"$((16 * rounds))"$'\n7\n100000' ]
		within "$(json '.stats.injected.read')" $((16 * rounds)) 100000
		has "\"changed\": 0, \"digest\": \"$digest" "$program"
		digest=${program##*digest\": \"}
		digest=${digest%\"*}
	done
}

@test "inject: a seed that was not given is told, and chooses the same again" {
	local digest
	steady plain 50 28 reads rate=20% errno=ENOSPC
	digest=${program##*digest}
	steady plain 50 28 reads rate=20% errno=ENOSPC seed="$(json '.stats["used-seed"]')"
	[ "$digest" = "${program##*digest}" ]
	steady plain 50 28 reads rate=20% errno=ENOSPC
	[ "$digest" != "${program##*digest}" ]
}

@test "inject: all fail, whatever the SQE says, and with the errno alone" {
	steady plain 20 5 reads rate=100%
	# Of the chain only the first one fails.
	has '{"right": 0, "failed": 260, "cancelled": 60, "wrong": 0, "changed": 0' "$program"
	steady sq-rewind 5 121 odd rate=100% errno=EREMOTEIO
	has '{"right": 0, "failed": 80, "cancelled": 0, "wrong": 0, "changed": 0' "$program"
	[ "$(json '.stats.injected.read, .stats.injected.sendmsg')" = $'40\n40' ]
}

@test "inject: only those of an opcode, or a descriptor" {
	local parameters
	for parameters in "rate=100% opcode=write" ${LONG:+"rate=100% fd=999"}; do
		# shellcheck disable=SC2086
		steady plain 20 5 reads $parameters
		has '{"right": 320, "failed": 0, ' "$program"
		[ "$(json '.stats.injected | length')" = 0 ]
	done
}

@test "inject: an application that expects errors has right data, chains and drains" {
	with_loop inject rate=5% seed=3 -- "$TOOLS/app" --ready ready --go go --expect-errors \
		${LONG:+--seconds 5} "${without[@]}" rw chains drain mixed
	has '{"ok": true' "$program"
	has '"EIO": ' "$program"
}
