// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * echo: a server that sends back what it receives, to many clients at once.
 *
 * A connection is a slot of the table of direct descriptors, and a receive that stays in the ring
 * (multishot) and takes a provided buffer whenever there is data. What is received is sent at once,
 * in the step that hears of it, by a send that does not wait and leaves no CQE unless it fails or
 * is short: so a round trip is one CQE and one SQE, and when the send was submitted it is over, and
 * its buffer is given back.
 *
 * A client that does not read is not read from: where a send found no room, the receive is
 * cancelled, what was received meanwhile queues up, and is sent, one after the other, by sends that
 * wait. Then it receives again. Should such clients have all the buffers, the others are served by
 * one that each connection has for itself: a receive into that ends with what it received.
 *
 * One accept is in flight, and only while a slot is free, so that who comes later waits in the
 * backlog of the socket that listens.
 *
 * A request's user_data is what it does and for which connection (and of a send that does not wait,
 * above that, the buffer); so are the entries of the queue of what is to be submitted, which leave
 * it when the kernel took them.
 */
#include <iouctl/loop.bpf.h>

#define CONNS_MAX 4096
#define BUFS_MAX (2 * CONNS_MAX)
#define OWN CONNS_MAX /* the number of the first connection's own buffer */

IOU_PARAM_LISTEN(listen, "", "where clients connect to");
IOU_PARAM_U32(max_conns, 256, 1, 4096, "connections", "how many at a time; others wait");
IOU_PARAM_SIZE(bs, 4096, 1, 16777216, "how much to receive at a time, for each connection");
IOU_PARAM_U64(count, 0, 0, 9223372036854775807, "requests", "end after so many; 0: never");
IOU_PARAM_DURATION(idle, 0, 0, 9223372036854775807, "end when nothing moved for so long; 0: never");
IOU_PARAM_DIRECT(conns, max_conns, "slots for connections");
IOU_PARAM_BUF_RING(buffers, max_conns, bs, "what was received, until it is sent back");
IOU_PARAM_MEM(own, max_conns, bs, "the same, one for each connection, when these are used up");

IOU_COUNTER(connections, "connections", "accepted");
IOU_GAUGE(connections_max, "connections", "most that were open at once");
IOU_PROGRESS(requests, count, "requests", "receives that were sent back");
IOU_COUNTER(received, "bytes", "received");
IOU_COUNTER(sent, "bytes", "sent");
IOU_HISTOGRAM(request_time, "ns", "from a receive until all of it was sent");

