// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * route: records, from a file or from connections, each to where a table says. The program looks
 * at the head of each in MEM; the record itself is written from where it was read.
 *
 * A record is four bytes, which say how long the rest is, four bytes of key, and data; the numbers
 * are big-endian. It is handed on when all of it is there. A block is at least as long as the
 * longest record, so that a record is in two of them at most: the one that is looked at, and the
 * one before. A source, which is the file or a connection, holds no more of them but what a file
 * reads ahead, and there are two for each source: no source waits for another.
 */
#include <iouctl/loop.bpf.h>

IOU_PARAM_INFILE_OPTIONAL(in, "the file to read records from; -: standard input");
IOU_PARAM_LISTEN_OPTIONAL(listen, "where to accept connections that send records");
IOU_PARAM_TARGETS(table, "file with lines KEY TARGET: where records go");
IOU_PARAM_SIZE(max, 65536, 0, 16777208, "data of a record at most; what has more is skipped");
IOU_PARAM_SIZE(bs, 131072, 8, 16777216, "how much to read at a time");
IOU_PARAM_U32(depth, 32, 2, 1024, "blocks", "of which each connection needs two");
IOU_PARAM_U64(count, 0, 0, 9223372036854775807, "records", "how many to hand on; 0: all");
IOU_PARAM_FLAG(strip, 0, "leave out length and key: write the data alone");
IOU_PARAM_MEM(blocks, depth, bs, "where records are until they are written");
IOU_PARAM_DIRECT(slots, depth, "for connections");

IOU_PROGRESS(looked_at, in, "bytes", "of records and what else there was");
IOU_COUNTER(records, "records", "handed to their target");
IOU_COUNTER(written, "bytes", "taken by the targets");
IOU_COUNTER(unknown, "records", "dropped: the table has no target for their key");
IOU_COUNTER(oversized, "records", "skipped: their data is longer than max");
IOU_COUNTER(malformed, "records",
	    "with a length that leaves no room for a key: their source was given up");
IOU_COUNTER(truncated, "records", "whose source ended before they did");
IOU_COUNTER(connections, "connections", "accepted");
IOU_COUNTER(broken, "connections", "that ended by an error");
IOU_COUNTER(reads, "requests", "reads that came to something");
IOU_COUNTER(writes, "requests", "writes and sends that came to something");
IOU_COUNTER(continued, "requests", "writes and sends that were short and went on");
IOU_GAUGE(in_flight_max, "requests", "most requests in flight");
IOU_TEXT(failed_key, 16, "of the target that failed");

struct routed {
	__u64 records, bytes;
};

/* What went where, but to the target of all other keys. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, IOU_TARGETS_MAX);
	__type(key, __u32);
	__type(value, struct routed);
} keys SEC(".maps");

#define BLOCKS_MAX 1024
#define SOURCES_MAX 512
#define PIECES_MAX 4096
#define NONE 0xffffffff
#define HEAD 8 /* bytes before the data */

/* Requests: a block's number for the read into it, and these. */
#define WRITE BLOCKS_MAX                /* and the target */
#define CLOSE (WRITE + IOU_TARGETS_MAX) /* and the source */
#define CANCEL (CLOSE + SOURCES_MAX)    /* and the source */
#define ACCEPT (CANCEL + SOURCES_MAX)
#define CANCEL_ACCEPT (ACCEPT + 1)

#define QUEUE_SIZE 4096
#include "queue.bpf.h"

/* How long a step looks at records, in nanoseconds. */
#define STEP_NS 5000000

/* ---- What there is ---- */

enum state { IDLE, READING, PARTIAL, FULL };

static struct block {
	__u64 at;   /* where in the file it is */
	__u32 want; /* bytes to read */
	__u32 have; /* bytes read */
	__u32 state;
	__u32 users; /* the source, and pieces that are to be written */
	__u32 source;
	__u32 next; /* block of the source, or NONE */
	bool poll;  /* wait until the file is ready, before the next request */
} block_list[BLOCKS_MAX];

static __u32 idle[BLOCKS_MAX], idle_head, idle_tail;

