// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * inject: some requests fail with an errno that the user says, and do nothing else.
 *
 * Such a request's SQE is that of a NOP while the kernel reads it, one that completes with the
 * errno (IORING_NOP_INJECT_RESULT), and afterwards again what the program wrote. Which ones is a
 * function of the seed and of a request's number, in the order of submission.
 */
#include <iouctl/policy.bpf.h>

IOU_PARAM_ERRNO(errno, 5, "what they fail with");
IOU_PARAM_SHARE(rate, 10000, "how many of the requests fail");
IOU_PARAM_OPCODE(opcode, IOU_OPCODE_ANY, "only these");
IOU_PARAM_S64(fd, -1, -1, 2147483647, "", "only those on this descriptor; -1: on any");
IOU_PARAM_U64(seed, 0, 0, 18446744073709551615, "", "which ones fail; 0: others each time");

IOU_GAUGE(used_seed, "", "that chose them");
IOU_COUNTER_BY_OPCODE(looked_at, "requests", "that might have failed");
IOU_COUNTER_BY_OPCODE(injected, "requests", "that failed");
IOU_COUNTER(kept, "requests", "that are never made to fail: see the manual");

/* include/uapi/linux/io_uring.h; Linux 6.1's copy of it has not all of them. */
#define NOP_INJECT_RESULT 1U
#define OP(nr) (1ULL << (nr))

/*
 * Never: what steers other requests (poll_add, poll_remove, timeout, timeout_remove, async_cancel,
 * link_timeout), gives something back or away that the program then counts as gone (close,
 * files_update, provide_buffers, remove_buffers, msg_ring, fixed_fd_install).
 */
#define NEVER                                                                                    \
	(OP(6) | OP(7) | OP(11) | OP(12) | OP(14) | OP(15) | OP(19) | OP(20) | OP(31) | OP(32) | \
	 OP(40) | OP(54))

/* Whose fd is one (needs_file of io_uring/opdef.c). */
#define HAS_FD                                                                                     \
	(OP(1) | OP(2) | OP(3) | OP(4) | OP(5) | OP(8) | OP(9) | OP(10) | OP(13) | OP(16) |        \
	 OP(17) | OP(22) | OP(23) | OP(24) | OP(26) | OP(27) | OP(30) | OP(33) | OP(34) | OP(41) | \
	 OP(43) | OP(46) | OP(47) | OP(48) | OP(49) | OP(55) | OP(56) | OP(57) | OP(58) | OP(59) | \
	 OP(60) | OP(61))

/* io_uring/io_uring.h: IORING_MAX_ENTRIES. */
#define SLOTS 32768

/* What an SQE was, as far as it is changed. */
struct saved {
	__u64 head, len; /* opcode, flags, ioprio, fd; len, rw_flags */
	__u32 slot;
	__u16 personality;
};

struct saved saved[SLOTS];
static __u32 saved_nr;
static __u64 number; /* of the first request that is not submitted */

/* The parts of an SQE that change, each by itself: another thread may fill it again as soon as the
 * kernel has read it. */
struct words {
	__u64 head, off, addr, len, user_data;
	__u16 buf_index, personality;
	__u32 file_index;
};

#define KEPT_FLAGS \
	(IOSQE_IO_DRAIN | IOSQE_IO_LINK | IOSQE_IO_HARDLINK | IOSQE_ASYNC | IOSQE_CQE_SKIP_SUCCESS)

static __always_inline __u64 nop_head(__u64 head)
{
	/* No ioprio, which a NOP must not have, and no file. */
	return (head & (KEPT_FLAGS << 8)) | IORING_OP_NOP | (__u64)(__u32)-1 << 32;
}

static __always_inline __u64 nop_len(void)
{
	return (__u64)NOP_INJECT_RESULT << 32 | (__u32) - (__s32)errno;
}

static __always_inline bool is_chosen(__u64 nr)
{
	/* splitmix64 */
	__u64 x = used_seed + (nr + 1) * 0x9e3779b97f4a7c15ULL;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ x >> 27) * 0x94d049bb133111ebULL;
	x ^= x >> 31;
	return (x >> 32) * 1000000 >> 32 < rate;
}

