#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The tests of the tests: what stands in for jq and for bats where these are slow.

load ../helper

setup() {
	cd "$BATS_TEST_TMPDIR"
}

@test "pick says what jq says, or leaves it to jq" {
	output='{"s":"x\u001b \"q\"","n":null,"t":true,"i":7,"m":-3,"f":2.5,"a-b":{"c":[1,{"z":3},"4"]}}'
	known=0
	for filter in .s '.i, .m' '.n,.t' '.["a-b"].c[0]' '.["a-b"]["c"][1].z' '.["a-b"].c[9]' .nosuch .nosuch.x \
		'.i > 6 and .i <= 7' '.i > 7' '.i < 7' '.i >= 7' '.i == 7 and .m == -4' '.i == .m, .s' \
		'.m < .i and .i < 8 and 8 < .m' $'.i,\n\t.m' '.i == .["a-b"].c[2]' \
		.f . '.["a-b"]' '.s | length' '.i + 1' '.t and .t' '.n > 3' '.t == true' '.s == "x"' '[.i]' \
		'.["a-b"].c[-1]' '.i == 7 or .i == 8' '.i as $x | $x' '.f > 2' '.i > 2.5'; do
		picked=$("$TOOLS/pick" "$filter" <<<"$output") && code=0 || code=$?
		if [ "$code" -eq 64 ]; then
			[ -z "$picked" ]
		else
			known=$((known + 1))
			[ "$code" -eq 0 ]
			[ "$picked" = "$(jq -r "$filter" <<<"$output")" ] || { echo "$filter: $picked" && false; }
		fi
		[ "$(json "$filter")" = "$(jq -r "$filter" <<<"$output")" ]
	done
	[ "$known" -eq 16 ]
	run ! "$TOOLS/pick" .i.x.y <<<"$output"
	for output in '' '{' '{} {}' '{"s":1} x'; do
		run ! json .s
	done
}

@test "lean: what fails, in a test and around it, and what is skipped" {
	mkdir suite
	# bats would take them for its own.
	sed s/^TEST/@test/ >suite/a.bats <<-'END'
		load helper
		teardown() { [ ! -e "$BATS_TEST_TMPDIR/left" ]; }
		TEST "passes" {
			run -0 echo 'a  b'
			[ "${lines[0]}" = "a  b" ]
			run --separate-stderr sh -c 'echo out; echo err >&2; exit 3'
			[ "$status$output$stderr" = 3outerr ]
			x=$(false; echo y)
			[ "$x" = y ]
			kept=1
		}
		TEST "fails inside" {
			[ -z "$kept" ]
			outer
			true
		}
		TEST "fails in the middle" {
			[[ a == b ]]
			true
		}
		TEST "ends too early" {
			exit 0
		}
		TEST "is skipped" {
			skip "for a reason"
		}
		TEST "leaves something" {
			touch "$BATS_TEST_TMPDIR/left"
		}
		TEST "the wrong exit code" {
			run -1 true
		}
		TEST "fails in a subshell" {
			(exit 5)
		}
	END
	sed s/^TEST/@test/ >suite/b.bats <<-'END'
		setup() { false; }
		TEST "is not begun" {
			true
		}
	END
	sed s/^TEST/@test/ >suite/c.bats <<-'END'
		setup_file() { false; }
		TEST "has no file" {
			true
		}
	END
	cat >suite/helper.bash <<-'END'
		outer() { inner; }
		inner() { echo "said before"; [ 1 = 2 ]; }
	END
	expect 1 "$BATS_TEST_DIRNAME/../tools/lean" suite
	[ "$(grep -E '^(1|ok|not)' <<<"$output" | sed -E 's/ in [0-9]+ms//')" = "$(
		cat <<-'END'
			1..10
			ok 1 passes
			not ok 2 fails inside
			not ok 3 fails in the middle
			not ok 4 ends too early
			ok 5 is skipped # skip for a reason
			not ok 6 leaves something
			not ok 7 the wrong exit code
			not ok 8 fails in a subshell
			not ok 9 is not begun
			not ok - what is around the tests of suite/c.bats
		END
	)" ]
	has $'# said before\n' "$output"
	has $'inner, line 2 of helper.bash\n#   called by outer, line 1 of helper.bash\n#   called by test_2, line 14 of a.bats' \
		"$output"
	expect 0 "$BATS_TEST_DIRNAME/../tools/lean" -f passes suite/a.bats
	[ "$(wc -l <<<"$output")" = 2 ]
}

@test "lean: a test that does not end is killed, and fails" {
	mkdir suite
	sed s/^TEST/@test/ >suite/a.bats <<-'END'
		TEST "waits for a program" {
			bash -c "sleep 1000; true"
		}

		TEST "waits by itself" {
			while :; do :; done
		}

		TEST "passes" {
			:
		}
	END
	LEAN_LIMIT=1 expect 1 "$BATS_TEST_DIRNAME/../tools/lean" suite
	[ "$(grep -c "^# takes longer than 1 s: killed" <<<"$output")" = 2 ]
	[[ "$output" == *"not ok 1 waits for"*"not ok 2 waits by"*"ok 3 passes"* ]]
}