static struct source {
	__u64 next_at;  /* file: where the next block begins */
	__u64 end_at;   /* file: where a read found nothing */
	__u64 head;     /* of the record, as far as it was looked at */
	__u32 head_nr;  /* bytes of that */
	__u32 left;     /* bytes of data that are not there yet */
	__u32 target;   /* or NONE */
	__u32 first;    /* block that is looked at, or NONE */
	__u32 last;     /* block that was begun last */
	__u32 pos;      /* bytes of `first` that were looked at */
	__u32 begin;    /* where the record begins in there */
	__u32 held;     /* block in which it begins, if that is another one; or NONE */
	__u32 held_at;  /* where in that */
	__u32 held_len; /* how much of it is there */
	__u32 reading;  /* blocks in state READING */
	bool open;
	bool skip;      /* the record is not for any target */
	bool all_read;  /* no more blocks are begun */
	bool ended;     /* what is left is not looked at */
	bool cancelled; /* the read was asked to end */
	bool closing;
} source_list[SOURCES_MAX];

/* What is to be written: pieces of blocks, in an order for each target. */
static struct piece {
	__u32 block, at, len, next;
} piece_list[PIECES_MAX];

static __u32 free_pieces[PIECES_MAX], free_head, free_tail;

static struct target {
	__u32 first, last; /* pieces, or NONE */
	__u32 gone;        /* bytes of the first one that were written */
	bool writing, failed;
	bool poll; /* wait until it is ready, before the next request */
} target_list[IOU_TARGETS_MAX];

static __u32 sources;          /* that are open */
static __u32 accepting = NONE; /* the source that is to be, or NONE */
static __u64 pending;          /* pieces */
static bool stopping, crowded, accept_cancelled;
static bool closed; /* a connection, since the last step */

/* The first thing that went wrong. */
enum why { NOTHING, CANNOT_READ, CANNOT_WRITE, CANNOT_ACCEPT, MALFORMED };
static __u32 why, why_errno;

static __always_inline struct block *block_of(__u32 nr)
{
	return &block_list[nr % BLOCKS_MAX];
}

static __always_inline struct source *source_of(__u32 nr)
{
	return &source_list[nr % SOURCES_MAX];
}

static __always_inline struct target *target_of(__u32 nr)
{
	return &target_list[nr % IOU_TARGETS_MAX];
}

static __always_inline bool seeks(void)
{
	return listen.fd < 0 && in.seeks;
}

static __always_inline void fail(__u32 what, __s32 res)
{
	if (why == NOTHING) {
		why = what;
		why_errno = -res;
	}
}

static __always_inline void drop_block(__u32 nr)
{
	struct block *block = block_of(nr);

	if (--block->users)
		return;
	block->state = IDLE;
	idle[idle_tail++ % BLOCKS_MAX] = nr;
}

/* ---- Targets ---- */

static __always_inline void start_write(__u32 nr)
{
	struct target *target = target_of(nr);

	if (target->writing || target->first == NONE)
		return;
	target->writing = true;
	submit_later(WRITE + nr);
}

/* @len bytes of @block from @at on, behind what the target has to write. There is room for a
 * piece. */
static __always_inline void add_piece(__u32 nr, __u32 block, __u32 at, __u32 len)
{
	struct target *target = target_of(nr);
	struct piece *last = &piece_list[target->last % PIECES_MAX];
	__u32 new;

	if (!len || target->failed)
		return;
	/* What is behind the last piece becomes part of it, unless that is being written. */
	if (target->last != NONE && last->block == block && last->at + last->len == at &&
	    !(target->writing && target->last == target->first)) {
		last->len += len;
		return;
	}
	new = free_pieces[free_head++ % PIECES_MAX];
	piece_list[new % PIECES_MAX] = (struct piece){block, at, len, NONE};
	block_of(block)->users++;
	pending++;
	if (target->last == NONE)
		target->first = new;
	else
		last->next = new;
	target->last = new;
}

static __always_inline void drop_piece(struct target *target)
{
	__u32 nr = target->first;
	struct piece *piece = &piece_list[nr % PIECES_MAX];

	target->first = piece->next;
	if (target->first == NONE)
		target->last = NONE;
	target->gone = 0;
	pending--;
	free_pieces[free_tail++ % PIECES_MAX] = nr;
	drop_block(piece->block);
}

static __always_inline void put_failed_key(__u32 nr)
{
	__u32 key = 0, at = 0, divisor = 1000000000;
	bool found = false;

	iou_forever {
		if (at >= table.keys_nr || found)
			break;
		if (table.of[at % IOU_TARGETS_MAX] == nr) {
			key = table.keys[at % IOU_TARGETS_MAX];
			found = true;
		}
		at++;
		iou_forget(at);
		iou_forget(key);
	}
	if (!found) {
		failed_key[0] = '*';
		return;
	}
	at = 0;
	iou_repeat(i, 10) {
		if (at || key >= divisor || divisor == 1)
			failed_key[at++ % 16] = '0' + key / divisor % 10;
		divisor /= 10;
	}
}