/* Those that have a name when they are printed. */
enum error {
	ENOENT = 2,
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
#define MSG_DONTWAIT 0x40
#define MSG_WAITALL 0x100
#define MSG_NOSIGNAL 0x4000

/* What a request does; below it is the connection's number. A request to cancel has that of what it
 * is to cancel besides. */
enum what {
	ACCEPT = 1 << 16,
	RECV = 2 << 16,
	SEND = 3 << 16,
	CLOSE = 4 << 16,
	AT_ONCE = 5 << 16, /* a send that does not wait */
	IDLE = 6 << 16,    /* timers, of no connection */
	PAUSE = 7 << 16,
	RELEASE = 8 << 16,
	CANCEL = 1 << 24,
};
#define NR 0xffff

/* What a connection does. 0: its slot is free; RECEIVING alone: nothing is left to be sent. */
enum state {
	ACCEPTING = 1 << 0,
	RECEIVING = 1 << 1, /* its receive is queued or in flight */
	STOPPING = 1 << 2,  /* and is being cancelled */
	SENDING = 1 << 3,   /* a send is queued or in flight */
	HELD = 1 << 4,      /* received, but it may not be answered yet */
	STARVED = 1 << 5,   /* no buffer was left: its next receive is into its own */
	ENDING = 1 << 6,    /* to be closed when all is sent */
	FAILED = 1 << 7,    /* the same, but nothing more is sent */
	CLOSING = 1 << 8,
};

#define NONE 0xffffffff

static struct connection {
	__u32 state;
	__u32 batch;       /* the last one with a send of it that does not wait */
	__u32 first, last; /* buffers that are to be sent, in this order; first may be NONE */
} list[CONNS_MAX];

static struct buffer {
	__u64 since; /* when it was received */
	__u32 have;  /* bytes received */
	__u32 gone;  /* bytes sent back */
	__u32 next;
	bool fails; /* its send has a CQE, which says why */
} bufs[BUFS_MAX];

/* Those to give back. */
static __u32 free_bufs[BUFS_MAX], free_head, free_tail;

#define TODO_MAX (8 * CONNS_MAX)
static __u32 todo[TODO_MAX], todo_head, todo_tail;

/* Slots that are free. */
static __u32 unused[CONNS_MAX], unused_head, unused_tail;

/* With a count: those that received, and wait whether one of the last requests fails. */
static __u32 held[CONNS_MAX], held_head, held_tail;

static __u32 batch; /* of sends that do not wait: its number */

static __u64 in_flight; /* requests, but no timers */
static __u64 open;      /* connections */
static __u64 answering; /* requests that are being sent back, or were */
static bool accepting;
static bool missed;    /* a request to cancel was, and is to be tried again in the next step */
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

static __always_inline void make_unused(__u32 nr)
{
	list[nr % CONNS_MAX].state = 0;
	unused[unused_tail++ % CONNS_MAX] = nr;
}

__noinline int count_error(__s32 res)
{
	__u64 one = 1, *nr;
	enum error error = -res;

	nr = bpf_map_lookup_elem(&errors, &error);
	if (nr)
		(*nr)++;
	else
		bpf_map_update_elem(&errors, &error, &one, BPF_NOEXIST);
	return 0;
}

/* ---- Data ---- */

static __always_inline void start(__u32 nr, __u32 state, __u32 what)
{
	list[nr % CONNS_MAX].state |= state;
	submit_later(what | nr);
}

static __always_inline void stop_receiving(__u32 nr)
{
	if ((list[nr % CONNS_MAX].state & (RECEIVING | STOPPING)) == RECEIVING)
		start(nr, STOPPING, CANCEL | RECV);
}

static __always_inline void keep(__u32 nr, __u32 buf, bool as_first)
{
	struct connection *conn = &list[nr % CONNS_MAX];

	if (conn->first == NONE) {
		bufs[buf % BUFS_MAX].next = NONE;
		conn->first = conn->last = buf;
	} else if (as_first) {
		bufs[buf % BUFS_MAX].next = conn->first;
		conn->first = buf;
	} else {
		bufs[buf % BUFS_MAX].next = NONE;
		bufs[conn->last % BUFS_MAX].next = buf;
		conn->last = buf;
	}
}

static __always_inline void give_later(__u32 buf)
{
	if (buf < OWN)
		free_bufs[free_tail++ % BUFS_MAX] = buf;
}

static __always_inline void drop_first(struct connection *conn)
{
	__u32 buf = conn->first;

	conn->first = bufs[buf % BUFS_MAX].next;
	give_later(buf);
}

static __always_inline void drop_all(struct connection *conn)
{
	iou_forever {
		if (conn->first == NONE)
			break;
		drop_first(conn);
	}
}

/* No more than `count` are answered: one that is beyond waits, since a send may fail. Whether it
 * is to be sent, or waits. */
static __always_inline bool answer(__u32 nr)
{
	if (given_up)
		return false;
	if (!count || answering < count) {
		answering++;
		start(nr, SENDING, SEND);
		return true;
	}
	if (ended)
		return false;
	list[nr % CONNS_MAX].state |= HELD;
	held[held_tail++ % CONNS_MAX] = nr;
	return true;
}

/* What comes next for a connection, after whatever happened to it. */
__noinline int go_on(__u32 nr)
{
	struct connection *conn = &list[nr % CONNS_MAX];
	bool last = ended || conn->state & (ENDING | FAILED);

	if (conn->state & (SENDING | HELD | CLOSING)) {
		stop_receiving(nr);
		return 0;
	}
	if (conn->first != NONE && !(conn->state & FAILED) && answer(nr)) {
		stop_receiving(nr);
		return 0;
	}
	drop_all(conn);
	if (conn->state & RECEIVING) {
		if (last)
			stop_receiving(nr);
	} else if (last) {
		conn->state = 0;
		start(nr, CLOSING, CLOSE);
	} else {
		start(nr, RECEIVING, RECV);
	}
	return 0;
}

/* Only the first error of a connection counts: others follow from it. */
static __always_inline void fail(__u32 nr, __s32 res)
{
	struct connection *conn = &list[nr % CONNS_MAX];

	if (!(conn->state & FAILED))
		count_error(res);
	conn->state |= FAILED;
}

static __always_inline void took_recv(__u32 nr, __s32 res, __u32 flags, __u64 now)
{
	struct connection *conn = &list[nr % CONNS_MAX];
	__u32 buf = OWN + nr;

	if (flags & IORING_CQE_F_BUFFER)
		buf = flags >> IORING_CQE_BUFFER_SHIFT;
	if (!(flags & IORING_CQE_F_MORE))
		conn->state &= ~(RECEIVING | STOPPING | STARVED);
	if (res > 0) {
		received += res;
		bufs[buf % BUFS_MAX].since = now;
		bufs[buf % BUFS_MAX].have = res;
		bufs[buf % BUFS_MAX].gone = 0;
		keep(nr, buf, false);
	} else if (flags & IORING_CQE_F_BUFFER) {
		give_later(buf);
	}
	if (res == -ENOBUFS)
		conn->state |= STARVED;
	if (!res)
		conn->state |= ENDING;
	else if (res < 0 && res != -ECANCELED && res != -EINTR && res != -ENOBUFS)
		fail(nr, res);
	go_on(nr);
}

/* One that was begun is not answered: another may be. */
static __always_inline void not_answered(void)
{
	__u32 nr;

	answering--;
	if (ended || held_head == held_tail)
		return;
	nr = held[held_head++ % CONNS_MAX];
	list[nr % CONNS_MAX].state &= ~HELD;
	go_on(nr);
}

/* @nr requests are answered. */
__noinline int answered(__u32 nr, __u64 time)
{
	requests += nr;
	iou_histogram_add_many(&request_time, time, nr);
	if (requests == count)
		ended = true;
	return 0;
}

/* The first buffer of the connection was sent, or part of it was. */
static __always_inline void took_send(__u32 nr, __s32 res, __u64 now)
{
	struct connection *conn = &list[nr % CONNS_MAX];
	struct buffer *buf = &bufs[conn->first % BUFS_MAX];

	conn->state &= ~SENDING;
	if (res > 0) {
		sent += res;
		buf->gone += res;
		if (buf->gone >= buf->have) {
			answered(1, now - buf->since);
			drop_first(conn);
			go_on(nr);
			return;
		}
	}
	if (!given_up && (res > 0 || res == -EINTR || res == -EAGAIN)) {
		start(nr, SENDING, SEND);
		stop_receiving(nr);
		return;
	}
	if (!given_up || (res < 0 && res != -ECANCELED && res != -EAGAIN && res != -EINTR))
		fail(nr, res ? res : -EIO);
	conn->state |= FAILED;
	go_on(nr);
	not_answered();
}

/* ---- Connections ---- */

/* Take the next one in, if it has a place. */
static __always_inline void accept_next(__u64 now)
{
	__u32 nr;

	if (ended || accepting || unused_head == unused_tail || now < accept_at)
		return;
	nr = unused[unused_head++ % CONNS_MAX];
	list[nr % CONNS_MAX].state = ACCEPTING;
	accepting = true;
	submit_later(ACCEPT | nr);
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
	list[nr % CONNS_MAX].state = 0;
	list[nr % CONNS_MAX].first = NONE;
	go_on(nr);
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

/* ---- The end ---- */

/* Cancel all receives and the accept, or all sends. What is queued is behind what it cancels. */
static __always_inline void cancel_all(bool sends)
{
	__u32 nr = 0;

	iou_forever {
		__u32 state = list[nr % CONNS_MAX].state;

		if (nr >= max_conns)
			break;
		if (sends && state & SENDING)
			submit_later(CANCEL | SEND | nr);
		else if (!sends && state & ACCEPTING)
			submit_later(CANCEL | ACCEPT | nr);
		else if (!sends && state) {
			list[nr % CONNS_MAX].state &= ~HELD;
			go_on(nr);
		}
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
		cancel_all(false);
	}
	if (given_up && !cancelled_sends) {
		cancelled_sends = true;
		cancel_all(true);
	}
}

/* What comes between completions and submissions. */
__noinline int look_around(__u64 now)
{
	look_for_end(now);
	look_for_release(now);
	accept_next(now);
	return 0;
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

static __always_inline void prep_recv(struct io_uring_sqe *sqe, __u32 nr, __u32 slot)
{
	/* One that stays in the ring may miss the end of file of a unix socket that comes with data
	 * (io_recv() of 7.3 asks whether there is more, and takes an end for nothing). */
	if (listen.tcp && !(list[nr % CONNS_MAX].state & STARVED)) {
		io_uring_prep_recv_multishot(sqe, slot, 0, 0, 0);
		sqe->flags = IOSQE_FIXED_FILE | IOSQE_BUFFER_SELECT;
		sqe->buf_group = buffers.group;
	} else {
		io_uring_prep_recv(sqe, slot, own.addr + nr * own.size, bs, 0);
		sqe->flags = IOSQE_FIXED_FILE;
	}
}

static __always_inline void prep_send(struct io_uring_sqe *sqe, __u32 nr, __u32 slot)
{
	__u32 first = list[nr % CONNS_MAX].first;
	struct buffer *buf = &bufs[first % BUFS_MAX];
	__u64 addr;

	if (first < OWN)
		addr = buffers.addr + first * buffers.size;
	else
		addr = own.addr + nr * own.size;
	io_uring_prep_send(sqe, slot, addr + buf->gone, buf->have - buf->gone, MSG_NOSIGNAL);
	sqe->flags = IOSQE_FIXED_FILE;
}

static __always_inline void prep_conn(struct io_uring_sqe *sqe, __u32 what, __u32 nr)
{
	__u32 slot = conns.first + nr;

	if (what == ACCEPT)
		io_uring_prep_accept_direct(sqe, listen.fd, 0, 0, 0, slot);
	else if (what == RECV)
		prep_recv(sqe, nr, slot);
	else if (what == SEND)
		prep_send(sqe, nr, slot);
	else
		io_uring_prep_close_direct(sqe, slot);
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

/*
 * A request that finds data at once, or room, before it was made to wait for that, is none that can
 * be found for some time: between two steps it gets there.
 */
static __always_inline void missed_cancel(__u32 what, __u32 nr)
{
	struct connection *conn = &list[nr % CONNS_MAX];

	if (what == RECV && conn->state & RECEIVING) {
		conn->state &= ~STOPPING;
		go_on(nr);
		missed = true;
	} else if ((what == SEND && conn->state & SENDING) ||
		   (what == ACCEPT && conn->state & ACCEPTING)) {
		submit_later(CANCEL | what | nr);
		missed = true;
	}
}

/* What no shorter way was found for. */
__noinline int took(__u64 data, __s32 res, __u32 flags, __u64 now)
{
	__u32 entry = data, what = entry & ~NR, nr = entry % CONNS_MAX;

	if (is_timer(what))
		return 0;
	if (!(flags & IORING_CQE_F_MORE))
		in_flight--;
	if (what & CANCEL) {
		if (res == -ENOENT)
			missed_cancel(what & ~CANCEL, nr);
		return 0;
	}
	if (res >= 0)
		moved_at = now;
	if (what == RECV) {
		took_recv(nr, res, flags, now);
	} else if (what == AT_ONCE) {
		bufs[(data >> 32) % BUFS_MAX].fails = false;
		keep(nr, data >> 32, true);
		took_send(nr, res, now);
	} else if (what == SEND) {
		took_send(nr, res, now);
	} else if (what == ACCEPT) {
		took_accept(nr, res, now);
	} else if (what == CLOSE) {
		took_close(nr, res);
	}
	return 0;
}

/* A step may take 20 ms: how much goes into one submission, and when none is begun any more. */
#define BATCH_MAX 32
#define BATCH_BYTES 1048576
#define STEP_NS 5000000

/* ---- Sends that do not wait ---- */

/* Buffers that are to go back, but for those of the batch, which are behind them. */
static __always_inline void give_back(struct iou_ring *ring)
{
	iou_forever {
		if (free_head == free_tail)
			break;
		iou_buf_give(ring, &buffers, free_bufs[free_head++ % BUFS_MAX]);
	}
}

static __always_inline void prep_at_once(struct io_uring_sqe *sqe, __u32 nr, __u64 data, __u64 addr,
					 __u32 size)
{
	io_uring_prep_send(sqe, conns.first + nr, addr, size,
			   MSG_NOSIGNAL | MSG_DONTWAIT | MSG_WAITALL);
	sqe->flags = IOSQE_FIXED_FILE | IOSQE_CQE_SKIP_SUCCESS;
	sqe->user_data = data;
}

/*
 * Read what is there, and put sends of what was received into the batch, until it is full, or there
 * is more of a connection that has one: the first is to be known to be over. Its buffer is put
 * where it will be given back. All else is done with while the batch is empty. How many bytes are
 * sent.
 */
static __always_inline __u64 reap(struct iou_ring *ring, __u64 now)
{
	__u32 number = ++batch, most = BATCH_MAX;
	__u16 tail = iou_buf_tail(ring, &buffers);
	__u64 before = received;

	if (count && count - answering < most)
		most = count - answering;
	iou_batch_begin(ring);
	iou_forever {
		struct io_uring_cqe *cqe = iou_cqe_peek(ring);
		struct connection *conn;
		struct io_uring_sqe *sqe;
		__u64 data, addr;
		__u32 flags, nr;
		__s32 res;

		if (!cqe)
			break;
		data = cqe->user_data;
		res = cqe->res;
		flags = cqe->flags;
		nr = data % CONNS_MAX;
		conn = &list[nr];
		if (conn->batch == number)
			break;
		if ((data & ~(__u64)NR) != RECV || res <= 0 || !(flags & IORING_CQE_F_MORE) ||
		    conn->state != RECEIVING || !most) {
			if (ring->queued)
				break;
			iou_cqe_seen(ring);
			if (flags & IORING_CQE_F_MORE)
				iou_cqe_more(ring);
			took(data, res, flags, now);
			before = received;
			break;
		}
		if (ring->queued >= most || received - before >= BATCH_BYTES)
			break;
		addr = iou_buf_put(ring, &buffers, tail + ring->queued,
				   flags >> IORING_CQE_BUFFER_SHIFT);
		if (!addr)
			break;
		sqe = iou_batch_add(ring);
		if (!sqe)
			break;
		conn->batch = number;
		prep_at_once(sqe, nr,
			     (__u64)(flags >> IORING_CQE_BUFFER_SHIFT) << 32 | AT_ONCE | nr, addr,
			     res);
		received += res;
		iou_cqe_seen(ring);
		iou_cqe_more(ring);
		iou_forget(ring->queued);
		iou_forget(ring->cq_head);
	}
	iou_cq_publish(ring);
	return received - before;
}

/* Sends of the batch that are not known to be over: @taken of @nr have been taken. */
static __noinline void settle(struct io_uring_sqe *sqes, __u32 first, __u32 taken, __u32 nr,
			      __u64 since)
{
	__u32 mask = iou_geometry.sq_entries - 1, i = 0;

	iou_forever {
		struct io_uring_sqe *sqe = &sqes[(first + i) & mask];
		__u32 buf = sqe->user_data >> 32, conn = sqe->user_data % CONNS_MAX;

		if (i >= nr)
			break;
		bufs[buf % BUFS_MAX].since = since;
		bufs[buf % BUFS_MAX].have = sqe->len;
		bufs[buf % BUFS_MAX].gone = 0;
		if (i >= taken) {
			bufs[buf % BUFS_MAX].fails = false;
			keep(conn, buf, true);
			start(conn, SENDING, SEND);
		} else if (bufs[buf % BUFS_MAX].fails) {
			/* Its CQE is to come. Nothing more is received before that. */
			list[conn].state |= SENDING;
			stop_receiving(conn);
			in_flight++;
		} else {
			sent += sqe->len;
			answered(1, bpf_ktime_get_ns() - since);
			give_later(buf);
		}
		i++;
		iou_forget(i);
	}
}

/* The sends whose CQEs are those from @from up to @to. */
static __noinline void look_for_failures(void *rings, __u32 from, __u32 to)
{
	struct io_uring_cqe *cqes = rings + iou_geometry.cqes_off;
	__u32 mask = iou_geometry.cq_entries - 1;

	iou_forever {
		__u64 data = cqes[from & mask].user_data;

		if (from == to)
			break;
		if ((data & ~NR & 0xffffffff) == AT_ONCE)
			bufs[(data >> 32) % BUFS_MAX].fails = true;
		from++;
		iou_forget(from);
	}
}

/* All of the batch is to have a CQE: there might be no room to see one of a send that fails. */
static __noinline void ask_for_cqes(struct io_uring_sqe *sqes, __u32 first, __u32 nr)
{
	__u32 mask = iou_geometry.sq_entries - 1, i = 0;

	iou_forever {
		struct io_uring_sqe *sqe = &sqes[(first + i) & mask];

		if (i >= nr)
			break;
		sqe->flags = IOSQE_FIXED_FILE;
		bufs[(sqe->user_data >> 32) % BUFS_MAX].fails = true;
		i++;
		iou_forget(i);
	}
}

/*
 * Submit the batch. Its sends do not wait, so that they are over then, and those that failed or
 * were short have a CQE behind the ones that were there before: as a rule there is none. How many
 * requests it was, and what time it is.
 */
static __always_inline __u32 flush(struct iou_ring *ring, __u64 bytes, __u64 *now)
{
	__u32 nr = ring->queued, before = iou_cq_tail(ring), after;
	__u64 since = *now;
	bool sees = iou_cq_room(ring) >= nr;
	int taken;

	if (!nr)
		return 0;
	if (!sees)
		ask_for_cqes(ring->sqes, ring->sq_tail, nr);
	answering += nr;
	moved_at = since;
	taken = iou_batch_submit(ring);
	*now = bpf_ktime_get_ns();
	after = iou_cq_tail(ring);
	if (sees && taken == (int)nr && after == before) {
		iou_silent(ring, nr);
		sent += bytes;
		answered(nr, *now - since);
		iou_buf_publish(ring, &buffers, iou_buf_tail(ring, &buffers) + nr);
		return nr;
	}
	if (taken < 0)
		taken = 0;
	if (sees) {
		look_for_failures(ring->rings, before, after);
		iou_silent(ring, taken - (after - before));
	}
	settle(ring->sqes, ring->sq_tail, taken, nr, since);
	return nr;
}

/* ---- All other requests ---- */

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

	iou_forever {
		__u64 bytes;
		int taken;

		give_back(ring);
		bytes = reap(ring, now);
		done += flush(ring, bytes, &now);
		look_around(now);
		if (missed) {
			missed = false;
			return iou_again(ring);
		}
		if (ended && !in_flight && todo_head == todo_tail)
			return end(ring);
		taken = send(ring);
		if (taken <= 0 && !in_flight && todo_head != todo_tail)
			return IOU_FAIL(ring, taken ? -taken : EIO,
					"the kernel does not take a request");
		if (taken <= 0 && !iou_cq_has(ring))
			return sleep(ring);
		if (taken > 0) {
			done += taken;
			now = bpf_ktime_get_ns();
		}
		iou_forget(done);
		if (now - begin > STEP_NS || done >= iou_control.step_budget)
			return iou_again(ring);
	}
	return iou_again(ring);
}

IOU_LOOP(echo, step, "sends back what clients send, to many at once", 64, 2 * max_conns);

static __always_inline int check(void)
{
	if (conns.nr < max_conns || own.nr < max_conns || own.size < bs)
		return IOU_REFUSE(0,
				  "'conns' and 'own' are fewer than max-conns, or smaller than bs");
	if (buffers.nr > OWN)
		return IOU_REFUSE(0, "'buffers' are more than 4096");
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
