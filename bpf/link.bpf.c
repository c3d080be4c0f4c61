// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * link: requests one after the other, each made of what those before it returned. The descriptor
 * that an open returned is read from and closed; as many bytes as a read returned are written and
 * sent. IOSQE_IO_LINK cannot do that: its requests are complete before the first one runs.
 *
 * The steps are gone through for each file. A read and the writes and sends right behind it are
 * gone through again and again, until the read finds the end.
 */
#include <iouctl/loop.bpf.h>

IOU_PARAM_CHOICES(steps, "", "open|read|write|send|fsync|close",
		  "what to do, one after the other; none: what the others are good for");
IOU_PARAM_PATHS(files, "what to open; all steps are done for each of them");
IOU_PARAM_INFILE_OPTIONAL(in, "what to read while nothing is open; -: standard input");
IOU_PARAM_OUTFILE_OPTIONAL(out, "the file to write; -: standard output");
IOU_PARAM_CONNECT_OPTIONAL(to, "where to send");
IOU_PARAM_SIZE(bs, 131072, 1, 16777216, "how much to read at a time");
IOU_PARAM_BUFFERS(block, 1, bs, "where it is until it is handed on");

IOU_PROGRESS(bytes, in, "bytes", "read, and handed on to all that it goes to");
IOU_COUNTER(files_done, "files", "all steps were done for");
IOU_COUNTER(failed, "files", "that could not be opened, read or closed");
IOU_GAUGE(failed_file, "", "which file failed first, from 1 on; 0: none");
IOU_COUNTER(opens, "requests", "opens that gave a descriptor");
IOU_COUNTER(reads, "requests", "reads that came to something");
IOU_COUNTER(writes, "requests", "writes that came to something");
IOU_COUNTER(sends, "requests", "sends that came to something");
IOU_COUNTER(continued, "requests", "writes and sends that were short and went on");

/* As the words of 'steps' are numbered. */
enum op { OPEN, READ, WRITE, SEND, FSYNC, CLOSE, NOTHING };

static __u32 plan[IOU_CHOICES_MAX], plan_nr;

static __u32 at;           /* which step is next, or under way */
static __u32 op = NOTHING; /* the request that is in flight, or was last */
static __u32 file;         /* which file it is, from 0 on */
static __s32 fd = -1;      /* what an open returned */
static __u32 first;        /* the read that the block is from */
static __u32 have, gone;   /* bytes in the block; those of them that this step handed on */
static __u32 in_flight;    /* requests, and cancellations of them */
static bool waits;         /* op was not ready: what is in flight waits until it is */
static bool again;         /* op is to be submitted once more */
static bool cancelled;     /* op was asked to end */
static bool this_failed;   /* the file did */
static bool ended;         /* nothing is left but to close */
static bool finished;      /* all was done */

/* user_data. */
#define REQUEST 0
#define CANCEL 1

/* What failed first. */
static __u32 why = NOTHING, why_errno;
static bool fatal;

#define MSG_NOSIGNAL 0x4000
#define POLLIN 1
#define POLLOUT 4

#define EINTR 4
#define EIO 5
#define EAGAIN 11

static __always_inline void remember(__s32 res)
{
	if (why != NOTHING)
		return;
	why = op;
	why_errno = -res;
}

/* The next file may do better. */
static __always_inline void fail_file(__s32 res)
{
	remember(res);
	if (!failed_file)
		failed_file = file + 1;
	if (!this_failed)
		failed++;
	this_failed = true;
	at = plan_nr;
}

/* What is common to all files failed. */
static __always_inline void fail(__s32 res)
{
	if (!fatal)
		why = NOTHING;
	remember(res);
	fatal = true;
	ended = true;
}

static __always_inline __u32 step_at(__u32 nr)
{
	return nr < plan_nr ? plan[nr % IOU_CHOICES_MAX] : NOTHING;
}

static __always_inline bool hands_on(__u32 what)
{
	return what == WRITE || what == SEND;
}

/* ---- What a request came to ---- */

static __always_inline void took_open(__s32 res)
{
	if (res < 0) {
		fail_file(res);
		return;
	}
	fd = res;
	opens++;
	at++;
}

static __always_inline void skip_group(void)
{
	iou_forever {
		at++;
		if (!hands_on(step_at(at)))
			break;
	}
}

static __always_inline void took_read(__s32 res)
{
	if (res < 0 && fd >= 0) {
		fail_file(res);
	} else if (res < 0) {
		fail(res);
	} else if (res == 0) {
		skip_group();
	} else {
		reads++;
		have = res;
		gone = 0;
		first = at;
		if (hands_on(step_at(at + 1)))
			at++;
		else
			bytes += have;
	}
}

static __always_inline void took_hand_on(__s32 res)
{
	bool last = !hands_on(step_at(at + 1));

	if (res <= 0) {
		fail(res ? res : -EIO);
		return;
	}
	if (op == WRITE)
		writes++;
	else
		sends++;
	gone += res;
	if (last)
		bytes += res;
	if (gone < have) {
		continued++;
		return;
	}
	gone = 0;
	at = last ? first : at + 1;
}

