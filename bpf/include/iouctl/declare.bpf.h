/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a loop says of itself: parameters, resources, statistics. Included by <iouctl/loop.bpf.h>.
 *
 * A tag is "iou:WHAT;KEY=VALUE;…;help=TEXT", help being last. A name's underscores are dashes
 * to the user (max_conns is --max-conns).
 */
#pragma once

#include <iouctl/arith.h>
#include <iouctl/types.bpf.h>

#define IOU_TAG(text) __attribute__((btf_decl_tag(text)))

/*
 * ---- Parameters: constants to the program, set by the user before it is loaded ----
 */
#define IOU_PARAM_(type, kind, name, def, min, max, unit, text)                           \
	const volatile type name IOU_TAG("iou:param;kind=" kind ";min=" #min ";max=" #max \
					 ";unit=" unit ";help=" text) = (def)

#define IOU_PARAM_U32(name, def, min, max, unit, help) \
	IOU_PARAM_(__u32, "u32", name, def, min, max, unit, help)
#define IOU_PARAM_U64(name, def, min, max, unit, help) \
	IOU_PARAM_(__u64, "u64", name, def, min, max, unit, help)
#define IOU_PARAM_S64(name, def, min, max, unit, help) \
	IOU_PARAM_(__s64, "s64", name, def, min, max, unit, help)
/* Bytes, written as 128K. */
#define IOU_PARAM_SIZE(name, def, min, max, help) \
	IOU_PARAM_(__u64, "size", name, def, min, max, "bytes", help)
/* Nanoseconds, written as 50us. */
#define IOU_PARAM_DURATION(name, def, min, max, help) \
	IOU_PARAM_(__u64, "duration", name, def, min, max, "ns", help)
#define IOU_PARAM_FLAG(name, def, help) IOU_PARAM_(__u8, "flag", name, def, 0, 1, "", help)
/* One of several words, @words being "one|two|three": the program sees 0, 1 or 2. */
#define IOU_PARAM_CHOICE(name, def, words, text)                                 \
	const volatile __u32 name IOU_TAG("iou:param;kind=choice;choices=" words \
					  ";help=" text) = (def)

/* A share of all, in parts of a million, written as 0.1%. */
#define IOU_PARAM_SHARE(name, def, help) IOU_PARAM_(__u32, "share", name, def, 0, 1000000, "", help)
/* The number of an error, written by its name, as EIO. */
#define IOU_PARAM_ERRNO(name, def, help) IOU_PARAM_(__u32, "errno", name, def, 1, 4095, "", help)

/* An opcode of io_uring, written by its name, as read; or "any". */
#define IOU_OPCODE_ANY 0xffffffffU

#define IOU_PARAM_OPCODE(name, def, text) \
	const volatile __u32 name IOU_TAG("iou:param;kind=opcode;help=" text) = (def)

/* Several of these words, in an order, which users write as one,two,one. The program sees their
 * numbers. @def is text, too, and "" for none. */
#define IOU_CHOICES_MAX 16

struct iou_choices {
	__u32 nr;
	__u8 words[IOU_CHOICES_MAX];
};

#define IOU_PARAM_CHOICES(name, def, choices, text)                                              \
	const volatile struct iou_choices name IOU_TAG("iou:param;kind=choices;choices=" choices \
						       ";def=" def ";help=" text) = {}

/* Numbers at times, which ascend, written as 32@50us,1@1ms. @def is text, too, and "" for none. */
#define IOU_STEPS_MAX 8

struct iou_steps {
	__u32 nr;
	__u32 counts[IOU_STEPS_MAX]; /* 1 or more */
	__u64 ns[IOU_STEPS_MAX];
};

#define IOU_PARAM_STEPS(name, def, text)                                             \
	const volatile struct iou_steps name IOU_TAG("iou:param;kind=steps;def=" def \
						     ";help=" text) = {}

/*
 * ---- Resources: parameters for which the tool opens, connects or registers something ----
 *
 * Structs whose fields are constants to the program. @def is what the user may leave out; ""
 * means that he may not. What is _OPTIONAL and left out is not opened, and its fd is -1.
 */