/* Nothing more goes there. */
static __always_inline void fail_target(__u32 nr, __s32 res)
{
	struct target *target = target_of(nr);

	if (why == NOTHING)
		put_failed_key(nr);
	fail(CANNOT_WRITE, res ? res : -5);
	target->failed = true;
	iou_forever {
		if (target->first == NONE)
			break;
		drop_piece(target);
	}
}

static __always_inline void took_write(__u32 nr, __s32 res)
{
	struct target *target = target_of(nr);
	struct piece *piece = &piece_list[target->first % PIECES_MAX];

	target->writing = false;
	if (target->poll || res == -4 /* EINTR */) {
		target->poll = false;
	} else if (res == -11 /* EAGAIN */) {
		target->poll = true;
	} else if (res <= 0) {
		fail_target(nr, res);
	} else {
		writes++;
		written += res;
		target->gone += res;
		if (target->gone < piece->len)
			continued++;
		else
			drop_piece(target);
	}
	start_write(nr);
}

static __always_inline void prep_write(struct io_uring_sqe *sqe, __u32 nr)
{
	struct target *target = target_of(nr);
	struct piece *piece = &piece_list[target->first % PIECES_MAX];
	__s32 fd = table.fds[nr % IOU_TARGETS_MAX];
	__u64 addr = blocks.addr + piece->block * blocks.size + piece->at + target->gone;
	__u32 len = piece->len - target->gone;

	if (target->poll)
		io_uring_prep_poll_add(sqe, fd, 4 /* POLLOUT */);
	else if (table.sockets[nr % IOU_TARGETS_MAX])
		io_uring_prep_send(sqe, fd, addr, len, 0x4000 /* MSG_NOSIGNAL */);
	else
		io_uring_prep_write(sqe, fd, addr, len, -1);
}

/* ---- Records ---- */

static __always_inline void end_record(struct source *source)
{
	if (source->held != NONE)
		drop_block(source->held);
	source->held = NONE;
	source->begin = source->pos;
	source->head = 0;
	source->head_nr = 0;
	source->skip = false;
	source->target = NONE;
}

/* All of the record is there. */
static __always_inline void hand_on(struct source *source)
{
	__u32 cut = strip ? HEAD : 0, key = source->head, nr = source->target, from;
	struct routed first = {}, *routed;
	__u64 length = HEAD - cut + (source->head >> 32) - 4;

	if (source->held != NONE) {
		from = cut < source->held_len ? cut : source->held_len;
		add_piece(nr, source->held, source->held_at + from, source->held_len - from);
		cut -= from;
	}
	add_piece(nr, source->first, source->begin + cut, source->pos - source->begin - cut);
	start_write(nr);
	records++;
	routed = bpf_map_lookup_elem(&keys, &key);
	/* The keys of "*" may be any number of them. */
	if (!routed && (__s32)nr != table.other) {
		bpf_map_update_elem(&keys, &key, &first, BPF_NOEXIST);
		routed = bpf_map_lookup_elem(&keys, &key);
	}
	if (routed) {
		routed->records++;
		routed->bytes += length;
	}
}

/* Of a source, its record has come to its end. Not static, as the others of a source by its number:
 * the verifier looks at them once, by themselves, and not wherever they are called. */
__noinline int finish_record(__u32 of)
{
	struct source *source = source_of(of);

	if (!source->skip)
		hand_on(source);
	end_record(source);
	if (count && records >= count)
		stopping = true;
	return 0;
}

/* The head of a record is there: what becomes of it. */
__noinline int begin_record(__u32 of)
{
	struct source *source = source_of(of);
	__u32 length = source->head >> 32;

	if (length < 4) {
		malformed++;
		source->ended = true;
		if (listen.fd < 0)
			fail(MALFORMED, -74);
		return 0;
	}
	source->left = length - 4;
	source->skip = true;
	if (source->left > max) {
		oversized++;
		return 0;
	}
	source->target = iou_target_of(&table, source->head);
	if (source->target == NONE)
		unknown++;
	else
		source->skip = false;
	return 0;
}

static __always_inline __u64 be64(__u64 value)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return __builtin_bswap64(value);
#else
	return value;
#endif
}