static __always_inline bool is_meant(__u8 op, __u64 head)
{
	__u64 bit = op < 64 ? 1ULL << op : 0;

	if (opcode != IOU_OPCODE_ANY && op != opcode)
		return false;
	return fd < 0 ||
	       ((bit & HAS_FD) && !(head >> 8 & IOSQE_FIXED_FILE) && (__s64)(head >> 32) == fd);
}

static __always_inline void change(struct words *words, __u32 slot)
{
	struct saved *to = &saved[saved_nr++ % SLOTS];

	to->slot = slot;
	to->head = words->head;
	to->len = words->len;
	to->personality = words->personality;
	iou_store(&words->head, nop_head(to->head));
	iou_store(&words->len, nop_len());
	iou_store(&words->personality, 0);
}

/* What is to become of the request with this number, which is counted @by. */
static __always_inline bool look_at(struct words *words, __u64 nr, __s64 by)
{
	__u64 head = iou_load(&words->head);
	__u8 op = head;

	if (op < 64 && NEVER >> op & 1) {
		kept += by;
		return false;
	}
	if (!is_meant(op, head))
		return false;
	looked_at[op % IOU_OPCODES_NR] += by;
	if (!is_chosen(nr))
		return false;
	injected[op % IOU_OPCODES_NR] += by;
	return true;
}

/* Make @nr that are to be submitted what they shall be. */
static __always_inline void change_all(struct iou_policy *policy, __u32 nr)
{
	__u32 i = 0;

	saved_nr = 0;
	iou_forever {
		__u32 slot;

		if (i >= nr)
			break;
		slot = iou_policy_slot(policy, i);
		if (slot != IOU_NO_SLOT) {
			struct words *words = (void *)iou_policy_sqe_at(policy, slot);

			if (look_at(words, number + i, 1))
				change(words, slot);
		}
		i++;
		iou_forget(i);
	}
}

/* Make the SQEs again what they were, last first: two entries of the SQ array may lead to one. */
static __always_inline void restore_all(struct iou_policy *policy)
{
	__u32 i = saved_nr;

	iou_forever {
		const struct saved *from;
		struct words *words;

		if (!i)
			break;
		i--;
		iou_forget(i);
		from = &saved[i % SLOTS];
		words = (void *)iou_policy_sqe_at(policy, from->slot);
		if (!__sync_bool_compare_and_swap(&words->len, nop_len(), from->len))
			continue;
		__sync_val_compare_and_swap(&words->head, nop_head(from->head), from->head);
		iou_store(&words->personality, from->personality);
	}
}

/* Those from number @taken on were not submitted: they come again. */
static __always_inline void put_back(struct iou_policy *policy, __u32 taken, __u32 nr)
{
	__u32 i = taken, gone = iou_policy_rewinds() ? 0 : taken;

	iou_forever {
		struct io_uring_sqe *sqe;

		if (i >= nr)
			break;
		sqe = iou_policy_sqe(policy, i - gone);
		if (sqe)
			look_at((void *)sqe, number + i, -1);
		i++;
		iou_forget(i);
	}
}

static __always_inline bool submit(struct iou_policy *policy)
{
	__u32 nr = policy->call->to_submit, queued = iou_policy_queued(policy, nr), taken;
	bool goes_on;

	if (!used_seed)
		used_seed =
			seed ?: ((__u64)bpf_get_prandom_u32() << 32 | bpf_get_prandom_u32()) | 1;
	change_all(policy, queued);
	goes_on = iou_policy_submit_nr(policy, nr, &taken);
	restore_all(policy);
	put_back(policy, taken, queued);
	number += taken;
	return goes_on;
}

static __always_inline int step(struct iou_policy *policy)
{
	if (!policy->sqes)
		return iou_policy_pass(policy);
	if (policy->first && !submit(policy))
		return iou_policy_return(policy);
	return iou_policy_wait(policy);
}

IOU_POLICY(inject, step, "lets some requests fail", "sqes");
