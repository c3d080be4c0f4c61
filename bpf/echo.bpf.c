// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * echo: a server that sends back what it receives, to many clients at once.
 *
 * A connection is a slot of the table of direct descriptors and a buffer of `bs`. It receives,
 * sends all of it back, and only then receives again: a client that does not read is not read from.
 * One accept is in flight, and only while a slot is free, so that who comes later waits in the
 * backlog of the socket that listens.
 *
 * A request's user_data is what it does and for which connection; so are the entries of the queue
 * of what is to be submitted, which leave it when the kernel took them. A connection has one
 * request queued or in flight at a time, and at the end one that cancels it.
 */
#include <iouctl/loop.bpf.h>

#define CONNS_MAX 4096

IOU_PARAM_LISTEN(listen, "", "where clients connect to");
IOU_PARAM_U32(max_conns, 256, 1, 4096, "connections", "how many at a time; others wait");
IOU_PARAM_SIZE(bs, 4096, 1, 16777216, "how much to receive at a time, for each connection");
IOU_PARAM_U64(count, 0, 0, 9223372036854775807, "requests", "end after so many; 0: never");
IOU_PARAM_DURATION(idle, 0, 0, 9223372036854775807, "end when nothing moved for so long; 0: never");
IOU_PARAM_DIRECT(conns, max_conns, "slots for connections");
IOU_PARAM_MEM(buffers, max_conns, bs, "what was received, until it is sent back");

IOU_COUNTER(connections, "connections", "accepted");
IOU_GAUGE(connections_max, "connections", "most that were open at once");
IOU_PROGRESS(requests, count, "requests", "receives that were sent back");
IOU_COUNTER(received, "bytes", "received");
IOU_COUNTER(sent, "bytes", "sent");
IOU_HISTOGRAM(request_time, "ns", "from a receive until all of it was sent");

/* Those that have a name when they are printed. */
enum error {
	EINTR = 4,
	EIO = 5,
	EBADF = 9,
	EAGAIN = 11,
	ENOMEM = 12,
	EFAULT = 14,
	EBUSY = 16,
	EINVAL = 22,
	ENFILE = 23,
	EMFILE = 24,
	EPIPE = 32,
	EPROTO = 71,
	ENOTSOCK = 88,
	ENETDOWN = 100,
	ENETUNREACH = 101,
	ENETRESET = 102,
	ECONNABORTED = 103,
	ECONNRESET = 104,
	ENOBUFS = 105,
	ENOTCONN = 107,
	ETIMEDOUT = 110,
	ECONNREFUSED = 111,
	EHOSTDOWN = 112,
	EHOSTUNREACH = 113,
	ECANCELED = 125,
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, enum error);
	__type(value, __u64);
} errors SEC(".maps");

/* include/linux/socket.h */
#define MSG_NOSIGNAL 0x4000

/* What a request does; below it is the connection's number. A request to cancel has that of what it
 * is to cancel besides. */
enum what {
	ACCEPT = 1 << 16,
	RECV = 2 << 16,
	SEND = 3 << 16,
	CLOSE = 4 << 16,
	HELD = 5 << 16, /* no request: received, but it may not be answered yet */
	IDLE = 6 << 16, /* timers, of no connection */
	PAUSE = 7 << 16,
	RELEASE = 8 << 16,
	CANCEL = 1 << 24,
};
#define NR 0xffff

static struct connection {
	__u64 since; /* when what it has was received */
	__u32 have;  /* bytes received */
	__u32 gone;  /* bytes sent back */
	__u32 what;  /* what its request does; 0: the slot is free */
	bool more;   /* there may be more to receive by now */
} list[CONNS_MAX];

#define TODO_MAX (4 * CONNS_MAX)
static __u32 todo[TODO_MAX], todo_head, todo_tail;

/* Slots that are free. */
static __u32 unused[CONNS_MAX], unused_head, unused_tail;

/* With a count: those that received, and wait whether one of the last requests fails. */
static __u32 held[CONNS_MAX], held_head, held_tail;

static __u64 in_flight; /* requests, but no timers */
static __u64 open;      /* connections */
static __u64 answering; /* requests that are being sent back, or were */
static bool accepting;
static bool closing;   /* a slot was closed in this step */
static bool closed;    /* one was, since the timer was set */
static bool releasing; /* the timer is set, or to be */
static __u64 release_at;
static __u64 accept_at; /* not before: accept failed */

static bool ended;    /* no more is accepted and received */
static bool given_up; /* nor sent: nobody took anything for so long */
static bool cancelled, cancelled_sends;
static __u32 why_errno; /* of an accept that can never work */