/* Look at what there is of the record that has begun: whether there was anything. */
static __always_inline bool look(struct iou_ring *ring, __u32 of)
{
	struct source *source = source_of(of);
	struct block *block = block_of(source->first);
	__u32 there = block->have - source->pos;
	const __u64 *words;
	const __u8 *bytes;

	if (!there || source->ended)
		return false;
	if (!source->head_nr && there >= HEAD) {
		words = iou_mem_at(ring, &blocks, source->first * blocks.size + source->pos, HEAD);
		if (!words)
			return false;
		source->head = be64(*words);
		source->head_nr = HEAD;
		source->pos += HEAD;
		looked_at += HEAD;
		begin_record(of);
	} else if (source->head_nr < HEAD) {
		bytes = iou_mem_at(ring, &blocks, source->first * blocks.size + source->pos, 1);
		if (!bytes)
			return false;
		source->head = source->head << 8 | *bytes;
		source->head_nr++;
		source->pos++;
		looked_at++;
		if (source->head_nr < HEAD)
			return true;
		begin_record(of);
	} else {
		if (there > source->left)
			there = source->left;
		source->pos += there;
		source->left -= there;
		looked_at += there;
	}
	if (source->left || source->ended)
		return true;
	finish_record(of);
	return true;
}

/* The block was looked at to its end: on to the next one. What a record begins in is kept; a second
 * block ends in the record only where its source does. */
__noinline int leave_block(__u32 of)
{
	struct source *source = source_of(of);
	__u32 nr = source->first;

	source->first = block_of(nr)->next;
	if (source->head_nr && !source->skip && source->held == NONE) {
		source->held = nr;
		source->held_at = source->begin;
		source->held_len = source->pos - source->begin;
	} else {
		drop_block(nr);
	}
	source->pos = 0;
	source->begin = 0;
	return 0;
}

/* Let go of all blocks but those that are being read into. */
static __always_inline void give_up(struct source *source)
{
	iou_forever {
		__u32 nr = source->first;

		if (nr == NONE || block_of(nr)->state == READING)
			break;
		source->first = block_of(nr)->next;
		drop_block(nr);
	}
	if (source->head_nr)
		end_record(source);
}

/* What blocks before it found no more to be there. */
static __always_inline void cut_off(struct source *source, struct block *block)
{
	if (block->at >= source->end_at)
		block->have = 0;
	else if (block->have > source->end_at - block->at)
		block->have = source->end_at - block->at;
}

/* Whether there is more to look at, but no time or no room. */
static __always_inline bool look_at(struct iou_ring *ring, __u32 of, __u64 deadline)
{
	struct source *source = source_of(of);
	__u32 looks = 0;
	bool more = false;

	iou_forever {
		__u32 nr = source->first;

		if (nr == NONE || source->ended || stopping || why)
			break;
		more = true;
		if (free_tail - free_head < 2)
			break;
		if (++looks % 64 == 0 && bpf_ktime_get_ns() >= deadline)
			break;
		more = false;
		cut_off(source, block_of(nr));
		if (!look(ring, of)) {
			if (source->ended || block_of(nr)->state != FULL)
				break;
			leave_block(of);
		}
		iou_forget(looks);
	}
	return more;
}

/* ---- Sources ---- */

static __always_inline void took_close(__u32 nr)
{
	source_of(nr)->open = false;
	sources--;
	crowded = false;
	closed = true;
}

static __always_inline void open_source(__u32 nr)
{
	struct source *source = source_of(nr);

	*source = (struct source){.end_at = ~0ULL,
				  .first = NONE,
				  .last = NONE,
				  .held = NONE,
				  .target = NONE,
				  .open = true};
	sources++;
}

static __always_inline void start_read(struct source *source, __u32 nr)
{
	struct block *block = block_of(nr);

	block->state = READING;
	source->reading++;
	submit_later(nr);
}

/* A block for the source, at the end of its own. */
static __always_inline void add_block(__u32 of, struct source *source)
{
	__u32 nr = idle[idle_head++ % BLOCKS_MAX];
	struct block *block = block_of(nr);

	*block = (struct block){
		.at = source->next_at, .want = bs, .users = 1, .source = of, .next = NONE};
	if (source->first == NONE)
		source->first = nr;
	else
		block_of(source->last)->next = nr;
	source->last = nr;
	if (seeks())
		source->next_at += bs;
	start_read(source, nr);
}

/* Read as much as may be: a file ahead, past the size that it had one block at a time; what has no
 * offsets one request at a time, into a block until it is full. */
