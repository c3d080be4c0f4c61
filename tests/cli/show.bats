#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What 'iouctl show' says of objects: built in, of all kinds of declarations, written without the
# header, and made by somebody who means ill.

load ../helper

top=$BATS_TEST_DIRNAME/../..

# compile FILE [ARGUMENT...]: the loop on standard input as the object FILE.
compile() {
	local out=$1
	shift
	clang -target bpf -g -O2 -mcpu=v3 -I "$top/bpf/include" \
		-idirafter "/usr/include/$(gcc -dumpmachine)" "$@" -x c -c - -o "$out"
}

setup_file() {
	export KINDS=$BATS_FILE_TMPDIR/kinds.bpf.o PLAIN=$BATS_FILE_TMPDIR/plain.bpf.o
	# A declaration of each kind.
	compile "$KINDS" <<'END'
#include <iouctl/loop.bpf.h>

IOU_PARAM_U32(depth, 4, 1, 64, "requests", "in flight");
IOU_PARAM_U32(all_of_it, 7, 0, 4294967295, "", "no bound");
IOU_PARAM_U64(many, 18446744073709551615ULL, 5, 18446744073709551615, "things", "very many");
IOU_PARAM_S64(low, -5, -9223372036854775808, 10, "", "may be negative");
IOU_PARAM_SIZE(bs, 65536, 512, 1048576, "bytes of a block");
IOU_PARAM_DURATION(pause, 50000, 0, 1000000000, "between two");
IOU_PARAM_FLAG(direct_io, 1, "around the page cache");
IOU_PARAM_CHOICE(how, 2, "one|two_b|three", "which way");
IOU_PARAM_CHOICES(order, "two,one,two", "one|two", "in which order");
IOU_PARAM_CHOICES(extra, "", "x|y", "what else");
IOU_PARAM_STEPS(steps, "8@50us,1@1ms", "at which time");
IOU_PARAM_STEPS(later, "", "at no time");
IOU_PARAM_SHARE(part, 500, "of all");
IOU_PARAM_ERRNO(error, 5, "what went wrong");
IOU_PARAM_OPCODE(what, 22, "what it is");
IOU_PARAM_OPCODE(which, IOU_OPCODE_ANY, "what it may be");
IOU_PARAM_PATHS(list, "what is opened");
IOU_PARAM_INFILE(in, "", "what is read");
IOU_PARAM_OUTFILE(out, "-", "what is written");
IOU_PARAM_LISTEN(listen, "127.0.0.1:7000", "where to");
IOU_PARAM_CONNECT(connect, "", "where from");
IOU_PARAM_INFILE_OPTIONAL(more, "what may be read");
IOU_PARAM_CONNECT_OPTIONAL(peer, "who may be told");
IOU_PARAM_MEM(blocks, depth, 2 * bs, "looked into");
IOU_PARAM_BUFFERS(fixed, 16, 4096, "registered");
IOU_PARAM_BUF_RING(ring, 2 * depth, bs, "provided");
IOU_PARAM_DIRECT(slots, depth, "of descriptors");

IOU_PROGRESS(done, many, "things", "that are through");
IOU_COUNTER(errors, "", "that were not");
IOU_GAUGE(now, "requests", "in flight now");
IOU_HISTOGRAM(took, "ns", "how long each took");
IOU_COUNTER_BY_OPCODE(sorts, "requests", "of each sort");
IOU_HISTOGRAM_BY_OPCODE(times, "ns", "how long each sort took");
IOU_TEXT(verdict, 24, "in a word");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 99);
	__type(key, __u32);
	__type(value, __u64);
} seen SEC(".maps");

static __always_inline int step(struct iou_ring *ring)
{
	return bpf_map_lookup_elem(&seen, &(__u32){(__u32)now}) ? iou_done(ring) : iou_again(ring);
}

IOU_LOOP(kinds, step, "all kinds", depth, 2 * depth);
END
	# Written without the header.
	compile "$PLAIN" <<'END'