static __u64 moved_at; /* when a connection or data came or went, last */
static __u64 idle_at;  /* when the timer goes off */

IOU_TIMER(idle_timer);
IOU_TIMER(pause_timer);
IOU_TIMER(release_timer);

/*
 * The kernel ends a connection between two steps, but not while it sleeps (task_work_pending() in
 * io_uring/loop.c): mostly after the one that closed it; but where a worker thread had to do the
 * last send, once that thread has let go of it, too. Any step after that will do: there is one so
 * long after a close.
 */
#define RELEASE_NS 50000000

/* How long accept waits when there are no files or memory to be had. */
#define PAUSE_NS 100000000

static __always_inline void submit_later(__u32 what)
{
	todo[todo_tail++ % TODO_MAX] = what;
}

static __always_inline void next(__u32 nr, __u32 what)
{
	list[nr % CONNS_MAX].what = what;
	submit_later(what | nr);
}

static __always_inline void make_unused(__u32 nr)
{
	list[nr % CONNS_MAX].what = 0;
	unused[unused_tail++ % CONNS_MAX] = nr;
}

static __noinline void count_error(__s32 res)
{
	__u64 one = 1, *nr;
	enum error error = -res;

	nr = bpf_map_lookup_elem(&errors, &error);
	if (nr)
		(*nr)++;
	else
		bpf_map_update_elem(&errors, &error, &one, BPF_NOEXIST);
}

/* ---- Connections ---- */

/* Take the next one in, if it has a place. */
static __always_inline void accept_next(__u64 now)
{
	if (ended || accepting || unused_head == unused_tail || now < accept_at)
		return;
	accepting = true;
	next(unused[unused_head++ % CONNS_MAX], ACCEPT);
}

static __always_inline void failed_accept(__s32 res, __u64 now)
{
	if (res == -ECANCELED && ended)
		return;
	if (res == -EINTR)
		return;
	count_error(res);
	if (res == -EBADF || res == -EFAULT || res == -EINVAL || res == -ENOTSOCK) {
		why_errno = -res;
		ended = true;
	} else if (res != -ECONNABORTED) {
		/* Files or memory are used up, or it is the network's: not for ever. */
		accept_at = now + PAUSE_NS;
		submit_later(PAUSE);
	}
}

static __always_inline void took_accept(__u32 nr, __s32 res, __u64 now)
{
	accepting = false;
	if (res < 0) {
		make_unused(nr);
		failed_accept(res, now);
		return;
	}
	connections++;
	open++;
	if (open > connections_max)
		connections_max = open;
	list[nr % CONNS_MAX].more = true;
	next(nr, ended ? CLOSE : RECV);
}

static __always_inline void took_close(__u32 nr, __s32 res)
{
	if (res < 0)
		count_error(res);
	open--;
	closing = true;
	closed = true;
	accept_at = 0;
	make_unused(nr);
}

/* ---- Data ---- */

/* No more than `count` are answered: one that is beyond waits, since a send may fail. */
static __always_inline void answer(__u32 nr)
{
	if (!count || answering < count) {
		answering++;
		next(nr, SEND);
	} else if (ended) {
		next(nr, CLOSE);
	} else {
		list[nr % CONNS_MAX].what = HELD;
		held[held_tail++ % CONNS_MAX] = nr;
	}
}

static __always_inline void took_recv(__u32 nr, __s32 res, __u32 flags, __u64 now)
{
	struct connection *conn = &list[nr % CONNS_MAX];

	conn->more = flags & IORING_CQE_F_SOCK_NONEMPTY;
	if (res > 0) {
		received += res;
		conn->since = now;
		conn->have = res;
		conn->gone = 0;
		answer(nr);
	} else if (res == -EINTR) {
		next(nr, RECV);
	} else {
		if (res && !(res == -ECANCELED && ended))
			count_error(res);
		next(nr, CLOSE);
	}
}

/* One that was begun is not answered: another may be. */
static __always_inline void not_answered(void)
{
	answering--;
	if (!ended && held_head != held_tail)
		answer(held[held_head++ % CONNS_MAX]);
}

static __always_inline void took_send(__u32 nr, __s32 res, __u64 now)
{
	struct connection *conn = &list[nr % CONNS_MAX];

	if (res > 0) {
		sent += res;
		conn->gone += res;
		if (conn->gone < conn->have) {
			next(nr, SEND);
			return;
		}
		requests++;
		iou_histogram_add(&request_time, now - conn->since);
		if (requests == count)
			ended = true;
		next(nr, ended ? CLOSE : RECV);
	} else if (res == -EINTR) {
		next(nr, SEND);
	} else {
		if (!(res == -ECANCELED && given_up))
			count_error(res ? res : -EIO);
		next(nr, CLOSE);
		not_answered();
	}
}