static __always_inline void start_reads(__u32 of, struct source *source)
{
	iou_forever {
		if (source->all_read || source->ended || stopping || why)
			break;
		if (source->reading && (!seeks() || source->next_at >= in.size))
			break;
		if (!seeks() && source->first != NONE) {
			if (block_of(source->first)->state == PARTIAL)
				start_read(source, source->first);
			break;
		}
		if (idle_head == idle_tail)
			break;
		add_block(of, source);
	}
}

static __always_inline void took_read(__u32 nr, __s32 res)
{
	struct block *block = block_of(nr);
	struct source *source = source_of(block->source);

	source->reading--;
	block->state = PARTIAL;
	if (block->poll || res == -4 /* EINTR */) {
		block->poll = false;
	} else if (res == -11 /* EAGAIN */) {
		block->poll = true;
	} else if (res > 0) {
		reads++;
		block->have += res;
		if (block->have == block->want)
			block->state = FULL;
	} else {
		if (res && res != -125 /* ECANCELED */) {
			if (listen.fd < 0)
				fail(CANNOT_READ, res);
			else
				broken++;
		}
		/* The end, as this block saw it. */
		if (seeks() && block->at + block->have < source->end_at)
			source->end_at = block->at + block->have;
		source->all_read = true;
		block->state = FULL;
	}
	if (seeks() && block->state == PARTIAL)
		start_read(source, nr);
}

static __always_inline void end_source(__u32 nr, struct source *source)
{
	if (source->all_read && !source->ended && source->head_nr && !source->skip)
		truncated++;
	end_record(source);
	source->closing = true;
	if (listen.fd >= 0)
		submit_later(CLOSE + nr);
	else
		took_close(nr);
}

/* What a source needs besides being looked at. Whether it is not over then. */
__noinline int go_on(__u32 nr)
{
	struct source *source = source_of(nr);
	bool over;

	start_reads(nr, source);
	over = source->ended || stopping || why;
	if (over) {
		/* Nobody may ever write into the pipe, or type. */
		if (source->reading && !seeks() && !source->cancelled) {
			source->cancelled = true;
			submit_later(CANCEL + nr);
		}
		give_up(source);
	}
	if ((over || source->all_read) && !source->reading && source->first == NONE) {
		end_source(nr, source);
		return false;
	}
	return !over;
}

/* Whether there is more to look at. */
static __always_inline bool serve(struct iou_ring *ring, __u32 nr, __u64 deadline)
{
	struct source *source = source_of(nr);
	bool more;

	if (!source->open || source->closing)
		return false;
	more = look_at(ring, nr, deadline);
	return go_on(nr) && more;
}

static __always_inline bool serve_all(struct iou_ring *ring)
{
	__u64 deadline = bpf_ktime_get_ns() + STEP_NS;
	bool more = false;
	__u32 nr = 0;

	iou_forever {
		if (nr >= (listen.fd >= 0 ? depth / 2 : 1))
			break;
		more |= serve(ring, nr, deadline);
		nr++;
		iou_forget(nr);
	}
	return more && free_tail - free_head >= 2;
}

/* One connection more is asked for when there is a source for it; others wait. */
__noinline int start_accept(void)
{
	__u32 nr = 0;

	if (listen.fd < 0 || accepting != NONE || crowded || stopping || why ||
	    sources >= depth / 2)
		return 0;
	iou_forever {
		if (nr >= depth / 2)
			break;
		if (!source_of(nr)->open) {
			accepting = nr;
			break;
		}
		nr++;
		iou_forget(nr);
	}
	if (accepting != NONE)
		submit_later(ACCEPT);
	return 0;
}

static __always_inline void took_accept(__s32 res)
{
	__u32 nr = accepting;

	accepting = NONE;
	if (res >= 0) {
		connections++;
		open_source(nr);
	} else if (res == -23 || res == -24 || res == -12 || res == -105) {
		/* ENFILE, EMFILE, ENOMEM, ENOBUFS: until one is closed. */
		crowded = sources > 0;
		if (!crowded)
			fail(CANNOT_ACCEPT, res);
	} else if (res != -125 && res != -4 && res != -11 && res != -103) {
		/* Not ECANCELED, EINTR, EAGAIN, ECONNABORTED. */
		fail(CANNOT_ACCEPT, res);
	}
}

/* ---- Requests and completions ---- */