#include <linux/types.h>
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
struct io_ring_ctx {};
struct iou_loop_params { __u32 cq_wait_idx; };
struct io_uring_bpf_ops {
	int (*loop_step)(struct io_ring_ctx *ctx, struct iou_loop_params *params);
	__u32 ring_fd;
	void *priv;
};
struct pair { int a, b; };
typedef struct pair *pairs_t;
const volatile __u32 cq_head_offset = 1;
int reqs_to_run;
void *buffer_uptr = 0;
pairs_t list[3][2];
struct pair one = {1, 2};
int (*hook)(int);
char text[16] SEC(".data.text") = "x";
static volatile long hidden;
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 5);
	__type(key, __u32);
	__type(value, struct pair);
} results SEC(".maps");
SEC("struct_ops.s/plain_step")
int BPF_PROG(plain_step, struct io_ring_ctx *ring, struct iou_loop_params *params)
{
	__u32 key = 0;
	hidden++;
	if (list[0][0] || hook)
		hidden++;
	return bpf_map_lookup_elem(&results, &key) ? cq_head_offset + reqs_to_run + one.a +
		text[hidden & 15] + !!buffer_uptr : 0;
}
SEC(".struct_ops.link")
struct io_uring_bpf_ops plain = {.loop_step = (void *)plain_step};
char LICENSE[] SEC("license") = "GPL v2";
END
}

@test "a built-in loop, for anybody, as text" {
	expect 0 as_nobody "$IOUCTL" show nop-chain
	grep -qx 'loop  *nop-chain (built-in)' <<<"$output"
	grep -qx 'license  *Dual BSD/GPL' <<<"$output"
	grep -qx "nop_chain  nop_chain_loop  run  8   512  -  .*N requests, each after .*" <<<"$output"
	grep -qx "count  *u64   1000000  1 or more  requests  NOPs to run, .*" <<<"$output"
	grep -qx "completed  counter  -   count  *requests  NOPs whose .*" <<<"$output"
	grep -qx "nop_chain_loop  *struct_ops.s/loop_step  [0-9,]*" <<<"$output"
	run ! grep -E 'iou_|^MAP|^GLOBAL| $' <<<"$output"
	expect 0 "$IOUCTL" show nop-chain --params
	[ "$output" = $'count\tu64\t' ]
}

@test "every parameter of every kind: text" {
	expect 0 "$IOUCTL" show "$KINDS"
	while IFS='|' read -r name rest; do
		grep -qE "^$name +${rest//|/ +}\$" <<<"$output" || {
			echo "no line of $name, $rest in: $output"
			return 1
		}
	done <<'END'
depth|u32|4|1 to 64|requests|in flight
all-of-it|u32|7|0 or more|-|no bound
many|u64|18446744073709551615|5 or more|things|very many
low|s64|-5|up to 10|-|may be negative
bs|size|64 KiB|512 B to 1 MiB|-|bytes of a block
pause|duration|50.0 us|0 ns to 1.00 s|-|between two
direct-io|flag|yes|yes or no|-|around the page cache
how|choice|three|one, two_b, three|-|which way
order|choices|two,one,two|one, two|-|in which order
extra|choices|none|x, y|-|what else
steps|steps|8@50us,1@1ms|such as 32@50us,1@1ms|-|at which time
later|steps|none|such as 32@50us,1@1ms|-|at no time
part|share|0.05%|0% to 100%|-|of all
error|errno|EIO|such as EIO|-|what went wrong
what|opcode|read|such as read, or any|-|what it is
which|opcode|any|such as read, or any|-|what it may be
list|paths|none|-|-|what is opened
in|infile|-|-|-|what is read
out|outfile|-|-|-|what is written
listen|listen|127.0.0.1:7000|-|-|where to
connect|connect|-|-|-|where from
more|infile|none|-|-|what may be read
peer|connect|none|-|-|who may be told
blocks|mem|depth x 2 \* bs|-|-|looked into
fixed|buffers|16 x 4096|-|-|registered
ring|buf-ring|2 \* depth x bs|-|-|provided
slots|direct|depth|-|-|of descriptors
done|counter|-|many|things|that are through
errors|counter|-|-|-|that were not
now|gauge|-|-|requests|in flight now
took|histogram|-|-|ns|how long each took
sorts|counter|opcode|-|requests|of each sort
times|histogram|opcode|-|ns|how long each sort took
verdict|text|-|-|-|in a word
kinds|kinds_loop|run|depth \(4\)|2 \* depth \(8\)|-|all kinds
seen|hash|4|8|99
END
}

