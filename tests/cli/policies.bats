#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The parameters of loops for the rings of other programs: what is none of their form.

load ../helper

# refused LOOP ARGUMENT TEXT...: with these texts in the message.
refused() {
	expect 2 "$IOUCTL" attach "$1" "$2" --ring-fd 999
	shift 2
	while [ $# -gt 0 ]; do
		has "$1" "$stderr"
		shift
	done
}

# taken LOOP ARGUMENT: it is the ring that is missing.
taken() {
	refused "$1" "$2" 999
}

@test "shares, errors, opcodes" {
	refused inject rate=1 "rate='1' is not a share such as 1%"
	refused inject rate=101% "rate=101% is out of range"
	refused inject rate=0.00001% "rate=0.00001% is out of range"
	refused inject errno=EOI "errno='EOI' is not the name of an error" "did you mean 'EIO'?"
	refused inject errno=5 "is not the name of an error"
	refused inject opcode=reed "is not the name of an opcode" "did you mean 'read'?"
	refused inject opcode= "is not the name of an opcode"
	taken inject rate=0.0001%
	taken inject errno=EHWPOISON
	taken inject opcode=read_fixed
	taken inject opcode=any
}

@test "numbers at times" {
	refused min-wait steps=3 "steps='3' is not a list such as 32@50us,1@1ms"
	refused min-wait steps=3@ "is not a list"
	refused min-wait steps=3@5us, "is not a list"
	refused min-wait steps=0@5us "is not a list" "numbers go from 1"
	refused min-wait steps=4294967296@5us "numbers go from 1"
	refused min-wait steps=3@5us,2@5us "each time has to be later"
	refused min-wait steps=1@1us,1@2us,1@3us,1@4us,1@5us,1@6us,1@7us,1@8us,1@9us "more than 8"
	taken min-wait steps=1@1us,1@2us,1@3us,1@4us,1@5us,1@6us,1@7us,9@8h
}
