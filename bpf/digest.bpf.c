// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * digest: the checksum of a file, which is read into MEM some blocks ahead and looked at by the
 * program. How a loop that looks into data is written.
 */
#include <iouctl/loop.bpf.h>

IOU_PARAM_INFILE(in, "", "the file to read; -: standard input");
IOU_PARAM_CHOICE(algorithm, 0, "crc32|crc32c|xxh64", "which checksum");
IOU_PARAM_SIZE(bs, 131072, 1, 16777216, "how much to read at a time");
IOU_PARAM_U32(depth, 8, 1, 1024, "blocks", "how many blocks are read ahead");
IOU_PARAM_SIZE(offset, 0, 0, 9223372036854775807, "where in the file to begin");
IOU_PARAM_SIZE(length, 9223372036854775807, 0, 9223372036854775807, "how much to read at most");
IOU_PARAM_MEM(blocks, depth, bs, "where a block is while it is looked at");

IOU_TEXT(checksum, 17, "of the data, in hexadecimal digits");
IOU_PROGRESS(hashed, in, "bytes", "looked at");
IOU_COUNTER(reads, "requests", "reads that came to something");
IOU_COUNTER(continued, "requests", "reads that were short and went on");
IOU_GAUGE(in_flight_max, "requests", "most requests in flight");

#include "blocks.bpf.h"

/* Values of `algorithm`. */
enum algorithm { CRC32, CRC32C, XXH64 };

/* Bytes that are looked at as one, and after how many of them the clock is. */
#define PIECE 64
#define PIECES_PER_LOOK 64

/* How long a step looks at data, in nanoseconds. */
#define STEP_NS 5000000

#define CANCEL BLOCKS_MAX

static __u32 done; /* bytes of the block whose turn it is that were looked at */

/* What is in the file is little-endian to all of the algorithms. */
static __always_inline __u64 get64(const void *at)
{
	__u64 value = *(const __u64 *)at;

#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	value = __builtin_bswap64(value);
#endif
	return value;
}

/* ---- CRC-32, of ISO-HDLC (zip, gzip) and of Castagnoli (iSCSI, ext4): eight bytes at a time, by
 * what each of them does to the remainder from where it is ---- */

static __u32 crc = ~0U;
static __u32 crc_tables[8][256];

static __always_inline void crc_begin(void)
{
	__u32 polynomial = algorithm == CRC32 ? 0xedb88320 : 0x82f63b78, i = 0;

	iou_forever {
		__u32 value = i;

		if (i >= 256)
			break;
		/* Without branches, of which older verifiers walk all that eight can make. */
		iou_repeat(bit, 8) {
			__u32 last = value & 1;

			iou_opaque(last);
			value = value >> 1 ^ polynomial * last;
		}
		crc_tables[0][i % 256] = value;
		i++;
		iou_forget(i);
	}
	/* A byte further from the end is one more of zeroes behind it. */
	i = 0;
	iou_forever {
		__u32 value = crc_tables[0][i % 256];

		if (i >= 256)
			break;
		iou_repeat(table, 7) {
			value = value >> 8 ^ crc_tables[0][value & 255];
			crc_tables[table + 1][i % 256] = value;
		}
		i++;
		iou_forget(i);
	}
}

static __always_inline void crc_byte(__u8 byte)
{
	crc = crc >> 8 ^ crc_tables[0][(crc ^ byte) & 255];
}

static __always_inline void crc_piece(const void *piece)
{
	__u32 value = crc;

	iou_repeat(i, PIECE / 8) {
		__u64 word = get64(piece + i * 8) ^ value;

		value = 0;
		iou_repeat(byte, 8)
			value ^= crc_tables[7 - byte][word >> byte * 8 & 255];
	}
	crc = value;
}

/* ---- XXH64, with a seed of 0: github.com/Cyan4973/xxHash, doc/xxhash_spec.md ---- */

#define P1 0x9e3779b185ebca87ULL
#define P2 0xc2b2ae3d27d4eb4fULL
#define P3 0x165667b19e3779f9ULL
#define P4 0x85ebca77c2b2ae63ULL
#define P5 0x27d4eb2f165667c5ULL
#define STRIPE 32

/* Not static, or clang makes it four variables whose BTF does not fit. */
__u64 lanes[4] = {P1 + P2, P2, 0, -P1};
/* What is less than a stripe, and how much of it. */
static __u8 rest[STRIPE + 4] __attribute__((aligned(8)));
static __u32 rest_nr;

static __always_inline __u64 rotate(__u64 value, __u32 bits)
{
	return value << bits | value >> (64 - bits);
}

static __always_inline __u64 xxh_round(__u64 lane, __u64 word)
{
	return rotate(lane + word * P2, 31) * P1;
}

static __always_inline void xxh_stripe(const void *stripe)
{
	iou_repeat(i, 4)
		lanes[i] = xxh_round(lanes[i], get64(stripe + i * 8));
}

static __always_inline void xxh_byte(__u8 byte)
{
	rest[rest_nr % STRIPE] = byte;
	rest_nr++;
	if (rest_nr == STRIPE) {
		xxh_stripe(rest);
		rest_nr = 0;
	}
}