static __always_inline void took_close(__s32 res)
{
	/* Also when it failed: the descriptor is gone. */
	fd = -1;
	if (at < plan_nr)
		at++;
	if (res < 0)
		fail_file(res);
}

static __always_inline void took(__s32 res)
{
	bool waited = waits;

	waits = false;
	if (res < 0 && cancelled) {
		ended = true;
	} else if (waited && res >= 0) {
		again = true;
	} else if (res == -EAGAIN && (op == READ || hands_on(op))) {
		waits = true;
		again = true;
	} else if (res == -EINTR && op != CLOSE) {
		again = true;
	} else if (op == OPEN) {
		took_open(res);
	} else if (op == READ) {
		took_read(res);
	} else if (op == CLOSE) {
		took_close(res);
	} else if (op == FSYNC) {
		at++;
		if (res < 0)
			fail(res);
	} else {
		took_hand_on(res);
	}
}

/* ---- What is next ---- */

/* All steps were done, and nothing is open. */
static __always_inline void next_file(void)
{
	if (files.addr && !this_failed)
		files_done++;
	this_failed = false;
	at = 0;
	file++;
	if (file >= files.nr)
		finished = true;
}

/* Asked to stop, what was read is handed on, unless that has to wait. */
static __always_inline __u32 next(void)
{
	bool stop = iou_stop_requested(), must_wait = waits;
	__u32 what;

	if (again && !ended && !(stop && must_wait))
		return op;
	waits = false;
	if (at >= plan_nr && fd < 0 && !ended)
		next_file();
	if (finished)
		return NOTHING;
	what = step_at(at);
	if (stop && (must_wait || !hands_on(what)))
		ended = true;
	if (!ended && what != NOTHING)
		return what;
	at = plan_nr;
	return fd >= 0 ? CLOSE : NOTHING;
}

static __always_inline __s32 fd_of(__u32 what)
{
	if (what == READ)
		return fd >= 0 ? fd : in.fd;
	return what == SEND ? to.fd : out.fd;
}

/* Offset -1 is where the file is at: there is one request at a time. */
static __always_inline void prep(struct io_uring_sqe *sqe)
{
	if (waits)
		io_uring_prep_poll_add(sqe, fd_of(op), op == READ ? POLLIN : POLLOUT);
	else if (op == OPEN)
		io_uring_prep_openat(sqe, AT_FDCWD, files.addr + (__u64)file * files.stride,
				     O_RDONLY | O_CLOEXEC | O_NOCTTY, 0);
	else if (op == READ)
		io_uring_prep_read_fixed(sqe, fd_of(op), block.addr, bs, -1, block.first);
	else if (op == WRITE)
		io_uring_prep_write_fixed(sqe, out.fd, block.addr + gone, have - gone, -1,
					  block.first);
	else if (op == SEND)
		io_uring_prep_send(sqe, to.fd, block.addr + gone, have - gone, MSG_NOSIGNAL);
	else if (op == FSYNC)
		io_uring_prep_fsync(sqe, out.fd, 0);
	else
		io_uring_prep_close(sqe, fd);
}

/* ---- Steps ---- */

/* A step may take 20 ms, and much of this is done while it is submitted. */
#define STEP_REQUESTS 64
#define STEP_BYTES 4194304

/* Whether the kernel took it. */
static __always_inline bool submit(struct iou_ring *ring, __u64 what)
{
	struct io_uring_sqe *sqe;

	iou_batch_begin(ring);
	sqe = iou_batch_add(ring);
	if (!sqe)
		return false;
	if (what == CANCEL)
		io_uring_prep_cancel64(sqe, REQUEST, 0);
	else
		prep(sqe);
	sqe->user_data = what;
	if (iou_batch_submit(ring) != 1)
		return false;
	in_flight++;
	return true;
}

/* The next CQE, if there is one. */
static __always_inline bool reap(struct iou_ring *ring)
{
	struct io_uring_cqe *cqe = iou_cqe_peek(ring);
	__u64 what;
	__s32 res;

	if (!cqe)
		return false;
	res = cqe->res;
	what = cqe->user_data;
	iou_cqe_seen(ring);
	iou_forget(ring->cq_head);
	in_flight--;
	if (what == REQUEST)
		took(res);
	return true;
}

static __always_inline int end(struct iou_ring *ring)
{
	if (!finished && !fatal)
		return iou_interrupted(ring);
	switch (why) {
	case OPEN:
		return IOU_FAIL(ring, why_errno, "cannot open one of 'files': see failed-file");
	case READ:
		if (!fatal)
			return IOU_FAIL(ring, why_errno,
					"cannot read one of 'files': see failed-file");
		return IOU_FAIL(ring, why_errno, "cannot read from 'in'");
	case WRITE:
		return IOU_FAIL(ring, why_errno, "cannot write to 'out'");
	case SEND:
		return IOU_FAIL(ring, why_errno, "cannot send to 'to'");
	case FSYNC:
		return IOU_FAIL(ring, why_errno, "cannot get 'out' to the disk");
	case CLOSE:
		return IOU_FAIL(ring, why_errno, "cannot close one of 'files': see failed-file");
	default:
		return iou_done(ring);
	}
}