#define IOU_RESOURCE_(type, kind, name, keys, text) \
	const volatile type name IOU_TAG("iou:param;kind=" kind ";" keys ";help=" text) = {}

/* A file, opened for reading, or made, emptied and opened for writing; "-" is the tool's own
 * standard input or output. */
struct iou_file {
	__s32 fd;
	/* Whether reads and writes have offsets: not those of a pipe, a socket, a terminal, "-".
	 * They go in order, one at a time, with offset -1. */
	__u8 seeks;
	__u64 size;      /* bytes, when it was opened; 0 for what has none, such as a pipe */
	__s32 direct_fd; /* the same file with O_DIRECT, or -1 where that was not asked for */
};

/* What O_DIRECT wants an offset, a length and an address to be a multiple of, in bytes. */
#define IOU_DIRECT_ALIGN 4096

#define IOU_PARAM_INFILE(name, def, help) \
	IOU_RESOURCE_(struct iou_file, "infile", name, "def=" def, help)
#define IOU_PARAM_OUTFILE(name, def, help) \
	IOU_RESOURCE_(struct iou_file, "outfile", name, "def=" def, help)

#define IOU_PARAM_INFILE_OPTIONAL(name, help) \
	IOU_RESOURCE_(struct iou_file, "infile", name, "optional=1", help)
#define IOU_PARAM_OUTFILE_OPTIONAL(name, help) \
	IOU_RESOURCE_(struct iou_file, "outfile", name, "optional=1", help)