/* ---- The end ---- */

/* Cancel all that wait for @what. What is queued behind it does not mind. */
static __always_inline void cancel_all(__u32 what)
{
	__u32 nr = 0;

	iou_forever {
		__u32 has = list[nr % CONNS_MAX].what;

		if (nr >= max_conns)
			break;
		if (has == what || (has == ACCEPT && what == RECV))
			submit_later(CANCEL | has | nr);
		else if (has == HELD)
			next(nr, CLOSE);
		nr++;
		iou_forget(nr);
	}
}

/* A step some time after each close. */
static __always_inline void look_for_release(__u64 now)
{
	if (releasing && release_at && now >= release_at)
		releasing = false;
	if (closed && !releasing) {
		releasing = true;
		closed = false;
		release_at = 0;
		submit_later(RELEASE);
	}
}

/* Whether it is time, by the clock or by request. */
static __always_inline void look_for_end(__u64 now)
{
	if (iou_stop_requested())
		ended = true;
	if (idle && !given_up && now >= idle_at) {
		if (now >= moved_at + idle) {
			ended = true;
			given_up = true;
		} else {
			idle_at = moved_at + idle;
			submit_later(IDLE);
		}
	}
	if (ended && !cancelled) {
		cancelled = true;
		cancel_all(RECV);
	}
	if (given_up && !cancelled_sends) {
		cancelled_sends = true;
		cancel_all(SEND);
	}
}

static __always_inline int end(struct iou_ring *ring)
{
	if (why_errno)
		return IOU_FAIL(ring, why_errno, "cannot accept connections at 'listen'");
	/* What it was asked for comes first, where both came true. */
	if ((count && requests >= count) || !iou_stop_requested())
		return iou_done(ring);
	return iou_interrupted(ring);
}

/* ---- Requests and completions ---- */

static __always_inline void prep_conn(struct io_uring_sqe *sqe, __u32 what, __u32 nr)
{
	struct connection *conn = &list[nr % CONNS_MAX];
	__u64 addr = buffers.addr + nr * bs;
	__u32 slot = conns.first + nr;

	if (what == ACCEPT) {
		io_uring_prep_accept_direct(sqe, listen.fd, 0, 0, 0, slot);
	} else if (what == RECV) {
		io_uring_prep_recv(sqe, slot, addr, bs, 0);
		sqe->flags = IOSQE_FIXED_FILE;
		/* Not tried in vain first. */
		if (!conn->more)
			sqe->ioprio = IORING_RECVSEND_POLL_FIRST;
	} else if (what == SEND) {
		io_uring_prep_send(sqe, slot, addr + conn->gone, conn->have - conn->gone,
				   MSG_NOSIGNAL);
		sqe->flags = IOSQE_FIXED_FILE;
	} else {
		io_uring_prep_close_direct(sqe, slot);
	}
}

static __always_inline void prep_timer(struct iou_ring *ring, struct io_uring_sqe *sqe, __u32 what)
{
	__u64 now = bpf_ktime_get_ns();

	if (what == PAUSE) {
		iou_prep_timer(ring, sqe, &pause_timer, PAUSE_NS);
	} else if (what == RELEASE) {
		release_at = now + RELEASE_NS;
		iou_prep_timer(ring, sqe, &release_timer, RELEASE_NS);
	} else {
		iou_prep_timer(ring, sqe, &idle_timer, idle_at > now ? idle_at - now : 1);
	}
}

static __always_inline bool is_timer(__u32 entry)
{
	return entry == IDLE || entry == PAUSE || entry == RELEASE;
}

/* What became of the entry of the queue: at the end connections are closed instead. */
static __always_inline __u32 still(__u32 entry)
{
	__u32 what = entry & ~NR, nr = entry & NR;

	if (!(what == RECV && ended) && !(what == SEND && given_up))
		return entry;
	list[nr % CONNS_MAX].what = CLOSE;
	return CLOSE | nr;
}

static __always_inline void took(__u32 entry, __s32 res, __u32 flags, __u64 now)
{
	__u32 what = entry & ~NR, nr = entry % CONNS_MAX;

	if (is_timer(what))
		return;
	in_flight--;
	if (what & CANCEL)
		return;
	if (res >= 0)
		moved_at = now;
	if (what == RECV)
		took_recv(nr, res, flags, now);
	else if (what == SEND)
		took_send(nr, res, now);
	else if (what == ACCEPT)
		took_accept(nr, res, now);
	else if (what == CLOSE)
		took_close(nr, res);
}