static __always_inline int step(struct iou_ring *ring)
{
	__u32 left = STEP_REQUESTS, moved = 0;

	iou_forever {
		if (reap(ring))
			continue;
		if (in_flight || !left || moved >= STEP_BYTES)
			break;
		op = next();
		if (op == NOTHING)
			return end(ring);
		again = false;
		cancelled = false;
		if (!submit(ring, REQUEST))
			return IOU_FAIL(ring, EIO, "the kernel does not take a request");
		moved += op == READ ? bs : hands_on(op) ? have : 0;
		left--;
		iou_forget(left);
		iou_forget(moved);
	}
	if (!in_flight)
		return iou_again(ring);
	/* Nobody may ever write into the pipe, or read from it. */
	if (iou_stop_requested() && !cancelled && op != CLOSE) {
		cancelled = true;
		submit(ring, CANCEL);
	}
	return iou_wait(ring, 1);
}

IOU_LOOP(link, step, "what a request returned goes into the next: open, read, write, send, close",
	 2, 4);

/* ---- Before the first step: what is to be done, and whether that can work ---- */

static __always_inline void plan_add(__u32 what)
{
	plan[plan_nr++ % IOU_CHOICES_MAX] = what;
}

static __always_inline int choose_steps(void)
{
	if (files.addr && in.fd >= 0)
		return IOU_REFUSE(0, "there are both files and in: say which steps");
	if (!files.addr && in.fd < 0)
		return IOU_REFUSE(0, "there is nothing to read: give files or in");
	if (out.fd < 0 && to.fd < 0)
		return IOU_REFUSE(0, "there is nowhere to write: give out or to");
	if (files.addr)
		plan_add(OPEN);
	plan_add(READ);
	if (out.fd >= 0)
		plan_add(WRITE);
	if (to.fd >= 0)
		plan_add(SEND);
	if (files.addr)
		plan_add(CLOSE);
	return 0;
}

static __always_inline void copy_steps(void)
{
	iou_forever {
		if (plan_nr >= steps.nr)
			break;
		plan_add(steps.words[plan_nr % IOU_CHOICES_MAX]);
	}
}

/* What a walk through the steps has seen. */
static bool opened, in_group, used_files, used_in, used_out, used_to;

/* Whether step @what can follow. */
static __always_inline int check_step(__u32 what)
{
	if (what == OPEN && !files.addr)
		return IOU_REFUSE(0, "step 'open' needs files");
	if (what == OPEN && opened)
		return IOU_REFUSE(0, "step 'open' needs a 'close' of what is open");
	if (what == READ && !opened && in.fd < 0)
		return IOU_REFUSE(0, "step 'read' needs in, or an 'open' before it");
	if (what == WRITE && out.fd < 0)
		return IOU_REFUSE(0, "step 'write' needs out");
	if (what == WRITE && !in_group)
		return IOU_REFUSE(0, "step 'write' needs a 'read' right before it");
	if (what == SEND && to.fd < 0)
		return IOU_REFUSE(0, "step 'send' needs to");
	if (what == SEND && !in_group)
		return IOU_REFUSE(0, "step 'send' needs a 'read' right before it");
	if (what == FSYNC && out.fd < 0)
		return IOU_REFUSE(0, "step 'fsync' needs out");
	if (what == CLOSE && !opened)
		return IOU_REFUSE(0, "step 'close' needs an 'open' before it");
	return 0;
}

static __always_inline void walk_step(__u32 what)
{
	if (what == OPEN)
		used_files = true;
	else if (what == READ && !opened)
		used_in = true;
	else if (what == WRITE)
		used_out = true;
	else if (what == SEND)
		used_to = true;
	if (what == OPEN || what == CLOSE)
		opened = what == OPEN;
	in_group = what == READ || hands_on(what);
}

static __always_inline int check_steps(void)
{
	int ret = 0;

	iou_forever {
		__u32 what = step_at(at);

		if (what == NOTHING)
			break;
		ret = check_step(what);
		if (ret)
			return ret;
		walk_step(what);
		at++;
	}
	at = 0;
	if (files.addr && !used_files)
		return IOU_REFUSE(0, "there are files, but no step 'open'");
	if (in.fd >= 0 && !used_in)
		return IOU_REFUSE(0, "there is in, but no step 'read' of it");
	if (out.fd >= 0 && !used_out)
		return IOU_REFUSE(0, "there is out, but no step 'write'");
	if (to.fd >= 0 && !used_to)
		return IOU_REFUSE(0, "there is to, but no step 'send'");
	return 0;
}

static __always_inline int check(void)
{
	int ret = 0;

	if (steps.nr)
		copy_steps();
	else
		ret = choose_steps();
	finished = files.addr && !files.nr;
	return ret ?: check_steps();
}

IOU_CHECK(link, check);