/* The same, opened a second time with O_DIRECT (direct_fd) if @flag is set, an IOU_PARAM_FLAG. */
#define IOU_PARAM_INFILE_DIRECT(name, def, flag, help) \
	IOU_RESOURCE_(struct iou_file, "infile", name, "direct=" #flag ";def=" def, help)
#define IOU_PARAM_OUTFILE_DIRECT(name, def, flag, help) \
	IOU_RESOURCE_(struct iou_file, "outfile", name, "direct=" #flag ";def=" def, help)

/* A stream socket that listens or is connected: HOST:PORT, [IPV6]:PORT or unix:PATH. Those of TCP
 * have TCP_NODELAY, and so have the connections that one accepts. */
struct iou_socket {
	__s32 fd;
	__u8 tcp; /* else it is a unix socket */
};

#define IOU_PARAM_LISTEN(name, def, help) \
	IOU_RESOURCE_(struct iou_socket, "listen", name, "def=" def, help)
#define IOU_PARAM_CONNECT(name, def, help) \
	IOU_RESOURCE_(struct iou_socket, "connect", name, "def=" def, help)
#define IOU_PARAM_LISTEN_OPTIONAL(name, help) \
	IOU_RESOURCE_(struct iou_socket, "listen", name, "optional=1", help)
#define IOU_PARAM_CONNECT_OPTIONAL(name, help) \
	IOU_RESOURCE_(struct iou_socket, "connect", name, "optional=1", help)

/*
 * Files and connected sockets by a number, as a table says: a file with a line "KEY TARGET" for
 * each, where KEY is a number of 32 bits, or "*" for all that have no line, and TARGET is
 * tcp:HOST:PORT, unix:PATH, a path, or "-". Lines with the same target share it. Files are written
 * in order, with offset -1, sockets are for sends.
 */
#define IOU_TARGETS_MAX 256

struct iou_targets {
	__u32 nr;                      /* targets */
	__s32 other;                   /* the target of "*", or -1 */
	__u32 keys_nr;                 /* without "*" */
	__u32 keys[IOU_TARGETS_MAX];   /* ascending */
	__u32 of[IOU_TARGETS_MAX];     /* the target of each key */
	__s32 fds[IOU_TARGETS_MAX];    /* of each target */
	__u8 sockets[IOU_TARGETS_MAX]; /* whether it is a socket */
};

#define IOU_PARAM_TARGETS(name, help) \
	IOU_RESOURCE_(struct iou_targets, "targets", name, "def=", help)

/* The number of @key's target, or -1. */
static __always_inline __s32 iou_target_of(const volatile struct iou_targets *targets, __u32 key)
{
	__u32 from = 0, to = targets->keys_nr;

	/* Halves from..to, of which the key may be in. */
	iou_repeat(i, 9) {
		__u32 middle = (from + to) / 2 % IOU_TARGETS_MAX;

		if (from < to && targets->keys[middle] < key)
			from = middle + 1;
		else if (from < to)
			to = middle;
	}
	from %= IOU_TARGETS_MAX;
	if (from < targets->keys_nr && targets->keys[from] == key)
		return targets->of[from];
	return targets->other;
}

/*
 * Paths of files that the loop opens by itself, relative to AT_FDCWD. They are in the tool's
 * memory, for requests: number @i is at addr + i * stride.
 */
struct iou_paths {
	__u64 addr; /* 0: it was left out; not 0, with nr 0: the list is empty */
	__u32 nr;
	__u32 stride;
};

#define IOU_PARAM_PATHS(name, help) \
	IOU_RESOURCE_(struct iou_paths, "paths", name, "optional=1", help)

/*
 * Memory. How many blocks (@count) of how many bytes (@bytes) is a number, the name of a
 * parameter of the loop, or a product of such: IOU_PARAM_MEM(blocks, depth, 2 * bs, "…"). A user
 * may say something else, as blocks=16x64K.
 */
#define IOU_BLOCKS_(type, kind, name, count, bytes, text) \
	IOU_RESOURCE_(type, kind, name, "nr=" #count ";size=" #bytes, text)

/* In the ring's MEM region, which the program can look into (iou_mem_at()). */
struct iou_mem {
	__u64 addr;   /* of the first block, for requests */
	__u64 offset; /* the same in the region */
	__u64 size;   /* of a block, in bytes */
	__u32 nr;     /* blocks */
};

#define IOU_PARAM_MEM(name, count, bytes, help) \
	IOU_BLOCKS_(struct iou_mem, "mem", name, count, bytes, help)

/* Registered buffers, a block each, for the _fixed requests. */
struct iou_buffers {
	__u64 addr;      /* of the first block */
	__u64 size;      /* of a block, in bytes */
	__u32 first, nr; /* buf_index of the first block; blocks */
};

#define IOU_PARAM_BUFFERS(name, count, bytes, help) \
	IOU_BLOCKS_(struct iou_buffers, "buffers", name, count, bytes, help)

/* The same, registered only if @flag is set, an IOU_PARAM_FLAG: what goes past the page cache is
 * pinned for each request where it is not registered; what goes through it is copied, which takes
 * no less with buffers that are. Else they are memory for plain requests. */
#define IOU_PARAM_BUFFERS_DIRECT(name, count, bytes, flag, help) \
	IOU_RESOURCE_(struct iou_buffers, "buffers", name,       \
		      "direct=" #flag ";nr=" #count ";size=" #bytes, help)

/* Provided buffers, in MEM as their ring is, so that the loop can look into them and give them
 * back (iou_buf_at(), iou_buf_give()). All are provided when the loop starts. */
struct iou_buf_ring {
	__u64 addr, offset, size; /* of the first block, as for iou_mem */
	__u64 ring_offset;        /* struct io_uring_buf_ring in the region */
	__u32 entries;            /* of the ring: @nr rounded up to a power of two */
	__u32 nr;                 /* blocks; a block's number is its buffer ID */
	__u32 group;              /* for sqe->buf_group */
};

#define IOU_PARAM_BUF_RING(name, count, bytes, help) \
	IOU_BLOCKS_(struct iou_buf_ring, "buf-ring", name, count, bytes, help)

/*
 * Pipes for splices: each has as many @bytes, or as many as this user may have in one (see
 * pipe(7)).
 * @count may come to 0, as that of all these: "!name" is 1 where the parameter is 0, else 0.
 */
#define IOU_PIPES_MAX 256

struct iou_pipes {
	__u64 size; /* bytes that go into each of them, in whole pages */
	__u32 nr;
	__s32 read_fds[IOU_PIPES_MAX], write_fds[IOU_PIPES_MAX]; /* their ends */
};

#define IOU_PARAM_PIPES(name, count, bytes, help) \
	IOU_BLOCKS_(struct iou_pipes, "pipes", name, count, bytes, help)

/* Empty slots of the table of direct descriptors. */
struct iou_direct {
	__u32 first, nr; /* index of the first slot; slots */
};

#define IOU_PARAM_DIRECT(name, count, help) \
	IOU_RESOURCE_(struct iou_direct, "direct", name, "nr=" #count, help)

/*
 * ---- Statistics ----
 *
 * A counter only grows; IOU_PROGRESS is a counter that ends at the value of a parameter, which
 * is what a progress display shows; or at the size of an IOU_PARAM_INFILE. Keep them in locals and
 * write them back once per step or block.
 */
#define IOU_STAT_(kind, of, name, unit, text) \
	__u64 name IOU_TAG("iou:stat;kind=" kind of ";unit=" unit ";help=" text) = 0

#define IOU_COUNTER(name, unit, help) IOU_STAT_("counter", "", name, unit, help)
#define IOU_GAUGE(name, unit, help) IOU_STAT_("gauge", "", name, unit, help)
#define IOU_PROGRESS(name, param, unit, help) IOU_STAT_("counter", ";of=" #param, name, unit, help)

/* One for each opcode: name[opcode % IOU_OPCODES_NR]. Only what is not 0 is shown. */
#define IOU_OPCODES_NR 128

#define IOU_COUNTER_BY_OPCODE(name, unit, text)                                         \
	__u64 name[IOU_OPCODES_NR] IOU_TAG("iou:stat;kind=counter;by=opcode;unit=" unit \
					   ";help=" text) = {}

/* What is no number: @bytes characters (256 at most), the last of which is a NUL; shown as it is.
 */
#define IOU_TEXT(name, bytes, text) \
	char name[bytes] IOU_TAG("iou:stat;kind=text;unit=;help=" text) = ""

/* Where values lie: to 1/16 of themselves (<iouctl/arith.h>). Fill it by iou_histogram_add(). */
struct iou_histogram {
	__u64 sum, min, max;
	__u64 buckets[IOU_HISTOGRAM_BUCKETS];
};

#define IOU_HISTOGRAM(name, unit, text)                                        \
	struct iou_histogram name IOU_TAG("iou:stat;kind=histogram;unit=" unit \
					  ";help=" text) = {.min = ~0ULL}

/* One for each opcode; filled by iou_histogram_add_by(). */
#define IOU_HISTOGRAM_BY_OPCODE(name, unit, text)          \
	struct iou_histogram name[IOU_OPCODES_NR] IOU_TAG( \
		"iou:stat;kind=histogram;by=opcode;unit=" unit ";help=" text) = {}

/* @nr values that are the same. */
static __always_inline void iou_histogram_add_many(struct iou_histogram *histogram, __u64 value,
						   __u64 nr)
{
	__u32 bucket = iou_histogram_bucket(value);

	histogram->sum += value * nr;
	if (value < histogram->min)
		histogram->min = value;
	if (value > histogram->max)
		histogram->max = value;
	iou_opaque(bucket);
	if (bucket < IOU_HISTOGRAM_BUCKETS)
		histogram->buckets[bucket] += nr;
}

static __always_inline void iou_histogram_add(struct iou_histogram *histogram, __u64 value)
{
	iou_histogram_add_many(histogram, value, 1);
}

static __always_inline void iou_histogram_add_by(struct iou_histogram *histograms, __u8 opcode,
						 __u64 value)
{
	struct iou_histogram *histogram = &histograms[opcode % IOU_OPCODES_NR];

	/* Those by opcode are 0 in the beginning, so that an object has no room for them. */
	if (!histogram->sum && !histogram->buckets[0])
		histogram->min = ~0ULL;
	iou_histogram_add(histogram, value);
}

/*
 * ---- Timers ----
 *
 * What io_uring's timeouts point to lies in the loop's own data, which the tool has mapped: see
 * iou_prep_timer().
 */
struct iou_timer {
	__s64 tv_sec, tv_nsec;
	__u64 addr; /* of this struct in the tool; filled in by it */
};

#define IOU_TIMER(name) struct iou_timer name IOU_TAG("iou:timer") = {}