static __always_inline void prep_read(struct io_uring_sqe *sqe, __u32 nr)
{
	struct block *block = block_of(nr);
	__u64 addr = blocks.addr + nr * blocks.size + block->have;
	__u32 len = block->want - block->have;

	if (listen.fd >= 0) {
		io_uring_prep_recv(sqe, slots.first + block->source, addr, len, 0);
		io_uring_sqe_set_flags(sqe, IOSQE_FIXED_FILE);
	} else if (block->poll) {
		io_uring_prep_poll_add(sqe, in.fd, 1 /* POLLIN */);
	} else {
		io_uring_prep_read(sqe, in.fd, addr, len, seeks() ? block->at + block->have : -1);
	}
}

static __always_inline void prep(struct io_uring_sqe *sqe, __u32 nr)
{
	if (nr < WRITE)
		prep_read(sqe, nr);
	else if (nr < CLOSE)
		prep_write(sqe, nr - WRITE);
	else if (nr < CANCEL)
		io_uring_prep_close_direct(sqe, slots.first + nr - CLOSE);
	else if (nr < ACCEPT)
		io_uring_prep_cancel64(sqe, source_of(nr - CANCEL)->first, 0);
	else if (nr == ACCEPT)
		io_uring_prep_accept_direct(sqe, listen.fd, 0, 0, 0, slots.first + accepting);
	else
		io_uring_prep_cancel64(sqe, ACCEPT, 0);
}

__noinline int took_any(__u64 nr, __s32 res)
{
	if (nr < WRITE)
		took_read(nr, res);
	else if (nr < CLOSE)
		took_write(nr - WRITE, res);
	else if (nr < CANCEL)
		took_close(nr - CLOSE);
	else if (nr == ACCEPT)
		took_accept(res);
	return 0;
}

static __always_inline void took(__u64 nr, __s32 res, __u32 flags)
{
	took_any(nr, res);
}

static __always_inline int end(struct iou_ring *ring)
{
	if (why == CANNOT_WRITE)
		return IOU_FAIL(ring, why_errno, "cannot write to a target of 'table'");
	if (why == CANNOT_READ)
		return IOU_FAIL(ring, why_errno, "cannot read from 'in'");
	if (why == CANNOT_ACCEPT)
		return IOU_FAIL(ring, why_errno, "cannot accept a connection");
	if (why == MALFORMED)
		return IOU_FAIL(ring, why_errno, "a record of 'in' has no room for its key");
	return iou_stop_requested() ? iou_interrupted(ring) : iou_done(ring);
}

static __always_inline int step(struct iou_ring *ring)
{
	bool more;

	closed = false;
	reap(ring);
	if (iou_stop_requested())
		stopping = true;
	more = serve_all(ring);
	start_accept();
	if ((stopping || why) && accepting != NONE && !accept_cancelled) {
		accept_cancelled = true;
		submit_later(CANCEL_ACCEPT);
	}
	if (nothing_is_under_way() && !more && !sources && !pending)
		return end(ring);
	/* The kernel lets go of a closed connection between two steps, and not while it waits. */
	return submit_and_wait(ring, more || closed);
}

IOU_LOOP(route, step, "hands records on by their keys", depth, 4096);

static __always_inline void clear_target(__u32 nr)
{
	/* Or clang leaves out the mask, which the verifier needs. */
	iou_opaque(nr);
	*target_of(nr) = (struct target){.first = NONE, .last = NONE};
}

static __always_inline int check(void)
{
	__u32 nr = 0;

	if ((listen.fd < 0) == (in.fd < 0))
		return IOU_REFUSE(0, "one of 'in' and 'listen' has to be given");
	/* Users may have said how many, and how large. */
	if (blocks.nr < depth || blocks.size < bs)
		return IOU_REFUSE(0, "'blocks' are fewer than depth, or smaller than bs");
	if (bs < max + HEAD)
		return IOU_REFUSE(0, "'bs' has to hold the longest record: max and 8 bytes");
	iou_forever {
		if (nr >= PIECES_MAX)
			break;
		free_pieces[nr % PIECES_MAX] = nr;
		if (nr < depth)
			idle[nr % BLOCKS_MAX] = nr;
		if (nr < IOU_TARGETS_MAX)
			clear_target(nr);
		nr++;
		iou_forget(nr);
	}
	free_tail = PIECES_MAX;
	idle_tail = depth;
	if (listen.fd < 0)
		open_source(0);
	return 0;
}

IOU_CHECK(route, check);