static __always_inline void reap(struct iou_ring *ring, __u64 now)
{
	__u32 left = iou_control.step_budget;
	struct io_uring_cqe *cqe;

	iou_forever {
		__u32 entry, flags;
		__s32 res;

		cqe = iou_cqe_peek(ring);
		if (!cqe || !left)
			break;
		entry = cqe->user_data;
		res = cqe->res;
		flags = cqe->flags;
		iou_cqe_seen(ring);
		took(entry, res, flags, now);
		left--;
		iou_forget(left);
		iou_forget(ring->cq_head);
	}
	iou_cq_publish(ring);
}

/* A step may take 20 ms: how much goes into one submission, and when none is begun any more. */
#define BATCH_MAX 16
#define BATCH_BYTES 1048576
#define STEP_NS 5000000

/* A timer has no CQE, and so is no request in flight: it goes alone, to know whether it was taken.
 */
static __always_inline int send_timer(struct iou_ring *ring, __u32 what)
{
	struct io_uring_sqe *sqe;
	int taken;

	iou_batch_begin(ring);
	sqe = iou_batch_add(ring);
	if (!sqe)
		return 0;
	prep_timer(ring, sqe, what);
	sqe->user_data = what;
	taken = iou_batch_submit(ring);
	if (taken > 0)
		todo_head++;
	return taken;
}

/* How many requests were submitted, or -errno. */
static __always_inline int send(struct iou_ring *ring)
{
	__u32 head = todo_head, bytes = 0;
	struct io_uring_sqe *sqe;
	int taken;

	if (head == todo_tail)
		return 0;
	if (is_timer(todo[head % TODO_MAX]))
		return send_timer(ring, todo[head % TODO_MAX]);
	iou_batch_begin(ring);
	iou_forever {
		__u32 entry = todo[head % TODO_MAX];

		if (head == todo_tail || is_timer(entry) || bytes >= BATCH_BYTES ||
		    ring->queued >= BATCH_MAX)
			break;
		sqe = iou_batch_add(ring);
		if (!sqe)
			break;
		entry = still(entry);
		todo[head % TODO_MAX] = entry;
		if (entry & CANCEL)
			io_uring_prep_cancel64(sqe, entry & ~CANCEL, 0);
		else
			prep_conn(sqe, entry & ~NR, entry % CONNS_MAX);
		sqe->user_data = entry;
		bytes += sqe->len;
		head++;
		iou_forget(head);
		iou_forget(bytes);
		iou_forget(ring->queued);
	}
	taken = iou_batch_submit(ring);
	if (taken > 0) {
		todo_head += taken;
		in_flight += taken;
	}
	return taken;
}

static __always_inline int sleep(struct iou_ring *ring)
{
	if (!closing)
		return iou_wait(ring, 1);
	closing = false;
	return iou_again(ring);
}

static __always_inline int step(struct iou_ring *ring)
{
	__u64 begin = bpf_ktime_get_ns(), now = begin;
	__u32 done = 0;
	int taken = 0;

	iou_forever {
		reap(ring, now);
		look_for_end(now);
		look_for_release(now);
		accept_next(now);
		if (ended && !in_flight && todo_head == todo_tail)
			return end(ring);
		taken = send(ring);
		if (taken <= 0 && !in_flight && todo_head != todo_tail)
			return IOU_FAIL(ring, taken ? -taken : EIO,
					"the kernel does not take a request");
		if (taken <= 0)
			return sleep(ring);
		done += taken;
		iou_forget(done);
		now = bpf_ktime_get_ns();
		if (now - begin > STEP_NS || done >= iou_control.step_budget)
			return iou_again(ring);
	}
	return iou_again(ring);
}

IOU_LOOP(echo, step, "sends back what clients send, to many at once", 64, 2 * max_conns);

static __always_inline int check(void)
{
	if (conns.nr < max_conns || buffers.nr < max_conns || buffers.size < bs)
		return IOU_REFUSE(
			0, "'conns' and 'buffers' are fewer than max-conns, or smaller than bs");
	iou_forever {
		if (unused_tail >= max_conns)
			break;
		make_unused(unused_tail);
	}
	moved_at = bpf_ktime_get_ns();
	if (idle) {
		idle_at = moved_at + idle;
		submit_later(IDLE);
	}
	return 0;
}

IOU_CHECK(echo, check);