@test "every parameter of every kind: JSON, and --params" {
	expect 0 "$IOUCTL" show "$KINDS" --json
	[ "$(json .schema)" = iouctl.show/1 ]
	# Not by jq, which before 1.7 has doubles alone.
	has '{"name":"many","kind":"u64","default":18446744073709551615,"min":5,"max":18446744073709551615,' \
		"$output"
	has '{"name":"low","kind":"s64","default":-5,"min":-9223372036854775808,"max":10,' "$output"
	[ "$(json '.params[] | [.name, .kind, .default, .min, .max] | tojson' |
		grep -vE '^\["(many|low)"')" = "$(cat <<'END'
["depth","u32",4,1,64]
["all-of-it","u32",7,0,4294967295]
["bs","size",65536,512,1048576]
["pause","duration",50000,0,1000000000]
["direct-io","flag",true,null,null]
["how","choice","three",null,null]
["order","choices",["two","one","two"],null,null]
["extra","choices",[],null,null]
["steps","steps",["8@50us","1@1ms"],null,null]
["later","steps",[],null,null]
["part","share",500,0,1000000]
["error","errno","EIO",null,null]
["what","opcode","read",null,null]
["which","opcode",null,null,null]
["list","paths",null,null,null]
["in","infile",null,null,null]
["out","outfile","-",null,null]
["listen","listen","127.0.0.1:7000",null,null]
["connect","connect",null,null,null]
["more","infile",null,null,null]
["peer","connect",null,null,null]
["blocks","mem","4x131072",null,null]
["fixed","buffers","16x4096",null,null]
["ring","buf-ring","8x65536",null,null]
["slots","direct",4,null,null]
END
)" ]
	[ "$(json '[.params[] | select(.optional).name] | tojson')" = '["list","more","peer"]' ]
	[ "$(json '.params[] | select(.choices != []) | [.name] + .choices | join(" ")')" = \
		$'how one two_b three\norder one two\nextra x y' ]
	[ "$(json '.params[] | select(.nr) | "\(.name): \(.nr) x \(.size)"')" = "$(cat <<'END'
blocks: depth x 2 * bs
fixed: 16 x 4096
ring: 2 * depth x bs
slots: depth x null
END
)" ]
	[ "$(json '.stats[] | "\(.name) \(.kind) \(.by) \(.of) \(.unit)"')" = "$(cat <<'END'
done counter null many things
errors counter null null null
now gauge null null requests
took histogram null null ns
sorts counter opcode null requests
times histogram opcode null ns
verdict text null null null
END
)" ]
	[ "$(json '.loops[0].ring | tojson')" = \
		'{"sq":"depth","sq_entries":4,"cq":"2 * depth","cq_entries":8,"flags":[]}' ]
	[ "$(json '.maps | tojson')" = \
		'[{"name":"seen","type":"hash","key_size":4,"value_size":8,"max_entries":99}]' ]
	[ "$(json '.globals | length')" = 0 ]
	expect 0 "$IOUCTL" show --params "$KINDS"
	[ "$(sed -n '7,10p;17,18p' <<<"$output")" = \
		$'direct-io\tflag\tyes no\nhow\tchoice\tone two_b three\norder\tchoices\tone two
extra\tchoices\tx y\nlist\tpaths\t\nin\tinfile\t' ]
	[ "$(wc -l <<<"$output")" -eq 27 ]
	expect 0 "$IOUCTL" show --params "$KINDS" --json
	[ "$(json .schema)" = iouctl.show/1 ]
}

@test "an object without the header: globals with their types, maps, programs" {
	expect 0 "$IOUCTL" show "$PLAIN" --json
	[ "$(json '.globals | sort_by(.name)[] | "\(.name): \(.type), \(.section), \(.size)"')" = "$(cat <<'END'
buffer_uptr: void *, .bss, 8
cq_head_offset: __u32, .rodata, 4
hidden: long, .bss, 8
hook: void *, .bss, 8
list: pairs_t[3][2], .bss, 48
one: struct pair, .data, 8
reqs_to_run: int, .bss, 4
text: char[16], .data.text, 16
END
)" ]
	[ "$(json '.maps[] | "\(.name) \(.type) \(.value_size) \(.max_entries)"')" = "results array 8 5" ]
	[ "$(json '.programs[] | "\(.name) \(.section)"')" = "plain_step struct_ops.s/plain_step" ]
	insns=$(readelf -SW "$PLAIN" | sed -n 's|.* struct_ops.s/plain_step *PROGBITS *[^ ]* [^ ]* \([^ ]*\).*|\1|p')
	[ "$(json '.programs[0].instructions')" = $((0x$insns / 8)) ]
	[ "$(json '.loop.license')" = "GPL v2" ]
	[ "$(json '.params, .stats | length')" = $'0\n0' ]
	[ "$(json '.loops[0] | "\(.name) \(.step) \(.ring.sq) \(.ring.sq_entries) \(.ring.cq_entries)"')" = \
		"plain plain_step null 64 512" ]
	expect 0 "$IOUCTL" show "$PLAIN"
	grep -qE '^list +pairs_t\[3\]\[2\] +\.bss +48$' <<<"$output"
	expect 0 "$IOUCTL" show "$PLAIN" --params
	[ -z "$output" ]
}

@test "size and hash are those of the file" {
	expect 0 "$IOUCTL" show "$KINDS" --json
	[ "$(json .loop.sha256)" = "$(sha256sum <"$KINDS" | cut -d' ' -f1)" ]
	[ "$(json .loop.size)" = "$(stat -c %s "$KINDS")" ]
	[ "$(json .loop.source)" = "$KINDS" ]
	[ "$(json .loop.name)" = kinds ]
}

@test "several loops in one object: all of them, or with --ops one" {
	expect 0 "$IOUCTL" show "$OBJECTS/two.bpf.o" --json
	[ "$(json '.loops[] | "\(.name) \(.step)"')" = $'one one_loop\nother other_loop' ]
	[ "$(json '[.programs[].name] | sort | join(" ")')" = "one_loop one_loop_rewind one_loop_traced \
other_loop other_loop_rewind other_loop_traced" ]
	expect 0 "$IOUCTL" show "$OBJECTS/two.bpf.o" --ops other --json
	[ "$(json '.loops[] | "\(.name) \(.step)"')" = "other other_loop" ]
	[ "$(json '[.programs[].name] | sort | join(" ")')" = \
		"other_loop other_loop_rewind other_loop_traced" ]
	# The check of one is loaded with that one alone.
	expect 0 "$IOUCTL" show "$OBJECTS/choosy.bpf.o" --ops choosy --json
	[ "$(json '[.programs[].name] | sort | join(" ")')" = \
		"choosy_check choosy_loop choosy_loop_rewind choosy_loop_traced" ]
	expect 2 "$IOUCTL" show "$OBJECTS/two.bpf.o" --ops third
	has "it has: one, other" "$stderr"
}

@test "ring flags" {
	compile "$BATS_TEST_TMPDIR/flags.bpf.o" <<'END'
#include <iouctl/loop.bpf.h>
static __always_inline int step(struct iou_ring *ring) { return iou_done(ring); }
IOU_LOOP_ON(flags, step, "h", 8, 16, "cqe-mixed -sq-rewind");
END
	expect 0 "$IOUCTL" show "$BATS_TEST_TMPDIR/flags.bpf.o" --json
	[ "$(json '.loops[0].ring.flags | tojson')" = '["cqe-mixed","-sq-rewind"]' ]
	expect 0 "$IOUCTL" show "$BATS_TEST_TMPDIR/flags.bpf.o"
	has "  cqe-mixed -sq-rewind  " "$output"
}

@test "a list that is not of the type that it is declared" {
	compile "$BATS_TEST_TMPDIR/lists.bpf.o" <<'END'
#include <iouctl/loop.bpf.h>
struct words { __u64 some, more; };
struct choices { __u32 nr; struct words words; } __attribute__((packed));
const volatile struct choices order IOU_TAG("iou:param;kind=choices;choices=x|y;def=;help=h") = {};
static __always_inline int step(struct iou_ring *ring)
{
	return order.nr ? iou_done(ring) : iou_again(ring);
}
IOU_LOOP(lists, step, "h", 8, 16);
END
	expect 5 "$IOUCTL" run "$BATS_TEST_TMPDIR/lists.bpf.o" order=x
	has "cannot set 'order.words[0]'; 'order' is not of the type" "$stderr"
}

@test "command lines" {
	expect 2 "$IOUCTL" show
	has "no LOOP was given" "$stderr"
	expect 2 "$IOUCTL" show nop-chain count=5
	has "takes one LOOP, not 'count=5' too" "$stderr"
	expect 2 "$IOUCTL" show nop-chian --params
	has "did you mean 'nop-chain'?" "$stderr"
	expect 5 "$IOUCTL" show "$OBJECTS/none.bpf.o"
	[ -z "$output" ]
	expect 5 "$IOUCTL" show "$OBJECTS/none.bpf.o" --json
	[ "$(json .schema)" = iouctl.error/1 ]
	expect 1 bash -c "\"$IOUCTL\" show nop-chain --params >/dev/full"
}

@test "the manual of a loop says the same of each kind" {
	echo "@LOOPS $KINDS@" >"$BATS_TEST_TMPDIR/in"
	"$BUILD/completions/gen" "$BATS_TEST_TMPDIR/in" "$BATS_TEST_TMPDIR/out"
	while read -r line; do
		grep -qxF "	$line" "$BATS_TEST_TMPDIR/out" || {
			echo "no '$line' in:"
			cat "$BATS_TEST_TMPDIR/out"
			return 1
		}
	done <<'END'
in flight; u32, 1 to 64 requests; default 4.
may be negative; s64, up to 10; default -5.
bytes of a block; size, 512 B to 1 MiB; default 64 KiB.
between two; duration, 0 ns to 1.00 s; default 50.0 us.
around the page cache; flag, yes or no; default yes.
which way; choice: one, two\_b, three; default three.
in which order; choices: one, two; default two,one,two.
what else; choices: x, y; default none.
at which time; steps, such as 32@50us,1@1ms; default 8@50us,1@1ms.
of all; share, 0% to 100%; default 0.05%.
what it may be; opcode, such as read, or any; default any.
what is opened; paths; default none.
what is read; infile; must be set.
what may be read; infile; default none.
what is written; outfile; default -.
looked into; mem; default depth x 2 \* bs.
of descriptors; direct; default depth.
that are through; counter of things, ends at the value of *many*.
how long each took; histogram of ns.
of each sort; counter of requests for each opcode.
in a word; text.
END
	grep -qx 'all kinds. Ring: depth SQ and 2 \\\* depth CQ entries.' "$BATS_TEST_TMPDIR/out"
	scdoc < <(printf 'x(7)\n\n# LOOPS\n\n'; cat "$BATS_TEST_TMPDIR/out") >"$BATS_TEST_TMPDIR/x.7"
	[ -z "$(man --warnings -E UTF-8 -l -Tutf8 -Z "$BATS_TEST_TMPDIR/x.7" 2>&1 >/dev/null)" ]
}

@test "one more parameter in a loop's source is all that it takes" {
	mkdir "$BATS_TEST_TMPDIR/path"
	sed '/^IOU_PARAM_U64(count/i IOU_PARAM_CHOICE(colour, 1, "red|green", "which one");' \
		"$top/bpf/nop-chain.bpf.c" | compile "$BATS_TEST_TMPDIR/path/mine.bpf.o"
	export IOUCTL_LOOP_PATH=$BATS_TEST_TMPDIR/path
	chmod 755 "$BATS_TEST_TMPDIR/path"
	expect 0 "$IOUCTL" show mine --params
	[ "$output" = $'colour\tchoice\tred green\ncount\tu64\t' ]
	expect 2 "$IOUCTL" run mine --colour blue
	has "it can be: red, green" "$stderr"
	expect 2 "$IOUCTL" run mine --help=x
	echo "@LOOPS mine@" >"$BATS_TEST_TMPDIR/in"
	"$BUILD/completions/gen" "$BATS_TEST_TMPDIR/in" "$BATS_TEST_TMPDIR/out"
	grep -qx '	which one; choice: red, green; default green.' "$BATS_TEST_TMPDIR/out"
}

# patch FROM TO <OBJECT >OBJECT: strings of the same length.
patch_bytes() {
	[ ${#1} -eq ${#2} ]
	FROM=$1 TO=$2 perl -0777 -pe 's/\Q$ENV{FROM}\E/$ENV{TO}/g'
}

@test "names that a shell would act on are refused; text is escaped" {
	compile "$BATS_TEST_TMPDIR/loop.bpf.o" <<'END'
#include <iouctl/loop.bpf.h>
IOU_PARAM_CHOICE(abcdefghijklmno, 0, "pqrstuvwxyzabcd|b", "a$(touch owned)\e[31m\xff`id`\ttab");
static __always_inline int step(struct iou_ring *ring) { return iou_done(ring) + abcdefghijklmno; }
IOU_LOOP(loop, step, "$(touch owned)\a", 8, 16);
END
	cd "$BATS_TEST_TMPDIR"
	expect 0 "$IOUCTL" show ./loop.bpf.o
	has 'a$(touch owned)\x1b[31m\xff`id`\x09tab' "$output"
	expect 0 "$IOUCTL" show ./loop.bpf.o --json
	[ "$(json '.params[0].help')" = 'a$(touch owned)\x1b[31m\xff`id`'$'\ttab' ]
	expect 0 "$IOUCTL" show ./loop.bpf.o --params
	[ "$output" = $'abcdefghijklmno\tchoice\tpqrstuvwxyzabcd b' ]
	patch_bytes abcdefghijklmno 'a$(touch owned)' <loop.bpf.o >name.bpf.o
	expect 5 "$IOUCTL" show ./name.bpf.o --params
	[ -z "$output" ]
	has "has a wrong name" "$stderr"
	patch_bytes pqrstuvwxyzabcd 'a$(touch owned)' <loop.bpf.o >word.bpf.o
	expect 5 "$IOUCTL" show ./word.bpf.o --params
	[ -z "$output" ]
	has "wrong list of choices" "$stderr"
	[ ! -e owned ]
}

# Objects in which some bytes are others: any answer will do, but it must be one. SHOW_SEED makes
# other ones.
@test "damaged objects are shown or refused" {
	perl -e '
		my ($seed, $dir, @files) = @ARGV;
		srand $seed;
		for my $file (@files) {
			open my $in, "<:raw", $file or die; local $/; my $data = <$in>;
			for my $i (1 .. 60) {
				my $copy = $data;
				substr($copy, rand length $copy, 1) = chr rand 256
					for 1 .. 1 + rand 20;
				substr($copy, 0, 8) = substr $data, 0, 8;
				my $name = $file =~ s|.*/||r =~ s|\..*||r;
				open my $out, ">:raw", "$dir/$name-$i.bpf.o" or die;
				print $out $copy;
			}
		}' "${SHOW_SEED:-1}" "$BATS_TEST_TMPDIR" "$KINDS" "$PLAIN" "$OBJECTS/two.bpf.o"
	for file in "$BATS_TEST_TMPDIR"/*.bpf.o; do
		run timeout 20 "$IOUCTL" show "$file"
		[ "$status" -eq 0 ] || [ "$status" -eq 5 ] || [ "$status" -eq 1 ] || {
			echo "exit code $status of show $file: $output"
			cp "$file" "${TMPDIR:-/tmp}/"
			return 1
		}
	done
}