static __always_inline __u64 xxh_end(void)
{
	__u64 hash = P5;
	__u32 at = 0;

	if (hashed >= STRIPE) {
		hash = rotate(lanes[0], 1) + rotate(lanes[1], 7) + rotate(lanes[2], 12) +
		       rotate(lanes[3], 18);
		iou_repeat(i, 4)
			hash = (hash ^ xxh_round(0, lanes[i])) * P1 + P4;
	}
	hash += hashed;
	iou_repeat(i, STRIPE / 8 - 1)
		if (at + 8 <= rest_nr) {
			hash = rotate(hash ^ xxh_round(0, get64(rest + at % STRIPE)), 27) * P1 + P4;
			at += 8;
		}
	if (at + 4 <= rest_nr) {
		hash ^= (get64(rest + at % STRIPE) & 0xffffffff) * P1;
		hash = rotate(hash, 23) * P2 + P3;
		at += 4;
	}
	iou_repeat(i, 3)
		if (at < rest_nr) {
			hash = rotate(hash ^ rest[at % STRIPE] * P5, 11) * P1;
			at++;
		}
	hash = (hash ^ hash >> 33) * P2;
	hash = (hash ^ hash >> 29) * P3;
	return hash ^ hash >> 32;
}

/* ---- Either of them ---- */

static __always_inline void hash_piece(const void *piece)
{
	if (algorithm == XXH64) {
		xxh_stripe(piece);
		xxh_stripe(piece + STRIPE);
	} else {
		crc_piece(piece);
	}
}

static __always_inline void hash_byte(__u8 byte)
{
	if (algorithm == XXH64)
		xxh_byte(byte);
	else
		crc_byte(byte);
}

/* Look at block @nr until its end, or until it is time to come back. */
static __always_inline void hash_block(struct iou_ring *ring, __u32 nr, __u64 deadline)
{
	__u32 have = block_of(nr)->have, looks = 0, at = done;

	iou_forever {
		const __u8 *piece;
		__u32 left = have - at, size = PIECE;

		if (at >= have)
			break;
		if (left < PIECE || rest_nr)
			size = 1;
		if (++looks % PIECES_PER_LOOK == 0 && bpf_ktime_get_ns() >= deadline)
			break;
		if (size == PIECE) {
			piece = iou_mem_at(ring, &blocks, nr * blocks.size + at, PIECE);
			if (!piece)
				break;
			hash_piece(piece);
		} else {
			piece = iou_mem_at(ring, &blocks, nr * blocks.size + at, 1);
			if (!piece)
				break;
			hash_byte(*piece);
		}
		at += size;
		iou_forget(at);
		iou_forget(looks);
	}
	hashed += at - done;
	done = at;
}

/* Whether there is more that could be looked at now. */
static __always_inline bool hash_blocks(struct iou_ring *ring)
{
	__u64 deadline = bpf_ktime_get_ns() + STEP_NS;
	bool more = false;

	iou_forever {
		__u32 nr = next_block();

		if (nr >= BLOCKS_MAX)
			break;
		hash_block(ring, nr, deadline);
		if (done < block_of(nr)->have) {
			more = true;
			break;
		}
		done = 0;
		take_block();
		free_block(nr);
	}
	return more;
}

static __always_inline void put_checksum(void)
{
	__u64 value = algorithm == XXH64 ? xxh_end() : (__u64)(__u32)~crc << 32;
	__u32 digits = algorithm == XXH64 ? 16 : 8;

	iou_repeat(i, 16) {
		__u8 digit = value >> (60 - 4 * i) & 15;

		if (i < digits)
			checksum[i] = digit < 10 ? '0' + digit : 'a' + digit - 10;
	}
}

/* ---- Requests and completions ---- */

static __always_inline void prep(struct io_uring_sqe *sqe, __u32 nr)
{
	if (nr == CANCEL)
		prep_cancel_reads(sqe);
	else
		prep_read(sqe, nr);
}

static __always_inline void took(__u64 nr, __s32 res, __u32 flags)
{
	if (nr < BLOCKS_MAX)
		took_read(nr, res);
}

static __always_inline int end(struct iou_ring *ring)
{
	if (read_errno)
		return IOU_FAIL(ring, read_errno, "cannot read from 'in'");
	if (iou_stop_requested())
		return iou_interrupted(ring);
	put_checksum();
	return iou_done(ring);
}

static __always_inline int step(struct iou_ring *ring)
{
	bool more;

	reap(ring);
	if (iou_stop_requested() && cancel_reads())
		submit_later(CANCEL);
	more = hash_blocks(ring);
	start_reads();
	if (nothing_is_under_way() && (!more || iou_stop_requested()))
		return end(ring);
	return submit_and_wait(ring, more);
}

IOU_LOOP(digest, step, "checksum of a file", depth, 2 * depth);

static __always_inline int check(void)
{
	if (algorithm != XXH64)
		crc_begin();
	return blocks_check();
}

IOU_CHECK(digest, check);
